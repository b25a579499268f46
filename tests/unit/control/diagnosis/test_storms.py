"""Incidents that turn out to be one when what all need becomes hot: merged at once, or when their plans are done."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field

from aiops.control.orchestrator import Orchestrator
from aiops.control.state.invariants import membership_difference
from aiops.control.state.store import ControlState
from aiops.control.state.transaction import Writer, together
from aiops.driver.memory_journal import MemoryJournal
from aiops.model.entities import Edge, Item
from aiops.model.events import EpisodeReported, Event, ItemReported, OrchestratorStarted
from aiops.model.plans import StepOrder, StepOutcome, StepStatus
from aiops.model.prose import Prose
from tests.unit.control.fakes import SECOND, START, FakeTarget, Loop, episode, settings

STARTED = OrchestratorStarted(id="started", at=START, epoch=1, halt_generation=0, halted=False)


def item(name: str, needed: str) -> ItemReported:
    """One item and what it needs."""
    return ItemReported(id=f"i/{name}", at=START, item=Item(name), edges=(Edge(name, needed),))


def abnormal(name: str, number: int) -> EpisodeReported:
    """It is abnormal since a moment after the start."""
    at = START + number * SECOND // 500
    return EpisodeReported(id=f"e/{name}", at=at, episode=episode(name, at))


def test_a_storm_over_a_silent_hub_is_one_incident() -> None:
    """The first few stand alone until the hub is hot; then all are one, exact to the member."""
    one = Orchestrator(settings())
    one.handle(STARTED)
    for number in range(1000):
        one.handle(item(f"svc-{number}", "hub"))
    most = 0
    for number in range(1000):
        assert one.handle(abnormal(f"svc-{number}", number)).refusal is None
        most = max(most, len(one.state.live))
    assert most > 1
    assert {name: len(held) for name, held in one.state.members.items()} == {"INC-1": 1000}
    assert membership_difference(one.state) == 0
    assert one.validate() == []
    assert sum(record.handoff.intent.value == "diagnose" for record in one.state.handoffs.values()) == 1


def test_recovery_folds_the_merges_and_decides_none() -> None:
    """What the journal holds after the storm is what was decided, and loading it asks for nothing more."""
    journal = MemoryJournal()
    epoch = journal.claim("orchestrator", "here")
    one = Orchestrator(settings())
    events: list[Event] = [STARTED, *(item(f"svc-{n}", "hub") for n in range(60))]
    events += [abnormal(f"svc-{n}", n) for n in range(60)]
    journal.commit([together([one.handle(event) for event in events], Writer("main", epoch))])
    again = ControlState.load(journal.recover(), settings().control)
    assert {(k, n): d for k, n, d in again.documents()} == {(k, n): d for k, n, d in one.state.documents()}
    assert again.found_one() == []


@dataclass
class Slow(FakeTarget):
    """Effects begin and end when the test says so."""

    begun: list[StepOrder] = field(default_factory=list)

    def run(self, order: StepOrder) -> Future[StepOutcome]:
        """It has begun."""
        self.begun.append(order)
        return Future()


def test_incidents_that_act_are_merged_when_they_are_done() -> None:
    """While all act nothing is disturbed; those whose plans end are taken over by the one that still acts."""
    loop = Loop(settings(gather_seconds=1.0), target=Slow())
    target = loop.target
    assert isinstance(target, Slow)
    for number in range(18):
        loop.runtime.offer(item(f"svc-{number}", "hub"))
    loop.wait(1)
    for number in range(9):
        loop.abnormal(f"svc-{number}")
        loop.wait(0.2)
    loop.wait(3)
    assert set(loop.incidents.values()) == {"acting"}
    assert len(loop.incidents) == 8, "the ninth had begun nothing, so it was taken over at once"
    for order in target.begun[1:]:
        outcome = StepOutcome(order.capability.key, StepStatus.REFUSED, loop.at, Prose("not now"))
        loop.report(order, outcome)
    loop.wait(5)
    assert loop.incidents == {"INC-1": "acting"}
    assert len(loop.runtime.orchestrator.state.members["INC-1"]) == 9
    assert membership_difference(loop.runtime.orchestrator.state) == 0
