"""Incidents of the runtime itself: one for each topic while it lasts, each with a page, none with an action."""

from __future__ import annotations

from aiops.control.incident.membership import close, is_runtime
from aiops.control.incident.runtime_incidents import REPEATS, about, report_runtime_problem
from aiops.control.state.lifecycle import Trigger
from aiops.model.effects import SendPage
from aiops.model.entities import RUNTIME_ENTITY
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.prose import Prose
from tests.unit.control.drafts import Desk, effects

FULL = Prose("The disk is full.")


def test_a_problem_opens_an_incident_and_pages() -> None:
    """The page says what is wrong and which command says more."""
    desk = Desk()
    decision = desk.do(report_runtime_problem, "disk", FULL)
    (sent,) = effects(decision, SendPage)
    assert sent.key == "INC-1/disk/0"
    assert sent.page.asks == "The disk is full. Look at the runtime: `aiops doctor` says what is missing."
    assert desk.state.incidents["INC-1"].entities == (RUNTIME_ENTITY,)
    assert desk.stated("INC-1") == "escalated"
    assert is_runtime(desk.state, "INC-1")


def test_the_same_problem_is_the_same_incident() -> None:
    """It pages once, and its story tells how often it was reported."""
    desk = Desk()
    desk.do(report_runtime_problem, "disk", FULL)
    decision = desk.do(report_runtime_problem, "disk", FULL)
    assert effects(decision, SendPage) == []
    assert list(desk.state.incidents) == ["INC-1"]
    assert desk.story("INC-1").count("orchestrator: The disk is full.") == 2


def test_another_problem_is_another_incident() -> None:
    """Each has its own page."""
    desk = Desk()
    desk.do(report_runtime_problem, "disk", FULL)
    desk.do(report_runtime_problem, "broker", Prose("The broker is away."))
    assert (about(desk.state, "disk"), about(desk.state, "broker")) == ("INC-1", "INC-2")


def test_a_problem_that_never_stops_fills_no_story() -> None:
    """After some lines the incident stays as it is."""
    desk = Desk()
    for _ in range(REPEATS + 10):
        desk.do(report_runtime_problem, "disk", FULL)
    assert len(desk.story("INC-1")) == REPEATS


def test_a_problem_after_the_end_is_a_new_incident() -> None:
    """A closed one stays closed: people were told that it is over."""
    desk = Desk()
    desk.do(report_runtime_problem, "disk", FULL)
    over = IncidentOutcome(OutcomeKind.NOT_HEARD_AGAIN)
    desk.do(close, "INC-1", Trigger.DEADLINE, outcome=over)
    assert about(desk.state, "disk") is None
    decision = desk.do(report_runtime_problem, "disk", FULL)
    assert [sent.key for sent in effects(decision, SendPage)] == ["INC-2/disk/0"]


def test_nothing_is_known_of_a_topic_before_it_is_reported() -> None:
    """An incident of items is not about any topic."""
    desk = Desk()
    desk.incident("web")
    assert about(desk.state, "disk") is None
