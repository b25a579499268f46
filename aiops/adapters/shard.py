"""A shard: one consumer, one monitoring agent, their slots, and the thread that drives them.

A kill loses nothing because of this order: the broker acknowledges the agent's output (episodes, edges, dead letters,
forwards); then the slot's snapshot becomes visible; then offsets are committed, for display only. After a kill in
between, the shard reads again from the snapshot's positions and writes the same output with the same keys.

This class does not depend on Ray or Kafka.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from queue import Empty, SimpleQueue

import structlog

from aiops.adapters.followed_topics import of_slot, shown
from aiops.adapters.process_end import end_process
from aiops.adapters.record_batches import Pace, batches
from aiops.adapters.record_processing import process
from aiops.adapters.shard_parts import ShardParts, ShardRhythm, ShardStatus
from aiops.model.errors import AiopsError, FencedOutError, PermanentError, TemporaryError
from aiops.model.records import SlotSnapshot, TopicPartition
from aiops.model.telemetry import FleetAnswer, FleetQuestion

_LOG = structlog.get_logger(__name__)
_BOUNDS_SECONDS = 2.0
_STUCK_SECONDS = 5.0
_LAG_SMALL = 64
"""Largest lag of a partition, in records, at which the shard counts as current."""


class Shard:
    """Drives the agent in its own thread. Call ``start`` once, and ``own`` whenever slots move.

    Args:
        number: the shard's number.
        parts: its consumer, producer, store, agent and clock.
        topics: telemetry topics; a slot is one partition of each.
        rhythm: intervals.
        slots: slots owned from the start (slot to generation), as after a crash.
        fail_point: called with a name at points where tests kill the process.
        end: ends the process after an unexpected error, so that the supervisor replaces it.
    """

    def __init__(
        self,
        number: int,
        parts: ShardParts,
        topics: Sequence[str],
        *,
        rhythm: ShardRhythm | None = None,
        slots: Mapping[int, int] | None = None,
        fail_point: Callable[[str], None] = lambda _: None,
        end: Callable[[], None] = end_process,
    ) -> None:
        self._number, self._topics = number, tuple(topics)
        self._parts, self._rhythm, self._fail_point, self._end = parts, rhythm or ShardRhythm(), fail_point, end
        self._orders: SimpleQueue[tuple[Callable[[], None], Future[None]]] = SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"shard-{number}", daemon=True)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix=f"shard-{number}-snapshots")
        self._writing: Future[SlotSnapshot] | None = None
        self._slots: dict[int, int] = dict(slots or {})
        self._status = ShardStatus(number)
        self._pace = Pace()
        self._due: list[int] = []
        self._records = self._snapshots = 0
        self._next_snapshot = self._next_tick = self._next_bounds = 0.0
        self._current, self._in_doubt, self._unwritten = False, bool(self._slots), ""

    # ------------------------------------------------------------------------------------ from other threads

    def start(self) -> None:
        """Begin to poll."""
        self._thread.start()

    def own(self, slots: Mapping[int, int], timeout_seconds: float = 60.0) -> None:
        """Own exactly ``slots`` (slot to generation): snapshot and release others, take over new ones."""
        self._order(lambda: self._own(dict(slots)), timeout_seconds)

    def stop(self, timeout_seconds: float = 30.0) -> None:
        """Snapshot all slots and end the thread."""
        if self._thread.is_alive() and not self._stopping.is_set():
            self._order(self._snapshot_all, timeout_seconds)
        self._stopping.set()
        self._thread.join(timeout_seconds)

    def status(self) -> ShardStatus:
        """The last published status."""
        return self._status

    def ask(self, question: FleetQuestion) -> FleetAnswer:
        """Readings of this shard's entities."""
        return self._parts.agent.answer(question)

    def _order(self, work: Callable[[], None], timeout_seconds: float) -> None:
        done: Future[None] = Future()
        self._orders.put((work, done))
        done.result(timeout_seconds)

    # ------------------------------------------------------------------------------------------ its own thread

    def _run(self) -> None:
        try:
            self._drive()
        except BaseException:  # the state may be half changed, and nobody else would notice the thread's end
            try:
                _LOG.critical("shard_failed", shard=self._number, exc_info=True)
            finally:
                self._end()
            raise

    def _drive(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._in_doubt:
                    self._rewind()
                self._obey()
                self._turn()
            except FencedOutError as error:
                _LOG.warning("slots_lost", shard=self._number, reason=str(error))
                self._let_go(set(self._slots))
            except TemporaryError as error:
                self._publish(error=str(error))
                _LOG.warning("shard_waits", shard=self._number, reason=str(error), seconds=error.delay_seconds)
                self._in_doubt, self._current = True, False
                self._stopping.wait(error.delay_seconds)
            except PermanentError as error:
                # A person must act. Until then the shard reports the error and retries.
                self._publish(error=str(error))
                _LOG.error("shard_stuck", shard=self._number, reason=str(error))
                self._in_doubt, self._current = True, False
                self._stopping.wait(_STUCK_SECONDS)
        self._writer.shutdown(wait=True)

    def _obey(self) -> None:
        while True:
            try:
                work, done = self._orders.get_nowait()
            except Empty:
                return
            try:
                work()
            except AiopsError as error:
                done.set_exception(error)
            else:
                done.set_result(None)

    def _turn(self) -> None:
        now = time.monotonic()
        fetched = self._parts.consumer.poll(self._rhythm.poll_seconds, self._rhythm.poll_bytes)
        self._account_lost()
        for batch, size in batches(fetched, self._pace):
            begun = time.thread_time()
            for records in batch:
                process(records, self._parts)
            self._pace.learn(batch[0].source.topic, size, time.thread_time() - begun)
            self._records += sum(len(records.offsets) for records in batch)
            self._fail_point("shard.batch")
        if now >= self._next_bounds:
            self._next_bounds = now + _BOUNDS_SECONDS
            self._look_at_bounds()
        if now >= self._next_tick:
            self._next_tick = now + self._rhythm.tick_seconds
            self._parts.producer.send(self._parts.agent.tick(self._parts.clock.now(), current=self._current))
            self._publish()
        self._snapshot_when_due(now)

    def _account_lost(self) -> None:
        for place, from_offset, to_offset in self._parts.consumer.lost():
            output = self._parts.agent.lost(place, from_offset, to_offset, received_at=self._parts.clock.now())
            self._parts.producer.send(output)

    def _look_at_bounds(self) -> None:
        bounds, positions = self._parts.consumer.bounds(), self._parts.consumer.positions()
        lag = {f"{p.topic}/{p.partition}": max(0, end - positions[p]) for p, (_, end) in bounds.items()}
        self._current = bool(lag) and all(behind <= _LAG_SMALL for behind in lag.values())
        self._status = replace(self._status, lag=lag, bounds={f"{p.topic}/{p.partition}": b for p, b in bounds.items()})

    def _publish(self, error: str = "") -> None:
        self._status = replace(
            self._status,
            alive_at=self._parts.clock.now(),
            slots={} if self._in_doubt else dict(self._slots),
            ledger=tuple(self._parts.agent.ledger()),
            records=self._records,
            snapshots=self._snapshots,
            skews=self._parts.agent.skews(),
            error=error or self._unwritten or self._parts.topics.error or self._parts.agent.error,
            origins=shown(self._parts.topics.origins),
        )

    # --------------------------------------------------------------------------------------- slots and snapshots

    def _own(self, wanted: Mapping[int, int]) -> None:
        leaving = {slot for slot, generation in self._slots.items() if wanted.get(slot) != generation}
        if leaving:
            self._snapshot_now(sorted(leaving))
            self._let_go(leaving)
        positions: dict[TopicPartition, int | None] = dict(self._parts.consumer.positions())
        coming = {slot: generation for slot, generation in wanted.items() if slot not in self._slots}
        for slot, generation in sorted(coming.items()):
            positions |= self._adopt(slot, generation)
        if coming:
            self._parts.consumer.assign(positions)
            self._snapshot_now(sorted(coming))  # tells the store the generation: older owners are refused
        self._publish()

    def _adopt(self, slot: int, generation: int) -> dict[TopicPartition, int | None]:
        snapshots = self._parts.store.newest(slot, self._parts.domain)
        if snapshots:
            self._parts.topics.recall(snapshots[-1].origins)
        known = self._parts.agent.adopt(slot, generation, snapshots)
        self._slots[slot] = generation
        self._parts.attempts.adopt(slot)
        return {TopicPartition(topic, slot): None for topic in self._topics} | known

    def _let_go(self, slots: set[int]) -> None:
        for slot in slots:
            self._parts.agent.drop(slot)
            del self._slots[slot]
        keep = {place: at for place, at in self._parts.consumer.positions().items() if place.partition in self._slots}
        self._parts.consumer.assign(keep)
        self._due = [slot for slot in self._due if slot in self._slots]

    def _rewind(self) -> None:
        """Some output may be unwritten: return to the last snapshots and produce it again."""
        if self._writing is not None:
            self._writing.exception()
            self._writing = None
        self._due = []
        positions: dict[TopicPartition, int | None] = {}
        for slot, generation in list(self._slots.items()):
            self._parts.agent.drop(slot)
            positions |= self._adopt(slot, generation)
        self._parts.consumer.assign(positions)
        self._in_doubt = False
        self._next_snapshot = 0.0  # soon: it tells the store the generation

    def _snapshot_when_due(self, now: float) -> None:
        if self._writing is not None:
            if not self._writing.done():
                return
            self._finish_or_postpone(now)
        if not self._due and now >= self._next_snapshot:
            self._next_snapshot = now + self._rhythm.snapshot_seconds
            self._due = sorted(self._slots)
        if self._due:
            self._begin_writing(self._due.pop(0))

    def _begin_writing(self, slot: int) -> None:
        self._parts.producer.flush()
        self._fail_point("shard.flushed")
        mine = {p: at for p, at in self._parts.consumer.positions().items() if p.partition == slot}
        snapshot = replace(self._parts.agent.snapshot(slot, mine), origins=of_slot(self._parts.topics.origins, slot))
        self._writing = self._writer.submit(self._write, snapshot)

    def _write(self, snapshot: SlotSnapshot) -> SlotSnapshot:
        self._fail_point("shard.snapshot")
        self._parts.store.write(snapshot)
        return snapshot

    def _finish_writing(self) -> None:
        assert self._writing is not None
        writing, self._writing = self._writing, None
        snapshot = writing.result()
        self._fail_point("shard.visible")
        self._snapshots += 1
        self._unwritten = ""
        self._parts.agent.snapshot_visible(snapshot)
        self._parts.attempts.passed(snapshot.slot, snapshot.positions)
        self._parts.consumer.commit(snapshot.positions)

    def _finish_or_postpone(self, now: float) -> None:
        """Input is taken while the store is away: only a crash would need the snapshot, and then reads more again."""
        try:
            self._finish_writing()
        except FencedOutError:
            raise
        except (TemporaryError, PermanentError) as error:
            if not self._unwritten:
                _LOG.error("snapshots_fail", shard=self._number, reason=str(error))
            self._unwritten = f"no snapshots are written: {error}"
            self._due, self._next_snapshot = [], now + self._rhythm.snapshot_seconds

    def _snapshot_now(self, slots: Sequence[int]) -> None:
        if self._writing is not None:
            self._finish_writing()
        for slot in slots:
            self._begin_writing(slot)
            self._finish_writing()

    def _snapshot_all(self) -> None:
        self._snapshot_now(sorted(self._slots))
        self._publish()
