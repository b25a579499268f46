"""Parts of a shard, its interface to the monitoring agent, and its status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aiops.adapters.attempts import Attempts, NoAttempts
from aiops.adapters.followed_topics import FollowedTopics, UnfollowedTopics
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.ledger import LedgerLine
from aiops.model.records import FetchedRecords, OutRecord, SlotSnapshot, TopicPartition
from aiops.model.telemetry import FleetAnswer, FleetQuestion
from aiops.ports import Clock, Producer, SnapshotStore, TelemetryConsumer


class Monitoring(Protocol):
    """The monitoring agent as a shard uses it. One thread calls everything except ``answer``."""

    def adopt(self, slot: int, generation: int, snapshots: Sequence[SlotSnapshot]) -> dict[TopicPartition, int | None]:
        """Take a slot over; returns the next offset of each partition, None: from the beginning."""
        ...

    def drop(self, slot: int) -> None:
        """Forget a slot. An unknown slot is not an error."""
        ...

    def handle(self, batch: Sequence[FetchedRecords], received_at: int) -> Sequence[OutRecord]:
        """Process records; returns the records to write."""
        ...

    def set_aside(self, records: FetchedRecords, received_at: int) -> Sequence[OutRecord]:
        """Turn records into dead letters unread: a shard died of them. Returns the records to write."""
        ...

    def tick(self, received_at: int, *, current: bool) -> Sequence[OutRecord]:
        """Advance time; returns the records to write. ``current``: lag is known and small."""
        ...

    def lost(self, place: TopicPartition, from_offset: int, to_offset: int, *, received_at: int) -> Sequence[OutRecord]:
        """Retention removed these offsets before they were read."""
        ...

    def snapshot(self, slot: int, positions: Mapping[TopicPartition, int]) -> SlotSnapshot:
        """State of one slot, full or changes only; copied from the live arrays."""
        ...

    def snapshot_visible(self, snapshot: SlotSnapshot) -> None:
        """The store has the snapshot: the next one may contain changes only."""
        ...

    @property
    def error(self) -> str:
        """Error of a plug-in; empty: none."""
        ...

    def ledger(self) -> list[LedgerLine]:
        """Counts of each partition of the owned slots."""
        ...

    def skews(self) -> Mapping[str, float]:
        """Clock skew of the worst senders, seconds."""
        ...

    def answer(self, question: FleetQuestion) -> FleetAnswer:
        """Readings of the agent's entities; called from another thread."""
        ...


@dataclass(frozen=True, slots=True)
class ShardStatus:
    """Status of a shard; immutable, read by other threads."""

    shard: int
    alive_at: int = 0
    slots: Mapping[int, int] = field(default_factory=dict)
    """Owned slots to the generation of their assignment."""
    lag: Mapping[str, int] = field(default_factory=dict)
    """``topic/partition`` to lag in records."""
    bounds: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    ledger: tuple[LedgerLine, ...] = ()
    records: int = 0
    """Records read since the start of the process."""
    snapshots: int = 0
    skews: Mapping[str, float] = field(default_factory=dict)
    """Clock skew that is subtracted, seconds, of the senders where it is largest; above 0: the clock is behind."""
    error: str = ""
    origins: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """``topic/partition`` to the id of its topic, and the shift between the broker's offsets and those here."""


@dataclass(frozen=True, slots=True)
class ShardParts:
    """Parts of a shard."""

    consumer: TelemetryConsumer
    producer: Producer
    store: SnapshotStore
    agent: Monitoring
    clock: Clock
    topics: FollowedTopics = field(default_factory=UnfollowedTopics)
    attempts: Attempts = field(default_factory=NoAttempts)
    """Notes what the shard is processing, for its next process."""
    domain: str = MAIN_DOMAIN
    """The tenant whose snapshots the shard takes over."""


@dataclass(frozen=True, slots=True)
class ShardRhythm:
    """Intervals (seconds) and poll size (bytes) of a shard."""

    snapshot_seconds: float = 10.0
    poll_seconds: float = 0.1
    poll_bytes: int = 8 * 1024 * 1024
    tick_seconds: float = 1.0
