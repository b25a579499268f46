"""The orchestrator's shell: what it reads, counts and commits, over a journal in memory and fakes of all else."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from queue import Empty, SimpleQueue

import pytest

from aiops.adapters.orchestration import Orchestration, OrchestrationParts
from aiops.control.orchestrator import Orchestrator
from aiops.driver.leadership import LEDGER
from aiops.driver.memory_journal import MemoryJournal
from aiops.model.codec import decode
from aiops.model.deadletters import DeadLetter
from aiops.model.effects import Effect, HandOff
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from aiops.model.events import EpisodeReported, Event
from aiops.model.journal import InboxRow, Transaction
from aiops.model.ledger import Ending, LedgerLine
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.settings import Settings

NOW = 1_800_000_000_000_000_000
PLACE = TopicPartition("aiops.anomalies", 0)
Poll = tuple[list[FetchedRecords], list[tuple[TopicPartition, int, int]]]


class Clock:
    """Stands still."""

    def now(self) -> int:
        return NOW


class Topics:
    """A consumer that polls what the test gives it."""

    def __init__(self) -> None:
        self.polls: SimpleQueue[Poll] = SimpleQueue()
        self.assigned: SimpleQueue[Mapping[TopicPartition, int | None]] = SimpleQueue()
        self._lost: list[tuple[TopicPartition, int, int]] = []

    def assign(self, positions: Mapping[TopicPartition, int | None]) -> None:
        self.assigned.put(dict(positions))

    def poll(self, timeout_seconds: float, max_bytes: int) -> list[FetchedRecords]:
        del max_bytes
        try:
            records, self._lost = self.polls.get(timeout=timeout_seconds / 10)
        except Empty:
            return []
        return records

    def positions(self) -> dict[TopicPartition, int]:
        return {}

    def bounds(self) -> dict[TopicPartition, tuple[int, int]]:
        return {}

    def lost(self) -> list[tuple[TopicPartition, int, int]]:
        lost, self._lost = self._lost, []
        return lost

    def commit(self, positions: Mapping[TopicPartition, int]) -> None: ...

    def close(self) -> None: ...


class Effects:
    """A dispatcher that only notes what was begun."""

    def __init__(self) -> None:
        self.begun: SimpleQueue[Effect] = SimpleQueue()

    def begin(self, effects: Iterable[Effect], orchestrator: Orchestrator) -> None:
        del orchestrator
        for effect in effects:
            self.begun.put(effect)

    def performed(self) -> list[str]:
        return []


class Watched(MemoryJournal):
    """Tells of every commit."""

    def __init__(self) -> None:
        super().__init__()
        self.commits: SimpleQueue[Transaction] = SimpleQueue()

    def commit(self, transactions: Sequence[Transaction]) -> int:
        number = super().commit(transactions)
        for transaction in transactions:
            self.commits.put(transaction)
        return number


def episode(name: str) -> EpisodeReported:
    """A service is abnormal."""
    signal = Signal("errors", "errors", SignalDirection.UP, Source.METRIC, NOW, 0.9, 5.0, 1.0)
    found = Episode(f"{name}@1", name, NOW, 1, 0.9, (signal,), 1, watermark=NOW)
    return EpisodeReported(id=f"told/{name}", at=NOW, episode=found)


def read(records: FetchedRecords, place: int, received_at: int) -> tuple[tuple[Event, ...], DeadLetter | None]:
    """Each record names a service."""
    del received_at
    return (episode(records.values[place].decode()),), None


class Bench:
    """One orchestration; ``again`` starts a successor on the same journal."""

    def __init__(self, journal: Watched) -> None:
        self.journal, self.topics, self.effects = journal, Topics(), Effects()
        parts = OrchestrationParts(
            journal, self.topics, self.effects, read, Clock(), lambda _: None, (PLACE,)
        )  # fmt: skip
        self.running = Orchestration(Settings(), parts, "test")
        self.running.start()

    def committed(self) -> Transaction:
        """The next commit."""
        return self.journal.commits.get(timeout=10.0)

    def line(self) -> LedgerLine:
        """The ledger of the place, as the journal has it."""
        return decode(LedgerLine, self.journal.documents(LEDGER)[f"{PLACE.topic}/{PLACE.partition}"])


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench(Watched())
    made.committed()  # it has begun its reign
    yield made
    made.running.stop()


def fetched(first: int, *names: str) -> FetchedRecords:
    """Records that name services."""
    values = [name.encode() for name in names]
    return FetchedRecords(PLACE, range(first, first + len(names)), values, [None] * len(names), [NOW] * len(names))


def test_offsets_are_committed_with_what_they_led_to(bench: Bench) -> None:
    """One transaction has the entries, the position and the ledger; a successor reads on from there."""
    assert bench.topics.assigned.get(timeout=10.0) == {PLACE: None}
    bench.topics.polls.put(([fetched(5, "cart", "web")], []))
    seen = bench.committed()
    while PLACE not in seen.positions or seen.positions[PLACE] < 7:
        seen = bench.committed()
    assert bench.journal.recover().positions == {PLACE: 7}
    assert (bench.line().records, bench.line().difference) == (2, 0)
    successor = Bench(bench.journal)
    assert successor.topics.assigned.get(timeout=10.0) == {PLACE: 7}
    successor.running.stop()


def test_what_retention_took_is_an_ending_and_an_incident(bench: Bench) -> None:
    """The range is counted as lost to retention, the position moves past it, and people hear of it."""
    bench.topics.polls.put(([fetched(0, "cart")], []))
    bench.committed()
    bench.topics.polls.put(([], [(PLACE, 1, 8)]))
    assert bench.committed().positions == {PLACE: 8}
    line = bench.line()
    assert line.endings == {Ending.APPLIED: 1, Ending.LOST_TO_RETENTION: 7}
    assert (line.difference, line.records_difference) == (0, 0)
    bodies = bench.journal.documents("episode").values()
    assert any("aiops.lost.records" in body for body in bodies)


def test_events_that_are_offered_together_are_committed_together(bench: Bench) -> None:
    """And their effects begin after the commit."""
    bench.running.offer(episode("cart"), episode("web"))
    assert [entry.event_id for entry in bench.committed().entries] == ["told/cart", "told/web"]
    effect = bench.effects.begun.get(timeout=10.0)
    while not isinstance(effect, HandOff):
        effect = bench.effects.begun.get(timeout=10.0)


def test_rows_for_others_are_passed_over(bench: Bench) -> None:
    """A wish to scale and an attempt say nothing to it, nonsense neither; a command after them is heard."""
    for number, kind in enumerate(("scale", "attempt", "command")):
        bench.journal.append(InboxRow(f"row/{number}", NOW, kind, "{}", "ann"))
    body = '{"id":"c","at":1,"command":"acknowledge","subject":"INC-9","who":"x"}'
    bench.journal.append(InboxRow("row/4", NOW, "command", body, "ann"))
    bench.running.wake()
    seen = bench.committed()
    while not seen.entries:
        seen = bench.committed()
    assert [entry.event_id for entry in seen.entries] == ["row/4"]
    assert '"who":"ann"' in seen.entries[0].event
    assert bench.journal.recover().inbox == 4


def test_a_predecessor_is_fenced_out_and_says_so(bench: Bench) -> None:
    """A successor on the same journal ends it at its next write."""
    successor = Bench(bench.journal)
    successor.committed()
    bench.running.offer(episode("cart"))
    for _ in range(200):
        if bench.running.status().over:
            break
        threading.Event().wait(0.05)
    assert bench.running.status().over
    successor.running.stop()
