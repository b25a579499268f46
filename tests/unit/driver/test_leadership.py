"""One epoch of one orchestrator: what it commits, in which order, and what a successor begins again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import pytest

from aiops.control.orchestrator import Orchestrator
from aiops.driver.leadership import LEDGER, Arrival, Leadership, Watch
from aiops.driver.memory_journal import MemoryJournal
from aiops.model.codec import decode, encode
from aiops.model.deadletters import DeadLetter, DeadLetterReason
from aiops.model.effects import Effect, HandOff, ObserveStep, Release, Reserve, RunStep
from aiops.model.errors import FencedOutError, TemporaryError
from aiops.model.events import CommandGiven, EpisodeReported, HaltChanged, StepReported, TimerFired
from aiops.model.journal import HaltState, InboxRow, Transaction
from aiops.model.ledger import Ending, LedgerLine
from aiops.model.plans import Reservation, StepOrder, StepOutcome, StepStatus
from aiops.model.records import TopicPartition
from aiops.ports import ORCHESTRATOR
from tests.unit.control.fakes import SECOND, START, FakeTarget, Loop, episode, settings

PLACE = TopicPartition("aiops.anomalies", 0)


@dataclass
class Begun:
    """A dispatcher that notes what was begun, and what the journal held then."""

    journal: MemoryJournal
    effects: list[Effect] = field(default_factory=list)
    outbox: list[set[str]] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def begin(self, effects: Iterable[Effect], orchestrator: Orchestrator) -> None:
        self.outbox.append({effect.key for effect in self.journal.effects()})
        self.effects += effects

    def performed(self) -> list[str]:
        done, self.done = self.done, []
        return done


class Flaky(MemoryJournal):
    """A journal that may be away."""

    down = False

    def commit(self, transactions: Sequence[Transaction]) -> int:
        if self.down:
            raise TemporaryError("the database is away")
        return super().commit(transactions)


@pytest.fixture
def journal() -> Flaky:
    return Flaky()


@pytest.fixture
def begun(journal: Flaky) -> Begun:
    return Begun(journal)


def lead(journal: MemoryJournal, begun: Begun, watch: Watch | None = None) -> Leadership:
    """A leadership that has started."""
    led = Leadership.claim(settings(), journal, begun, holder="test", watch=watch)
    led.start(START)
    return led


def abnormal(name: str) -> EpisodeReported:
    """An entity is abnormal."""
    return EpisodeReported(id=f"e/{name}", at=START, episode=episode(name, START))


def test_each_claim_is_a_new_epoch_and_says_so(journal: Flaky, begun: Begun) -> None:
    """The halt row is part of what it begins with."""
    journal.set_halt(HaltState(0, halted=True, who="ann"))
    assert [lead(journal, begun).epoch for _ in range(2)] == [1, 2]
    entries = [row.entry for row in journal.rows()]
    assert [entry.event_id for entry in entries] == ["started/1", "started/2"]
    assert all('"halt_generation":1,"halted":true' in entry.event for entry in entries)


def test_effects_begin_after_they_are_journalled(journal: Flaky, begun: Begun) -> None:
    """What is begun is in the outbox by then, whatever kills the process next."""
    led = lead(journal, begun)
    led.handle([Arrival((abnormal("web"),))])
    led.handle([Arrival((event,)) for event in timers(led, 60)])
    assert any(isinstance(effect, HandOff) for effect in begun.effects)
    assert all(effect.key in set.union(*begun.outbox) for effect in begun.effects)


def timers(led: Leadership, seconds: int) -> list[TimerFired]:
    """Timers that fire within so many seconds."""
    due = led.due(START + seconds * SECOND, 100)
    return [event for arrival in due for event in arrival.events if isinstance(event, TimerFired)]


def test_nothing_begins_that_is_not_journalled(journal: Flaky, begun: Begun) -> None:
    """A journal that is away lets nothing happen; a new claim goes on from what is in it."""
    led = lead(journal, begun)
    before = len(begun.effects)
    journal.down = True
    with pytest.raises(TemporaryError):
        led.handle([Arrival((abnormal("web"),))])
    assert len(begun.effects) == before
    journal.down = False
    again = lead(journal, begun)
    assert again.orchestrator.state.incidents == {}
    again.handle([Arrival((abnormal("web"),))])
    assert list(again.orchestrator.state.incidents) == ["INC-1"]


def test_a_newer_epoch_ends_the_older(journal: Flaky, begun: Begun) -> None:
    """It commits nothing more, and nothing of it begins."""
    old = lead(journal, begun)
    lead(journal, begun)
    begun.effects.clear()
    with pytest.raises(FencedOutError):
        old.handle([Arrival((abnormal("web"),))])
    assert begun.effects == []


def test_an_idle_group_writes_nothing_unless_effects_were_performed(journal: Flaky, begun: Begun) -> None:
    """Performed ones leave the outbox."""
    epoch = journal.claim(ORCHESTRATOR, "predecessor")
    journal.commit([Transaction("main", epoch, (), effects=(Release("release/a", "a"),))])
    led = lead(journal, begun)
    assert [effect.key for effect in begun.effects] == ["release/a"]
    rows = len(journal.rows())
    assert led.handle([]).effects_done == ()
    begun.done.append("release/a")
    assert led.handle([]).effects_done == ("release/a",)
    assert (journal.effects(), len(journal.rows())) == ((), rows)


def test_what_is_pending_is_begun_again_once_and_under_the_new_epoch(journal: Flaky, begun: Begun) -> None:
    """After what the new epoch itself asks for; a second start of nothing begins nothing."""
    epoch = journal.claim(ORCHESTRATOR, "predecessor")
    pending = (Reserve("r", Reservation("r", "INC-1", ("web",), {}, epoch, START)), Release("release/a", "a"))
    journal.commit([Transaction("main", epoch, (), effects=pending)])
    led = lead(journal, begun)
    assert [effect.key for effect in begun.effects] == ["r", "release/a"]
    assert isinstance(begun.effects[0], Reserve)
    assert begun.effects[0].reservation.epoch == led.epoch == 2


@dataclass
class Pending(FakeTarget):
    """Begins effects that never end."""

    orders: list[StepOrder] = field(default_factory=list)

    def run(self, order: StepOrder) -> Future[StepOutcome]:
        self.orders.append(order)
        return Future()


@pytest.mark.parametrize("kills", [1, 2, 3])
def test_a_step_in_doubt_is_observed_once_however_often_the_orchestrator_dies(kills: int) -> None:
    """The observation that is pending and the one that the restart asks for are one; the step never runs again."""
    target = Pending()
    loop = Loop(settings(gather_seconds=1.0), target=target)
    loop.abnormal("web")
    loop.wait(3)
    assert len(target.orders) == 1
    for _ in range(kills):
        begun = Begun(loop.journal)
        lead(loop.journal, begun)
        counts = Counter(effect.key for effect in begun.effects)
        assert counts[f"observe/{target.orders[0].capability.id}"] == 1
        assert max(counts.values()) == 1
        assert not any(isinstance(effect, RunStep) for effect in begun.effects)
        assert sum(isinstance(effect, ObserveStep) for effect in loop.journal.effects()) == 1


def test_a_look_finds_each_halt_and_each_row_once(journal: Flaky, begun: Begun) -> None:
    """Halts first; rows for others advance the inbox and say nothing."""
    led = lead(journal, begun)
    assert led.poll(START) == []
    journal.set_halt(HaltState(0, halted=True, who="ann"))
    outcome = StepOutcome("k", StepStatus.DONE, START)
    journal.append(InboxRow("attempt/c", START, "attempt", "{}", "executor"))
    journal.append(InboxRow("outcome/c", START, "outcome", encode(outcome), "executor"))
    body = '{"id":"x","at":1,"command":"acknowledge","subject":"INC-9","who":"eve"}'
    journal.append(InboxRow("command/1", START, "command", body, "ann"))
    found = led.poll(START + 1)
    halt, attempt, reported, command = (arrival.events for arrival in found)
    assert halt == (HaltChanged(id="halt/1", at=START + 1, generation=1, halted=True, who="ann"),)
    assert attempt == ()
    assert reported == (StepReported(id="outcome/c", at=START + 1, outcome=outcome),)
    assert isinstance(command[0], CommandGiven)
    assert (command[0].who, command[0].at) == ("ann", START + 1)
    assert led.poll(START + 2) == []
    led.handle(found)
    assert journal.recover().inbox == 3
    assert led.orchestrator.state.leadership.halted


def test_a_row_that_cannot_be_read_is_told_of_and_passed_over(journal: Flaky, begun: Begun) -> None:
    """It blocks nobody behind it."""
    told: list[str] = []
    led = lead(journal, begun, Watch(unreadable=lambda row, _: told.append(row.key)))
    journal.append(InboxRow("outcome/bad", START, "outcome", "{", "executor"))
    journal.append(InboxRow("outcome/c", START, "outcome", '{"key":"k","status":"done","at":1}', "executor"))
    assert [len(arrival.events) for arrival in led.poll(START)] == [0, 1]
    assert told == ["outcome/bad"]


def test_timers_are_given_out_in_order_and_once(journal: Flaky, begun: Begun) -> None:
    """At most as many as asked for, none before its time."""
    led = lead(journal, begun)
    led.handle([Arrival((abnormal(name),)) for name in ("web", "db", "cache")])
    due = sorted(row.due for row in led.orchestrator.state.timers.values())
    assert led.due(due[0] - 1, 10) == []
    given = [arrival.events[0] for _ in due for arrival in led.due(due[-1], 1)]
    assert sorted(f"timer/{name}/{row.due}" for name, row in led.orchestrator.state.timers.items()) == sorted(
        event.id for event in given
    )
    assert led.due(due[-1], 10) == []


def test_offsets_and_the_ledger_are_committed_with_what_they_led_to(journal: Flaky, begun: Begun) -> None:
    """Records, a dead letter and a loss in one group; dead letters are out before the commit."""
    steps: list[str] = []
    letter = DeadLetter(
        topic=PLACE.topic, partition=0, offset=1, reason=DeadLetterReason.UNSUPPORTED, items=1, places=(0,), at=START,
        original=b"?",
    )  # fmt: skip
    watch = Watch(
        bury=lambda letters: steps.append(f"buried {len(letters)}"),
        fail_point=steps.append,
        decided=lambda event, _: steps.append(event.id),
    )
    led = lead(journal, begun, watch)
    steps.clear()
    led.handle(
        [
            Arrival((abnormal("web"),), (PLACE, 1)),
            Arrival((), (PLACE, 2), letter),
            Arrival((), (PLACE, 9), lost_from=2),
        ]
    )
    assert steps == ["buried 1", "orchestrator.decided", "orchestrator.journalled", "e/web"]
    assert journal.recover().positions == {PLACE: 9}
    line = decode(LedgerLine, journal.documents(LEDGER)[f"{PLACE.topic}/0"])
    assert line.endings == {Ending.APPLIED: 1, Ending.DEAD_LETTER: 1, Ending.LOST_TO_RETENTION: 7}
    assert led.ledger == (line,)
    successor = lead(journal, begun)
    assert (successor.ledger, dict(successor.positions)) == ((line,), {PLACE: 9})
