"""Episodes: one growing record per anomaly of an entity, aggregated by the data plane from many points.

An episode is an upsert keyed by (domain, entity, opened_at): a lower revision is ignored, an overlapping one is the
same episode. ``aiops.anomalies`` carries them keyed by entity.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import AliasChoices, Field

from aiops.model.entities import MAIN_DOMAIN

Recovering = Annotated[bool, Field(validation_alias=AliasChoices("recovering", "easing"), serialization_alias="easing")]
"""Type of the field that documents and CloudEvents call ``easing``; both names are read."""


class Source(StrEnum):
    """Kind of input in which an episode's signals were found."""

    METRIC = "metric"
    LOG = "log"
    SPAN = "span"
    ALERT = "alert"
    TICKET = "ticket"
    RUNTIME = "runtime"


class SignalDirection(StrEnum):
    """The direction in which a signal left its normal range."""

    UP = "up"
    DOWN = "down"
    NEW = "new"
    SILENT = "silent"
    SHAPE = "shape"


@dataclass(frozen=True, slots=True)
class Signal:
    """One abnormal series of an entity."""

    series: str
    """Metric name with its attributes, as people read it: ``http.server.errors{route=/pay}``."""
    metric: str
    direction: SignalDirection
    source: Source
    since: int
    """Time of the first abnormal point, ns."""
    score: float
    """Highest score of the episode so far, in [0, 1]."""
    value: float
    """The value at the highest score."""
    expected: float
    """The normal value before ``since``."""
    peer: str | None = None
    """The other entity, for a series about calls between two entities."""
    detector: str = "bank"
    """Name of the detector or view that raised the signal."""
    ended_at: int | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """A period in which an entity is abnormal; ``ended_at`` None: it is still open."""

    id: str
    """Stable: ``entity@opened_at`` with the time in base 36; an alert's fingerprint."""
    entity: str
    opened_at: int
    revision: int
    severity: float
    """Worst score over its signals, in [0, 1]."""
    signals: tuple[Signal, ...]
    """At most 16 signals, the worst first; ``signals_total`` counts all."""
    signals_total: int
    watermark: int
    """Event time up to which the source had been read when this revision was written, ns."""
    ended_at: int | None = None
    source: Source = Source.METRIC
    slot: int = 0
    generation: int = 0
    """Generation of the slot's assignment; an episode of an older generation is refused."""
    breaches_objective: bool = False
    """A signal with a service-level objective burns its error budget."""
    domain: str = MAIN_DOMAIN
    recovering: Recovering = False
    """Still open, but the last value of each of its series was normal; the episode ends if that lasts."""
