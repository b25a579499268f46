"""A shard under crashes at every point: nothing lost, nothing counted twice, everything said at least once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.shard import Shard
from aiops.adapters.shard_parts import ShardParts, ShardRhythm
from aiops.model.errors import FencedOutError, PermanentError, TemporaryError
from aiops.model.ledger import LedgerLine
from aiops.model.records import Arrays, FetchedRecords, OutRecord, SlotSnapshot, TopicPartition
from aiops.model.telemetry import FleetAnswer, FleetQuestion

SLOTS = 2
RECORDS = 23


class Killed(BaseException):
    """What SIGKILL looks like from inside: nothing after it runs."""


@dataclass
class Log:
    """A broker: one topic, ``SLOTS`` partitions, and what was written to it by the shard."""

    said: list[bytes] = field(default_factory=list)
    down: int = 0

    def value(self, slot: int, offset: int) -> bytes:
        return b"%d/%d" % (slot, offset)


@dataclass
class Consumer:
    """Gives out a few records a poll."""

    log: Log
    at: dict[TopicPartition, int] = field(default_factory=dict)

    def assign(self, positions: Mapping[TopicPartition, int | None]) -> None:
        self.at = {place: offset or 0 for place, offset in positions.items()}

    def poll(self, timeout_seconds: float, max_bytes: int) -> list[FetchedRecords]:
        fetched = []
        for place, offset in self.at.items():
            offsets = list(range(offset, min(offset + 3, RECORDS)))
            if offsets:
                values = [self.log.value(place.partition, o) for o in offsets]
                fetched.append(FetchedRecords(place, offsets, values, [None] * len(offsets), [0] * len(offsets)))
                self.at[place] = offsets[-1] + 1
        return fetched

    def positions(self) -> dict[TopicPartition, int]:
        return dict(self.at)

    def bounds(self) -> dict[TopicPartition, tuple[int, int]]:
        return dict.fromkeys(self.at, (0, RECORDS))

    def lost(self) -> list[tuple[TopicPartition, int, int]]:
        return []

    def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        return

    def close(self) -> None:
        return


@dataclass
class Producer:
    """Keeps records back until they are flushed, as a real one may; a broken broker loses them."""

    log: Log
    waiting: list[bytes] = field(default_factory=list)

    def send(self, records: Iterable[OutRecord]) -> None:
        self.waiting += [record.value for record in records]

    def flush(self, timeout_seconds: float = 30.0) -> None:
        waiting, self.waiting = self.waiting, []
        if self.log.down:
            self.log.down -= 1
            raise TemporaryError("the broker is away", 0.0)
        self.log.said += waiting

    def close(self) -> None:
        return


@dataclass
class Store:
    """Snapshots in memory, with the generation check of a real one."""

    kept: dict[int, SlotSnapshot] = field(default_factory=dict)
    domains: set[str] = field(default_factory=set)
    """Domains that were asked for."""

    def write(self, snapshot: SlotSnapshot) -> None:
        known = self.kept.get(snapshot.slot)
        if known is not None and snapshot.generation < known.generation:
            raise FencedOutError("an older generation")
        self.kept[snapshot.slot] = snapshot

    def newest(self, slot: int, domain: str = "main") -> list[SlotSnapshot]:
        self.domains.add(domain)
        return [self.kept[slot]] if slot in self.kept else []


@dataclass
class Agent:
    """Counts how often it saw each offset of its slots and says every record once."""

    seen: dict[int, list[int]] = field(default_factory=dict)
    generations: dict[int, int] = field(default_factory=dict)
    made: int = 0

    def adopt(self, slot: int, generation: int, snapshots: Sequence[SlotSnapshot]) -> dict[TopicPartition, int | None]:
        self.seen[slot], self.generations[slot] = [0] * RECORDS, generation
        if not snapshots:
            return {}
        self.seen[slot] = [int(count) for count in snapshots[-1].parts["seen"]["counts"]]
        return dict(snapshots[-1].positions)

    def drop(self, slot: int) -> None:
        self.seen.pop(slot, None)

    def handle(self, batch: Sequence[FetchedRecords], received_at: int) -> list[OutRecord]:
        for records in batch:
            for offset in records.offsets:
                self.seen[records.source.partition][offset] += 1
        return [OutRecord("out", None, value) for records in batch for value in records.values]

    def set_aside(self, records: FetchedRecords, received_at: int) -> list[OutRecord]:
        for offset in records.offsets:
            self.seen[records.source.partition][offset] += 1
        return [OutRecord("dead-letters", None, b"unread " + value) for value in records.values]

    def tick(self, received_at: int, *, current: bool) -> list[OutRecord]:
        return []

    def lost(self, place: TopicPartition, from_offset: int, to_offset: int, received_at: int) -> list[OutRecord]:
        return []

    def snapshot(self, slot: int, positions: Mapping[TopicPartition, int]) -> SlotSnapshot:
        self.made += 1
        counts: Arrays = {"counts": np.array(self.seen[slot], np.int64)}
        return SlotSnapshot(slot, self.generations[slot], self.made, dict(positions), {"seen": counts})

    def snapshot_visible(self, snapshot: SlotSnapshot) -> None:
        return

    error = ""

    def ledger(self) -> list[LedgerLine]:
        return []

    def answer(self, question: FleetQuestion) -> FleetAnswer:
        return FleetAnswer(question.id, 0, ())


class Clock:
    def now(self) -> int:
        return 0


@dataclass
class Bomb:
    """Kills at the n-th fail point that is passed."""

    left: int

    def __call__(self, name: str) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed(name)


def life(log: Log, store: Store, bomb: Bomb, slots: Mapping[int, int], turns: int = 40) -> Agent:
    """One process: runs until it is killed or has nothing left to do."""
    agent = Agent()
    parts = ShardParts(Consumer(log), Producer(log), store, agent, Clock())
    rhythm = ShardRhythm(snapshot_seconds=0.0, poll_seconds=0.0)
    shard = Shard(0, parts, ["t"], rhythm=rhythm, slots=slots, fail_point=bomb)
    try:
        for _ in range(turns):
            try:
                if shard._in_doubt:
                    shard._rewind()
                shard._turn()
                if shard._writing is not None:
                    shard._writing.exception()
            except TemporaryError:
                shard._in_doubt = True
        shard._snapshot_all()
    except Killed:
        pass
    finally:
        shard._writer.shutdown()
    return agent


@given(kills=st.lists(st.integers(1, 40), max_size=5), downs=st.lists(st.integers(0, 3), max_size=5))
def test_after_any_kills_every_record_is_counted_once_and_said_at_least_once(
    kills: list[int], downs: list[int]
) -> None:
    """Crashes at batch, flush, write and visibility, with broken brokers between."""
    log, store = Log(), Store()
    slots = dict.fromkeys(range(SLOTS), 1)
    for number, kill in enumerate(kills):
        log.down = downs[number] if number < len(downs) else 0
        life(log, store, Bomb(kill), slots)
    log.down = 0
    agent = life(log, store, Bomb(0), slots)
    assert agent.seen == {slot: [1] * RECORDS for slot in range(SLOTS)}
    assert set(log.said) == {log.value(slot, offset) for slot in range(SLOTS) for offset in range(RECORDS)}


def test_slots_that_move_go_on_where_their_last_owner_stopped() -> None:
    """The old owner's snapshot is the new owner's beginning, and the old owner cannot write any more."""
    log, store = Log(), Store()
    old = Agent()
    shard = Shard(0, ShardParts(Consumer(log), Producer(log), store, old, Clock()), ["t"], slots={0: 1, 1: 1})
    shard._rewind()
    shard._turn()
    shard._own({0: 1})
    new = Agent()
    other = Shard(1, ShardParts(Consumer(log), Producer(log), store, new, Clock()), ["t"])
    other._own({1: 2})
    for _ in range(10):
        other._turn()
        shard._turn()
    assert new.seen == {1: [1] * RECORDS}
    assert old.seen == {0: [1] * RECORDS}
    with pytest.raises(FencedOutError):
        store.write(SlotSnapshot(1, 1, 99, {}, {}))


def test_a_shard_that_lost_its_slot_lets_it_go() -> None:
    """Being fenced out ends the slot here, not the shard."""
    log, store = Log(), Store()
    shard = Shard(0, ShardParts(Consumer(log), Producer(log), store, Agent(), Clock()), ["t"], slots={0: 1})
    shard._rewind()
    store.kept[0] = SlotSnapshot(0, 2, 1, {}, {})
    with pytest.raises(FencedOutError):
        shard._snapshot_all()
    shard._let_go({0})
    assert shard._parts.consumer.positions() == {}


@dataclass
class AwayStore(Store):
    """A store that refuses some writes."""

    error: Exception | None = None

    def write(self, snapshot: SlotSnapshot) -> None:
        if self.error is not None:
            raise self.error
        super().write(snapshot)


def turns(shard: Shard, count: int) -> None:
    """Turns of the loop, each after the write that the one before began."""
    for _ in range(count):
        shard._turn()
        if shard._writing is not None:
            shard._writing.exception()
    shard._publish()


@pytest.mark.parametrize("error", [TemporaryError("no answer"), PermanentError("wrong credentials")])
def test_input_is_taken_while_the_store_is_away(error: Exception) -> None:
    """A store that does not answer, or refuses, costs no state: it is told, and written to again later."""
    log, store, agent = Log(), AwayStore(), Agent()
    parts = ShardParts(Consumer(log), Producer(log), store, agent, Clock())
    shard = Shard(0, parts, ["t"], rhythm=ShardRhythm(snapshot_seconds=0.0, poll_seconds=0.0), slots={0: 1})
    shard._rewind()
    store.error = error
    turns(shard, 10)
    assert agent.seen[0] == [1] * RECORDS
    assert shard.status().error == f"no snapshots are written: {error}"
    store.error = None
    turns(shard, 4)
    assert shard.status().error == ""
    assert store.kept[0].parts["seen"]["counts"].tolist() == [1] * RECORDS
    shard._writer.shutdown()


def test_a_shard_takes_over_snapshots_of_its_own_domain() -> None:
    """Two domains may share a store: each has its own slot 0."""
    log, store = Log(), Store()
    parts = ShardParts(Consumer(log), Producer(log), store, Agent(), Clock(), domain="eu")
    Shard(0, parts, ["t"], slots={0: 1})._rewind()
    assert store.domains == {"eu"}
