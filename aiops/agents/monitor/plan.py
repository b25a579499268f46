"""The configuration of a slot, and the results of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from aiops.agents.monitor.extensions import Extensions, extensions_of
from aiops.model.deadletters import DeadLetter
from aiops.model.durations import SECOND
from aiops.model.entities import MAIN_DOMAIN, Edge, Objective
from aiops.model.episodes import Episode
from aiops.model.metric_semantics.table import MetricTable
from aiops.model.records import OutRecord
from aiops.settings import DataPlane, Kafka, Settings
from aiops.topic_names import Topics
from detectors.wire.batch import WireSettings
from detectors.wire.entity_names import EntityNaming
from detectors.wire.hashing import SEED


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """Identity and settings of a slot."""

    slot: int
    generation: int
    slots: int = 1
    """Number of slots, which is the number of partitions of each telemetry topic."""
    topics: Topics = field(default_factory=Topics)
    kafka: Kafka = field(default_factory=Kafka)
    data: DataPlane = field(default_factory=DataPlane)
    objectives: Mapping[str, tuple[Objective, ...]] = field(default_factory=dict)
    """Objectives by entity."""
    metrics: MetricTable = field(default_factory=MetricTable)
    """The semantics of metrics."""
    domain: str = MAIN_DOMAIN
    key: int = int(SEED)
    """Where a new slot's hashes of what senders write start; a restored slot keeps the key of its snapshot."""
    extensions: Extensions = field(default_factory=lambda: extensions_of(Settings()))
    """Formats, detectors and views."""

    @property
    def wire(self) -> WireSettings:
        """The settings of the decoders."""
        return WireSettings(
            max_record_bytes=self.kafka.max_record_bytes,
            max_unpacked_bytes=self.kafka.unpacked_bytes,
            future_ns=int(self.data.future_seconds * SECOND),
            naming=EntityNaming(self.data.entity_attributes, self.data.entity_scope),
        )

    def routed(self, topic: str) -> bool:
        """Whether records of a topic may hold entities of other slots, whatever their key is."""
        return self.slots > 1 and topic != self.topics.keyed

    def direct(self, topic: str) -> bool:
        """Whether points of a topic are decoded as the slot's own: nearly all of them are expected to be."""
        return self.slots == 1 or topic == self.topics.keyed or topic in self.topics.keyed_by_entity


def plan_of(
    settings: Settings,
    place: tuple[int, int],
    *,
    objectives: Mapping[str, tuple[Objective, ...]],
    metrics: MetricTable,
    extensions: Extensions,
    secret: bytes = b"",
) -> SlotPlan:
    """The plan of one slot, given with its generation, under the runtime's settings."""
    return SlotPlan(
        slot=place[0],
        generation=place[1],
        slots=settings.kafka.partitions,
        topics=settings.topics,
        kafka=settings.kafka,
        data=settings.data,
        objectives=objectives,
        metrics=metrics,
        domain=settings.domain,
        extensions=extensions,
        key=_key(secret, place[0]),
    )


def _key(secret: bytes, slot: int) -> int:
    """The slot's key under a secret; without one, that of hashes without a key."""
    if not secret:
        return int(SEED)
    return int.from_bytes(blake2b(slot.to_bytes(8, "little"), key=secret, digest_size=8).digest(), "little")


@dataclass(slots=True)
class Produced:
    """Results of a batch or a tick. Episodes and dead letters must be acknowledged before a snapshot is written."""

    episodes: list[Episode] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    forwards: list[OutRecord] = field(default_factory=list)
    """Records for the internal topic; they must also be acknowledged before a snapshot is written."""

    def add(self, other: Produced) -> None:
        """Append the results of another part."""
        self.episodes += other.episodes
        self.edges += other.edges
        self.dead_letters += other.dead_letters
        self.forwards += other.forwards

    def __bool__(self) -> bool:
        return bool(self.episodes or self.edges or self.dead_letters or self.forwards)
