"""What a slot is told when it is made, and what comes out of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiops.agents.monitor.extensions import Extensions, extensions_of
from aiops.model.deadletters import DeadLetter
from aiops.model.entities import MAIN_DOMAIN, Edge, Objective
from aiops.model.episodes import Episode
from aiops.model.metric_semantics.table import MetricTable
from aiops.model.records import OutRecord
from aiops.settings import DataPlane, Kafka, Settings, Topics
from detectors.wire.batch import WireSettings

SECOND = 1_000_000_000


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """Identity and settings of a slot."""

    slot: int
    generation: int
    slots: int = 1
    """How many slots there are: partitions of each telemetry topic."""
    topics: Topics = field(default_factory=Topics)
    kafka: Kafka = field(default_factory=Kafka)
    data: DataPlane = field(default_factory=DataPlane)
    objectives: Mapping[str, tuple[Objective, ...]] = field(default_factory=dict)
    """Objectives by entity."""
    metrics: MetricTable = field(default_factory=MetricTable)
    """What metrics mean."""
    domain: str = MAIN_DOMAIN
    extensions: Extensions = field(default_factory=lambda: extensions_of(Settings()))
    """Formats, detectors and views."""

    @property
    def wire(self) -> WireSettings:
        """What decoding accepts."""
        return WireSettings(
            max_record_bytes=self.kafka.max_record_bytes,
            future_ns=int(self.data.future_seconds * SECOND),
            entity_attributes=self.data.entity_attributes,
        )

    def routed(self, topic: str) -> bool:
        """Whether records of a topic may speak of entities of other slots."""
        return self.slots > 1 and topic != self.topics.keyed and topic not in self.topics.keyed_by_entity


def plan_of(
    settings: Settings,
    place: tuple[int, int],
    *,
    objectives: Mapping[str, tuple[Objective, ...]],
    metrics: MetricTable,
    extensions: Extensions,
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
    )


@dataclass(slots=True)
class Produced:
    """What a batch, or the passing of time, made. Episodes and dead letters must be acknowledged before a snapshot."""

    episodes: list[Episode] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    forwards: list[OutRecord] = field(default_factory=list)
    """For the internal topic; they too must be acknowledged before a snapshot."""

    def add(self, other: Produced) -> None:
        """Appends what another part made."""
        self.episodes += other.episodes
        self.edges += other.edges
        self.dead_letters += other.dead_letters
        self.forwards += other.forwards

    def __bool__(self) -> bool:
        return bool(self.episodes or self.edges or self.dead_letters or self.forwards)
