"""What the story is told of diagnoses: each finding once, until another one comes between."""

from __future__ import annotations

from dataclasses import replace

from aiops.agents.view import AgentView
from aiops.control.state.documents import NamedCause, named
from aiops.model.diagnoses import Diagnosis, Hypothesis
from aiops.model.handoffs import Diagnosed, Handoff
from tests.unit.control.fakes import FakeAnalysis, Loop, settings

SAME = [0.901, 0.902, 0.899]
"""Probabilities that people read as 90 %."""


class Unsteady(FakeAnalysis):
    """Sure of one cause, a little more or less each time."""

    def __init__(self, probabilities: list[float]) -> None:
        super().__init__()
        self.probabilities = probabilities
        self.asked = 0

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        """As its parent, with the next probability."""
        (answer,) = super().handle(handoff, view)
        assert isinstance(answer.payload, Diagnosed)
        found = answer.payload.diagnosis
        now = self.probabilities[min(self.asked, len(self.probabilities) - 1)]
        self.asked += 1
        first = replace(found.hypotheses[0], probability=now)
        found = replace(found, hypotheses=(first,), p_unknown=1 - now, p_rest=0.0)
        return (replace(answer, payload=Diagnosed(found)),)


def findings(probabilities: list[float]) -> int:
    """Lines that name the probable cause, when plans do not help and it is diagnosed several times."""
    analysis = Unsteady(probabilities)
    loop = Loop(settings(max_attempts=3), analysis=analysis)
    loop.target.heals = False
    loop.abnormal("web")
    loop.wait(600)
    assert analysis.asked >= 3
    return loop.story().count("probable cause")


def test_the_same_finding_is_told_once() -> None:
    """However many lines are between, and whatever the digits are that nobody sees."""
    assert findings(SAME) == 1


def test_another_finding_is_told() -> None:
    """Also the first one, when it comes back."""
    assert findings([0.9, 0.8, 0.9]) == 3


def test_what_is_named_is_what_people_read() -> None:
    """Entity, kind, percent, and whether it is sure enough to act."""
    first = Hypothesis("web", 0.9004, "crash", ())
    diagnosis = Diagnosis("INC-1", 1, 0, 0, (first,), 0.0, 0.0996, impact=(), changes=(), unknown=False)
    assert named(diagnosis) == NamedCause("web", "crash", 90, unknown=False)
    assert named(replace(diagnosis, hypotheses=(), unknown=True)) == NamedCause("", "", 0, unknown=True)
