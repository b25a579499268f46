"""Episodes are upserts, belong to one incident each, and hostile ones leave no trace."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiops.control.orchestrator import Orchestrator
from aiops.control.state.invariants import membership_difference
from aiops.model.entities import Edge, Item
from aiops.model.episodes import Episode, Source
from aiops.model.events import (
    ChangeReported,
    EdgesObserved,
    EpisodeReported,
    HandoffAnswered,
    ItemReported,
    OrchestratorStarted,
    Tick,
)
from aiops.model.handoffs import Handoff, Intent, MergeProposed, Role
from aiops.model.ledger import Ending
from aiops.model.outcomes import OutcomeKind
from aiops.model.prose import Prose
from aiops.model.refusals import Refusal, RefusalKind
from aiops.model.reports import Change
from tests.unit.control.fakes import SECOND, START, FakeAnalysis, Loop, answer, episode, settings


class Desk:
    """An orchestrator that is told things."""

    def __init__(self) -> None:
        self.orchestrator = Orchestrator(settings())
        self.number = 0
        self.orchestrator.handle(OrchestratorStarted(id="started", at=START, epoch=1, halt_generation=0, halted=False))

    def tell(self, told: Episode, at: int = START) -> str | None:
        """Why it was refused, or None; nothing may be broken after it."""
        self.number += 1
        decision = self.orchestrator.handle(EpisodeReported(id=f"e{self.number}", at=at, episode=told))
        assert self.orchestrator.validate() == []
        return None if decision.refusal is None else decision.refusal.reason

    @property
    def members(self) -> dict[str, set[str]]:
        """Incident to members."""
        return {name: set(held) for name, held in self.orchestrator.state.members.items()}


@pytest.fixture
def desk() -> Desk:
    """A fresh one."""
    return Desk()


def needs(desk: Desk, source: str, target: str) -> None:
    """Tell that one item needs another."""
    event = ItemReported(id=f"i/{source}", at=START, item=Item(source), edges=(Edge(source, target),))
    assert desk.orchestrator.handle(event).refusal is None


def test_a_lower_revision_is_refused(desk: Desk) -> None:
    """The newest knowledge stays; the same revision twice counts once."""
    told = episode("web", START, revision=3)
    assert desk.tell(told) is None
    assert desk.tell(told) == "revision 3 is not newer than 3"
    assert desk.tell(replace(told, revision=2)) == "revision 2 is not newer than 3"
    assert desk.orchestrator.state.account.seen == 1


def test_an_overlapping_episode_is_the_same_one(desk: Desk) -> None:
    """A restarted shard tells the same trouble with another start: it is folded, also its end."""
    first = episode("web", START)
    again = episode("web", START + SECOND)
    desk.tell(first)
    assert desk.tell(again) is None
    assert list(desk.orchestrator.state.episodes) == [first.id]
    ended = replace(again, revision=2, ended_at=START + 2 * SECOND, watermark=START + 2 * SECOND)
    assert desk.tell(ended) is None
    assert desk.orchestrator.state.episodes[first.id].episode.ended_at == START + 2 * SECOND
    assert desk.orchestrator.state.incidents["INC-1"].ended_as is OutcomeKind.CLEARED
    assert membership_difference(desk.orchestrator.state) == 0


def test_an_alert_and_our_own_episode_of_one_entity_are_one_incident(desk: Desk) -> None:
    """They are two episodes of one member."""
    desk.tell(episode("web", START))
    desk.tell(replace(episode("web", START), id="fingerprint", source=Source.ALERT))
    assert desk.members == {"INC-1": {"web"}}
    assert len(desk.orchestrator.state.episodes) == 2


def test_an_older_generation_of_a_slot_is_fenced(desk: Desk) -> None:
    """What the former owner of a slot still says is refused."""
    desk.tell(replace(episode("web", START), slot=1, generation=5))
    assert desk.tell(replace(episode("db", START), slot=1, generation=4)) == "generation 4 of slot 1 is over"
    assert desk.tell(replace(episode("db", START), slot=2, generation=4)) is None


@pytest.mark.parametrize(
    "changes",
    [{"entity": ""}, {"id": ""}, {"severity": float("nan")}, {"domain": "other"}, {"signals": "bad"}],
)
def test_hostile_episodes_leave_no_trace(desk: Desk, changes: dict[str, object]) -> None:
    """Each is refused with a reason, and the state is as before."""
    told = episode("web", START)
    if "signals" in changes:
        changes = {"signals": (replace(told.signals[0], value=float("inf")),)}
    before = list(desk.orchestrator.state.documents())
    assert desk.tell(replace(told, **changes)) is not None  # type: ignore[arg-type]
    assert list(desk.orchestrator.state.documents()) == before


def test_an_episode_cannot_change_its_entity(desk: Desk) -> None:
    """An id is one entity's."""
    told = episode("web", START)
    desk.tell(told)
    assert desk.tell(replace(told, entity="db", revision=2)) is not None


def test_text_that_cannot_be_written_is_refused(desk: Desk) -> None:
    """Half a surrogate pair cannot be journalled; its record can."""
    decision = desk.orchestrator.handle(
        EpisodeReported(id="bad\ud800", at=START, episode=replace(episode("web", START), id="x\udfff"))
    )
    assert decision.refusal is not None
    (decision.entry.event + decision.entry.event_id + decision.entry.consequences).encode()


def test_neighbours_are_one_incident_and_strangers_another(desk: Desk) -> None:
    """Web needs db; mail needs nothing of theirs."""
    needs(desk, "web", "db")
    needs(desk, "mail", "smtp")
    desk.tell(episode("db", START))
    desk.tell(episode("web", START + 2 * SECOND))
    desk.tell(episode("mail", START + 3 * SECOND))
    assert desk.members == {"INC-1": {"db", "web"}, "INC-2": {"mail"}}


def test_another_domain_is_not_ours(desk: Desk) -> None:
    """Events of another domain are refused."""
    assert desk.orchestrator.handle(Tick(id="t", at=START, domain="other")).refusal is not None


def test_how_messages_end_in_the_ledger(desk: Desk) -> None:
    """Applied, duplicate, or for the dead letters."""
    change = ChangeReported(id="c", at=START, change=Change("c1", "web", START, "deploy"))
    nameless = ChangeReported(id="d", at=START, change=Change("", "web", START, "deploy"))
    endings = [desk.orchestrator.handle(event).ending for event in (change, change, nameless)]
    assert endings == [Ending.APPLIED, Ending.DUPLICATE, Ending.DEAD_LETTER]


def test_an_edge_that_is_seen_again_is_not_written_again(desk: Desk) -> None:
    """Only now and then, so that it does not age out."""
    event = EdgesObserved(id="e", at=START, edges=(Edge("web", "db", origin="spans", seen_at=START),))
    assert len(desk.orchestrator.handle(event).documents) == 1
    assert desk.orchestrator.handle(event).documents == ()
    later = replace(event, edges=(replace(event.edges[0], seen_at=START + 700 * SECOND),))
    assert len(desk.orchestrator.handle(later).documents) == 1


def test_edges_that_nobody_sees_any_more_are_forgotten(desk: Desk) -> None:
    """After a day."""
    event = EdgesObserved(id="e", at=START, edges=(Edge("web", "db", origin="spans", seen_at=START),))
    desk.orchestrator.handle(event)
    desk.orchestrator.handle(Tick(id="t", at=START + 25 * 3600 * SECOND))
    assert desk.orchestrator.state.edges == {}
    assert desk.orchestrator.state.graph(START + 26 * 3600 * SECOND).edge_count == 0


def test_a_storm_costs_little_and_is_one_incident(desk: Desk) -> None:
    """A thousand dependants of one database: one incident, exact members, one diagnosis asked, small documents."""
    count = 1000
    for number in range(count):
        needs(desk, f"svc-{number}", "db")
    state = desk.orchestrator.state
    events = [
        EpisodeReported(id=f"s{n}", at=START + n, episode=episode(name, START + n))
        for n, name in enumerate(["db", *(f"svc-{n}" for n in range(count))])
    ]
    decisions = [desk.orchestrator.handle(event) for event in events]
    assert {name: len(held) for name, held in state.members.items()} == {"INC-1": count + 1}
    assert len(state.handoffs) == 1
    assert membership_difference(state) == 0
    assert max(len(decision.documents) for decision in decisions[100:]) == 3
    assert len(state.incidents["INC-1"].entities) == 64
    view = desk.orchestrator.view_for(next(iter(state.handoffs.values())).handoff)
    assert len(view.incident.entities) == len(view.episodes) == count + 1


class Merging(FakeAnalysis):
    """Says that the second incident is part of the first."""

    def handle(self, handoff: Handoff, view: object) -> tuple[Handoff, ...]:
        """Propose the merge with every diagnosis."""
        answers = super().handle(handoff, view)  # type: ignore[arg-type]
        if handoff.work_item == "INC-2":
            answers = (*answers, answer(handoff, Role.ORCHESTRATOR, Intent.MERGE, MergeProposed("INC-1")))
        return answers


def test_incidents_that_are_one_become_one() -> None:
    """The younger's members move; it is archived as part of the older; nothing is lost or counted twice."""
    loop = Loop(settings(), analysis=Merging())
    loop.oversight.veto = {Intent.EXECUTE}
    loop.abnormal("web")
    loop.wait(1)
    loop.oversight.veto = set()
    loop.abnormal("mail")
    loop.wait(60)
    state = loop.runtime.orchestrator.state
    assert list(loop.incidents) == ["INC-1"]
    assert set(state.members["INC-1"]) == {"web", "mail"}
    assert '"merged_into":"INC-1"' in (loop.journal.document("incident", "INC-2") or "")
    assert "took over INC-2 with 1 members" in loop.story()
    assert membership_difference(state) == 0


def test_a_stopped_handoff_becomes_a_governance_incident() -> None:
    """Analysis tries to execute: it is stopped, told to a person, and nothing is done."""
    loop = Loop(settings())

    class Rogue(FakeAnalysis):
        """Skips everybody."""

        def handle(self, handoff: Handoff, view: object) -> tuple[Handoff, ...]:
            """Straight to execution."""
            (good,) = super().handle(handoff, view)  # type: ignore[arg-type]
            return (replace(good, to=Role.ORCHESTRATOR, intent=Intent.EXECUTE),)

    loop.analysis = Rogue()
    loop.start()
    loop.abnormal("web")
    loop.wait(200)
    assert loop.target.effects == {}
    assert loop.incidents == {"INC-1": "escalated", "INC-2": "escalated"}
    assert any(page.key == "INC-2/governance-analysis/0" for page in loop.target.pages)
    assert loop.runtime.orchestrator.state.work["INC-2"].topic == "governance-analysis"


def test_an_answer_to_nothing_is_refused() -> None:
    """Nobody waits for it."""
    loop = Loop(settings())
    event = HandoffAnswered(id="a", at=START, handoff="nothing", answers=())
    assert loop.runtime.orchestrator.handle(event).refusal == Refusal(
        RefusalKind.LATE, Prose("no answer to 'nothing' is expected")
    )
