from __future__ import annotations

from dataclasses import replace

import pytest

from aiops.agents.analysis import AnalysisAgent
from aiops.agents.view import AgentView
from aiops.model.codec import decode, encode
from aiops.model.diagnoses import Diagnosis, Hypothesis
from aiops.model.episodes import Episode
from aiops.model.handoffs import Diagnosed, DiagnoseRequest, Handoff, Intent, MergeProposed, Role
from aiops.model.incidents import Incident, IncidentState
from aiops.model.prose import Prose
from aiops.model.reports import Change
from aiops.settings import Settings
from tests.unit.topology.estates import SECOND, START, episode, shop

AGENT = AnalysisAgent(Settings())


def incident(name: str = "i1", *entities: str, onset: int = START) -> Incident:
    return Incident(
        id=name, state=IncidentState.DIAGNOSING, opened_at=onset, updated_at=onset, onset=onset, entities=entities,
        open_entities=entities, episodes=(), context_version=4,
    )  # fmt: skip


def view(*episodes: Episode, changes: tuple[Change, ...] = (), others: tuple[Incident, ...] = ()) -> AgentView:
    names = tuple(e.entity for e in episodes)
    return AgentView(START + 90 * SECOND, incident("i1", *names), episodes, shop(), {}, changes, others=others)


def request(intent: Intent = Intent.DIAGNOSE) -> Handoff:
    return Handoff(
        id="h1", work_item="i1", sender=Role.ORCHESTRATOR, to=Role.ANALYSIS, intent=intent, confidence=1.0,
        reasoning=(Prose("It opened. [e1]"),), evidence=("e1",), context_version=4, at=START,
        deadline_at=START + 5 * SECOND, payload=DiagnoseRequest(), cause="e1",
    )  # fmt: skip


def diagnosed(handoff: Handoff) -> Diagnosis:
    assert isinstance(handoff.payload, Diagnosed)
    return handoff.payload.diagnosis


CASCADE = (episode("web", 40), episode("checkout", 20), episode("payment", metric="memory_used"))


def test_answers_with_a_diagnosis_for_routing() -> None:
    """A request is answered with one handoff to routing that names cause, kind, impact and members."""
    (answer,) = AGENT.handle(request(), view(*CASCADE))
    found = diagnosed(answer)
    assert (answer.sender, answer.to, answer.intent) == (Role.ANALYSIS, Role.ROUTING, Intent.ROUTE)
    assert (found.hypotheses[0].entity, found.hypotheses[0].kind, found.unknown) == ("payment", "memory", False)
    assert found.members == ("payment", "checkout", "web")
    assert (found.onset, found.at, found.context_version) == (START, START + 90 * SECOND, 4)
    assert {"sales", "web"} <= {i.entity for i in found.impact}


def test_handoff_is_complete() -> None:
    """Confidence, reasoning with evidence in brackets, deadline and cause are all there."""
    (answer,) = AGENT.handle(request(), view(*CASCADE))
    assert answer.confidence == diagnosed(answer).hypotheses[0].probability > 0.5
    assert all(line.endswith("]") and "[" in line for line in answer.reasoning)
    assert f"payment@{START}" in answer.evidence
    assert (answer.cause, answer.context_version, answer.deadline_at) == ("h1", 4, START + 5 * SECOND)
    assert decode(Handoff, encode(answer)) == answer


def test_same_question_same_answer() -> None:
    """It is deterministic, whatever came before and in whatever order the episodes are."""
    first = AGENT.handle(request(), view(*CASCADE))
    AGENT.handle(request(), view(episode("db")))
    assert AGENT.handle(request(), view(*CASCADE)) == first
    assert diagnosed(AGENT.handle(request(), view(*reversed(CASCADE)))[0]).hypotheses == diagnosed(first[0]).hypotheses


def test_weak_evidence_is_unknown() -> None:
    """A faint signal is said to be unknown, with low confidence."""
    (answer,) = AGENT.handle(request(), view(episode("web", score=0.2)))
    assert diagnosed(answer).unknown
    assert answer.confidence < 0.5
    assert answer.reasoning[0].startswith("The cause is not known")


def test_no_episodes_is_unknown_and_complete() -> None:
    """Without any episode the answer is unknown, and still a handoff that nobody refuses."""
    (answer,) = AGENT.handle(request(), view())
    found = diagnosed(answer)
    assert (found.unknown, found.hypotheses, found.p_unknown) == (True, (), 1.0)
    assert answer.reasoning
    assert answer.evidence


def test_suspicious_change_is_named() -> None:
    """A deployment just before the onset on the cause is in diagnosis, kind and reasoning."""
    change = Change("c9", "payment", START - 60 * SECOND, "deploy")
    (answer,) = AGENT.handle(request(), view(episode("checkout", 10), episode("payment"), changes=(change,)))
    found = diagnosed(answer)
    assert [c.id for c in found.changes] == ["c9"]
    assert found.hypotheses[0].kind == "bad deploy"
    assert any("c9" in line for line in answer.reasoning)


def rooted(other: Incident, root: str) -> Incident:
    known = Diagnosis(other.id, 1, START, START, (Hypothesis(root, 0.9, "crash", ()),), 0.1, 0.0, (), (), unknown=False)
    return replace(other, diagnosis=known)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (rooted(incident("i2", "mobile"), "payment"), True),
        (rooted(incident("i2", "mobile"), "cache"), False),
        (incident("i2", "payment", "mobile"), True),
        (incident("i2", "mobile"), False),
        (incident("i2", "payment", onset=START - 4000 * SECOND), False),
        (rooted(incident("i1", "web"), "payment"), False),
    ],
)
def test_merge_is_proposed_for_the_same_cause(other: Incident, expected: bool) -> None:  # noqa: FBT001
    """Incidents near in time with the same root, or with the root as a member, are one."""
    answers = AGENT.handle(request(), view(*CASCADE, others=(other,)))
    proposed = [a.payload for a in answers if a.intent is Intent.MERGE]
    assert proposed == ([MergeProposed(other.id)] if expected else [])
    assert len({a.id for a in answers}) == len(answers)


def test_other_intents_are_not_its_business() -> None:
    """Anything but DIAGNOSE gets no answer."""
    assert AGENT.handle(request(Intent.READ), view(*CASCADE)) == ()
