"""Answers of the data plane to questions: what entities looked like, in figures small enough to carry."""

from __future__ import annotations

from dataclasses import dataclass

from aiops.model.entities import MAIN_DOMAIN


@dataclass(frozen=True, slots=True)
class FleetQuestion:
    """How did these entities do between two times: asked for analysis and verification."""

    id: str
    entities: tuple[str, ...]
    from_at: int
    to_at: int
    baseline_from_at: int
    """Start of the reference before the trouble; the reference ends at ``baseline_to_at``."""
    baseline_to_at: int
    domain: str = MAIN_DOMAIN


@dataclass(frozen=True, slots=True)
class SeriesReading:
    """One series over the question's window beside its reference."""

    series: str
    metric: str
    mean: float
    """Mean over the window; NaN is never sent: a series without points is not listed."""
    last: float
    baseline_mean: float
    baseline_spread: float
    """Robust standard deviation of the reference, at least a small positive number."""
    points: int
    score: float
    """Score of the detectors at the end of the window, in [0, 1]."""
    peer: str | None = None
    detrimental: int = 0
    """+1: higher is worse (errors, latency), -1: lower is worse (availability), 0: not known."""
    felt: bool = True
    """Anybody can feel how far ``last`` is from the reference: more than a little load, or some milliseconds."""


@dataclass(frozen=True, slots=True)
class EntityReading:
    """One entity over the window. ``watermark`` below the window's end: not known yet."""

    entity: str
    watermark: int
    """Event time the source has reached, ns; 0 when nothing was ever seen."""
    unwell: bool
    """An episode of it is open, and a signal of that is abnormal at this moment."""
    series: tuple[SeriesReading, ...]
    """The series with the largest change first, at most 32."""
    easing: bool = False
    """An episode of it is open, but the last value of each of its series was a usual one again."""


@dataclass(frozen=True, slots=True)
class FleetAnswer:
    """Answer to a ``FleetQuestion``; entities that nobody knows, and those of silent shards, are missing."""

    question: str
    at: int
    readings: tuple[EntityReading, ...]
    domain: str = MAIN_DOMAIN
    mute: tuple[str, ...] = ()
    """Entities of the question that never sent anything: every shard answered, and none knows them."""
