from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from aiops.adapters.control_topics import Reading, TopicsThread
from aiops.driver.leadership import Arrival
from aiops.model.deadletters import DeadLetter, DeadLetterReason
from aiops.model.entities import RUNTIME_ENTITY
from aiops.model.errors import TemporaryError
from aiops.model.events import EpisodeReported, Event, Tick
from aiops.model.records import FetchedRecords, TopicPartition
from tests.unit.adapters.paging.fakes import FixedClock

PLACE = TopicPartition("aiops.changes", 0)
Poll = list[FetchedRecords] | TemporaryError | Callable[[], None]


def records(*values: bytes, first: int = 10) -> FetchedRecords:
    """Records of one partition from this offset."""
    count = len(values)
    return FetchedRecords(PLACE, range(first, first + count), values, (None,) * count, (0,) * count)


class Consumer:
    """Plays a script of polls, and stops the thread at its end."""

    def __init__(self, stopping: threading.Event, *script: Poll) -> None:
        self.stopping, self.script = stopping, list(script)
        self.assigned: list[dict[TopicPartition, int | None]] = []
        self.gone: list[tuple[TopicPartition, int, int]] = []
        self.refuse_assign: list[TemporaryError] = []

    def assign(self, positions: Mapping[TopicPartition, int | None]) -> None:
        if self.refuse_assign:
            raise self.refuse_assign.pop(0)
        self.assigned.append(dict(positions))

    def poll(self, timeout_seconds: float, max_bytes: int) -> list[FetchedRecords]:
        if not self.script:
            self.stopping.set()
            return []
        step = self.script.pop(0)
        if isinstance(step, TemporaryError):
            raise step
        if callable(step):
            step()
            return []
        return step

    def positions(self) -> dict[TopicPartition, int]:
        return {PLACE: 99}

    def bounds(self) -> dict[TopicPartition, tuple[int, int]]:
        return {}

    def lost(self) -> list[tuple[TopicPartition, int, int]]:
        gone, self.gone = self.gone, []
        return gone

    def commit(self, positions: Mapping[TopicPartition, int]) -> None: ...

    def close(self) -> None: ...


def meaning(records: FetchedRecords, place: int, received_at: int) -> tuple[tuple[Event, ...], DeadLetter | None]:
    """A tick named like the value; ``bad`` is a dead letter."""
    value = records.values[place]
    if value == b"bad":
        letter = DeadLetter("t", 0, records.offsets[place], DeadLetterReason.UNDECODABLE, 1, (0,), 0, value)
        return (), letter
    return (Tick(id=value.decode(), at=received_at),), None


class Bench:
    """A thread's work, done in the test's own: what it put, and the consumer behind it."""

    def __init__(self, *script: Poll) -> None:
        self.stopping = threading.Event()
        self.consumer = Consumer(self.stopping, *script)
        self.thread = TopicsThread(self.consumer, meaning, FixedClock(77), domain="shop")
        self.put: list[Arrival] = []

    def run(self, reading: Reading | None = None) -> list[Arrival]:
        """Read until the script ends."""
        self.thread.read(reading or Reading(1, {PLACE: 10}))
        self.thread.run(self.put.append, self.stopping)
        return self.put


def test_each_record_arrives_with_the_offset_after_it() -> None:
    """Its events, the next offset to read, and the epoch under which it was read."""
    found = Bench([records(b"a", b"b")], []).run()
    assert [(a.events[0].id, a.events[0].at, a.position, a.epoch) for a in found] == [
        ("a", 77, (PLACE, 11), 1),
        ("b", 77, (PLACE, 12), 1),
    ]


def test_reading_begins_where_the_journal_was() -> None:
    """The positions of the reading are assigned once, also over many polls."""
    bench = Bench([], [], [])
    bench.run(Reading(4, {PLACE: None}))
    assert bench.consumer.assigned == [{PLACE: None}]


def test_a_record_that_cannot_be_used_still_moves_on() -> None:
    """The dead letter arrives with the position, so that both are committed together."""
    (found,) = Bench([records(b"bad")]).run()
    assert (found.events, found.position) == ((), (PLACE, 11))
    assert found.buried is not None
    assert found.buried.offset == 10


def test_an_error_that_may_pass_is_waited_out_and_nothing_is_skipped() -> None:
    """The consumer is assigned again where it was, and reads on."""
    bench = Bench([records(b"a")], TemporaryError("broker gone", 0.0), [records(b"b", first=11)])
    assert [a.events[0].id for a in bench.run()] == ["a", "b"]
    assert bench.consumer.assigned == [{PLACE: 10}, {PLACE: 99}]


def test_a_first_assignment_that_fails_is_tried_again_with_its_positions() -> None:
    """The consumer has no positions yet: those of the reading count."""
    bench = Bench([records(b"a")])
    bench.consumer.refuse_assign = [TemporaryError("not yet", 0.0), TemporaryError("not yet", 0.0)]
    assert len(bench.run()) == 1
    assert bench.consumer.assigned == [{PLACE: 10}]


def test_a_new_epoch_reads_from_its_own_positions() -> None:
    """After the journal was claimed again, later arrivals carry the new epoch."""
    bench = Bench([records(b"a")])
    bench.consumer.script += [lambda: bench.thread.read(Reading(2, {PLACE: 5})), [records(b"b", first=5)]]
    found = bench.run()
    assert [(a.events[0].id, a.epoch) for a in found] == [("a", 1), ("b", 2)]
    assert bench.consumer.assigned == [{PLACE: 10}, {PLACE: 5}]


def test_what_retention_removed_is_an_incident_of_the_runtime() -> None:
    """Offsets 10 to 14 are gone: one episode of the runtime with their count, and the position after them."""
    bench = Bench([records(b"a", first=15)])
    bench.consumer.gone = [(PLACE, 10, 15)]
    gone, read = bench.run()
    assert (gone.position, gone.lost_from, gone.epoch) == ((PLACE, 15), 10, 1)
    (event,) = gone.events
    assert isinstance(event, EpisodeReported)
    assert (event.episode.entity, event.episode.domain, event.at) == (RUNTIME_ENTITY, "shop", 77)
    assert event.episode.signals[0].value == 5.0
    assert read.position == (PLACE, 16)


def test_a_loss_has_one_identity() -> None:
    """The same range read again gives the same event, which the orchestrator takes once."""
    names = []
    for _ in range(2):
        bench = Bench([])
        bench.consumer.gone = [(PLACE, 10, 15)]
        names.append(bench.run()[0].events[0].id)
    assert names[0] == names[1] == f"lost/{RUNTIME_ENTITY}@10-15/aiops.changes/0"


def test_nothing_is_read_before_a_reading_is_given() -> None:
    """Without an epoch the consumer is left alone."""

    class Third(threading.Event):
        """Set when it is looked at the third time."""

        looks = 0

        def is_set(self) -> bool:
            self.looks += 1
            return self.looks > 2

    bench = Bench([records(b"a")])
    bench.thread._changed.set()  # so that nothing waits
    bench.thread.run(bench.put.append, Third())
    assert (bench.put, bench.consumer.assigned) == ([], [])
