"""What a shard is made of, what it needs of the monitoring agent, and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from aiops.model.ledger import LedgerLine
from aiops.model.records import FetchedRecords, OutRecord, SlotSnapshot, TopicPartition
from aiops.model.telemetry import FleetAnswer, FleetQuestion
from aiops.ports import Clock, Producer, SnapshotStore, TelemetryConsumer


class Monitoring(Protocol):
    """What a shard needs of the monitoring agent; everything but ``answer`` is called by one thread."""

    def adopt(self, slot: int, generation: int, snapshots: Sequence[SlotSnapshot]) -> dict[TopicPartition, int | None]:
        """Take a slot over; returns where to read on."""
        ...

    def drop(self, slot: int) -> None:
        """Forget a slot; one that is not there is no error."""
        ...

    def handle(self, batch: Sequence[FetchedRecords], received_at: int) -> Sequence[OutRecord]:
        """Digest records; returns what is to be written out."""
        ...

    def tick(self, received_at: int, *, current: bool) -> Sequence[OutRecord]:
        """Time passed; ``current``: lag is known and small, so silence may be judged."""
        ...

    def lost(self, place: TopicPartition, from_offset: int, to_offset: int, *, received_at: int) -> Sequence[OutRecord]:
        """Retention removed these offsets before they were read."""
        ...

    def snapshot(self, slot: int, positions: Mapping[TopicPartition, int]) -> SlotSnapshot:
        """State of one slot, full or what changed; cheap, copied out of the live arrays."""
        ...

    def snapshot_visible(self, snapshot: SlotSnapshot) -> None:
        """The store has it: the next one may add to it."""
        ...

    @property
    def trouble(self) -> str:
        """What a plug-in did wrong, for people; empty: nothing."""
        ...

    def ledger(self) -> list[LedgerLine]:
        """Counts of each partition of the owned slots."""
        ...

    def answer(self, question: FleetQuestion) -> FleetAnswer:
        """Asked from another thread."""
        ...


@dataclass(frozen=True, slots=True)
class ShardStatus:
    """What a shard says of itself; an immutable view that other threads read."""

    shard: int
    alive_at: int = 0
    slots: Mapping[int, int] = field(default_factory=dict)
    """Owned slots to the generation of their assignment."""
    lag: Mapping[str, int] = field(default_factory=dict)
    """``topic/partition`` to records behind."""
    bounds: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    ledger: tuple[LedgerLine, ...] = ()
    records: int = 0
    """Since this process began."""
    snapshots: int = 0
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class ShardParts:
    """What a shard is made of."""

    consumer: TelemetryConsumer
    producer: Producer
    store: SnapshotStore
    agent: Monitoring
    clock: Clock


@dataclass(frozen=True, slots=True)
class ShardRhythm:
    """How often it does what, seconds."""

    snapshot_seconds: float = 10.0
    poll_seconds: float = 0.1
    poll_bytes: int = 8 * 1024 * 1024
    tick_seconds: float = 1.0
