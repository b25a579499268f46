"""Episodes: what the data plane says of an entity, folded from many points to one growing record.

An episode is an upsert keyed by (domain, entity, opened_at): a lower revision is ignored, an overlapping one is the
same episode. ``aiops.anomalies`` carries them keyed by entity.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aiops.model.entities import MAIN_DOMAIN


class Source(StrEnum):
    """Where an episode's signals were seen."""

    METRIC = "metric"
    LOG = "log"
    SPAN = "span"
    ALERT = "alert"
    TICKET = "ticket"
    RUNTIME = "runtime"


class SignalDirection(StrEnum):
    """Which way a signal left its normal range."""

    UP = "up"
    DOWN = "down"
    NEW = "new"
    SILENT = "silent"
    SHAPE = "shape"


@dataclass(frozen=True, slots=True)
class Signal:
    """One series of an entity that is not as usual."""

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
    """The value at that score."""
    expected: float
    """What was usual before ``since``."""
    peer: str | None = None
    """The other end, for a figure about a call."""
    detector: str = "bank"
    """Which view raised it."""
    ended_at: int | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """An entity is unwell (``ended_at`` is None), or was."""

    id: str
    """Stable: ``entity@opened_at`` in base 36 of the time; alerts use their fingerprint."""
    entity: str
    opened_at: int
    revision: int
    severity: float
    """Worst score over its signals, in [0, 1]."""
    signals: tuple[Signal, ...]
    """The worst first, at most 16; ``signals_total`` counts all."""
    signals_total: int
    watermark: int
    """Event time up to which the source was known when this revision was written, ns."""
    ended_at: int | None = None
    source: Source = Source.METRIC
    slot: int = 0
    generation: int = 0
    """Generation of the slot's assignment; an older one is refused."""
    breaches_objective: bool = False
    """A signal that carries an objective burns its budget."""
    domain: str = MAIN_DOMAIN
    easing: bool = False
    """Still open, but the last value of each of its series was a usual one: it ends if that lasts."""
