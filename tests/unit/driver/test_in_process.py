"""The loop in virtual time: when things happen, and that the same world gives the same journal."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field, replace

import pytest

from aiops.driver.agenda import Agenda
from aiops.driver.gate import GRACE
from aiops.driver.in_process import INBOX_SECONDS
from aiops.driver.leadership import Arrival
from aiops.model.effects import RunStep
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.events import Event, HaltChanged, StepObserved, StepReported, Tick
from aiops.model.journal import HaltState
from aiops.model.pages import Delivery, Page
from aiops.model.plans import StepOrder, StepOutcome, StepStatus
from tests.unit.control.fakes import SECOND, START, FakeTarget, Loop, settings


@dataclass
class Slow(FakeTarget):
    """Begins effects that end when the test says so."""

    running: list[tuple[StepOrder, Future[StepOutcome]]] = field(default_factory=list)

    def run(self, order: StepOrder) -> Future[StepOutcome]:
        super().run(order)
        ends: Future[StepOutcome] = Future()
        self.running.append((order, ends))
        return ends


def heard(loop: Loop) -> list[tuple[float, Event]]:
    """Every event that the loop decides from now on, with the seconds since the start."""
    events: list[tuple[float, Event]] = []
    loop.runtime.on_decision = lambda event, _: events.append(((loop.runtime.now - START) / SECOND, event))
    return events


def of(events: list[tuple[float, Event]], kind: type[Event]) -> list[tuple[float, Event]]:
    return [(at, event) for at, event in events if isinstance(event, kind)]


def test_items_come_up_in_order_and_time_never_goes_back() -> None:
    """Those of one moment in the order in which they were put down; what is past comes up now."""
    agenda, seen = Agenda(10), list[str]()
    for at, name in ((30, "c"), (20, "a"), (20, "b"), (5, "past")):
        agenda.put(at, lambda name=name: seen.append(name))  # type: ignore[misc]
    while (due := agenda.next()) is not None:
        agenda.move_on(due)
        item = agenda.pop()
        assert not isinstance(item, Arrival)
        item()
    assert seen == ["past", "a", "b", "c"]
    agenda.move_on(3)
    assert agenda.now() == 30


def test_the_same_world_gives_the_same_journal() -> None:
    """Byte for byte, with kills at the same moments."""

    def digest() -> str:
        loop = Loop(settings())
        for name in ("web", "db"):
            loop.abnormal(name)
            loop.wait(7)
            loop.start()
        loop.wait(400)
        return loop.journal.rows(limit=100_000)[-1].digest

    assert digest() == digest()


def test_events_of_the_future_wait_for_their_time() -> None:
    """And those of the past come now."""
    loop = Loop(settings())
    events = heard(loop)
    for name, at in (("later", START + 9 * SECOND), ("past", START - 9 * SECOND)):
        loop.runtime.offer(Tick(id=name, at=at))
    loop.wait(5)
    assert [(at, event.id) for at, event in of(events, Tick)] == [(0.0, "past")]
    loop.wait(5)
    assert [(at, event.id) for at, event in of(events, Tick)] == [(0.0, "past"), (9.0, "later")]


def test_an_effect_takes_as_long_as_the_world_says() -> None:
    """Its outcome is heard of at its own time, through the inbox as well as by the answer, and counts once."""
    loop = Loop(settings(gather_seconds=1.0), target=Slow())
    target = loop.target
    assert isinstance(target, Slow)
    events = heard(loop)
    loop.abnormal("web")
    loop.wait(5)
    ((order, ends),) = target.running
    assert of(events, StepReported) == []
    at = loop.at + 3 * SECOND
    ends.set_result(StepOutcome(order.capability.key, StepStatus.DONE, at))
    assert not loop.journal.has(f"outcome/{order.capability.id}"), "it has not ended yet"
    loop.wait(10)
    assert [when for when, _ in of(events, StepReported)] == [(at - START) / SECOND] * 2
    assert sum("restart web: done" in line for line in loop.story().splitlines()) == 1


@pytest.mark.parametrize("error", [TemporaryError("lost"), RuntimeError("a bug")])
def test_an_executor_that_loses_an_effect_leaves_it_in_doubt_and_it_is_not_repeated(error: Exception) -> None:
    """The effect happened, and its future fails: the target is asked."""
    loop = Loop(settings(gather_seconds=1.0), target=Slow())
    target = loop.target
    assert isinstance(target, Slow)
    loop.abnormal("web")
    loop.wait(5)
    target.running[0][1].set_exception(error)
    loop.wait(120)
    assert loop.incidents == {"INC-1": "resolved"}
    assert list(target.effects.values()) == [1]


def test_a_step_in_doubt_after_a_kill_is_observed_when_it_cannot_happen_any_more() -> None:
    """Not before its deadline and a moment: the executor may be alive while the orchestrator was not."""
    loop = Loop(settings(gather_seconds=1.0), target=Slow())
    target = loop.target
    assert isinstance(target, Slow)
    loop.abnormal("web")
    loop.wait(5)
    ((order, _),) = target.running
    loop.start()
    events = heard(loop)
    loop.wait(60)
    ((when, seen),) = of(events, StepObserved)
    assert isinstance(seen, StepObserved)
    assert START + round(when * SECOND) >= order.deadline_at + GRACE
    assert len(target.running) == 1
    loop.wait(60)
    assert loop.incidents == {"INC-1": "resolved"}


def test_a_halt_that_somebody_else_wrote_is_heard_of_with_the_next_event() -> None:
    """It need not be told; the row is looked at a few times a second while anything goes on."""
    loop = Loop(settings())
    events = heard(loop)
    loop.journal.set_halt(HaltState(0, halted=True, who="ann"))
    loop.runtime.offer(Tick(id="a", at=START + SECOND))
    loop.wait(2)
    ((when, changed),) = of(events, HaltChanged)
    assert isinstance(changed, HaltChanged)
    assert (when, changed.who) == (1.0, "ann")
    loop.journal.set_halt(HaltState(0, halted=False, who="bob"))
    loop.runtime.offer(Tick(id="b", at=loop.runtime.now))
    loop.runtime.wake()
    assert [event.who for _, event in of(events, HaltChanged) if isinstance(event, HaltChanged)] == ["ann", "bob"]
    assert INBOX_SECONDS < 1.0


def test_a_command_takes_effect_at_once() -> None:
    """Halt and its row in one."""
    loop = Loop(settings())
    events = heard(loop)
    loop.runtime.command("halt", "", "ann")
    assert [event.type for _, event in events] == ["halt", "command"]
    assert loop.journal.halt_state().halted


def test_without_an_executor_every_order_is_refused_and_a_person_hears_of_it() -> None:
    """As with ``acting.executors`` unset in production."""
    loop = Loop(settings())
    world_without = replace(loop.world(), executors={})
    loop.start(world_without)
    loop.abnormal("web")
    loop.wait(120)
    assert loop.incidents == {"INC-1": "escalated"}
    assert "no executor is set for restart: see acting.executors in aiops.yaml" in loop.story()
    assert loop.target.pages


class Broken(FakeTarget):
    """A channel that raises."""

    def send(self, page: Page) -> Delivery:
        raise PermanentError("no such number")


def test_a_channel_that_raises_goes_to_the_next_level() -> None:
    """The page's failure is an event like any other."""
    loop = Loop(settings(), target=Broken(heals=False))
    loop.abnormal("web")
    loop.wait(400)
    records = loop.runtime.orchestrator.state.pages.values()
    assert {record.page.level for record in records} >= {0, 1}
    assert not any(record.delivered for record in records)


def test_what_is_told_late_of_a_killed_executor_is_heard_of_by_the_successor() -> None:
    """Through whatever way the word comes; it counts once."""
    loop = Loop(settings(gather_seconds=1.0), target=Slow())
    target = loop.target
    assert isinstance(target, Slow)
    loop.abnormal("web")
    loop.wait(5)
    ((order, _),) = target.running
    loop.start()
    for _ in range(2):
        loop.report(order, StepOutcome(order.capability.key, StepStatus.DONE, loop.at))
    loop.wait(60)
    assert loop.incidents == {"INC-1": "resolved"}
    assert not any(isinstance(effect, RunStep) for effect in loop.journal.effects())
