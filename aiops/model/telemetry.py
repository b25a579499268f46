"""Questions to the data plane and its answers: bounded summaries of series over a window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import AliasChoices, Field

from aiops.model.entities import MAIN_DOMAIN
from aiops.model.episodes import Recovering


@dataclass(frozen=True, slots=True)
class OpeningSignal:
    """The worst signal of an episode for which an incident was opened; verification needs data on it."""

    entity: str
    series: str
    metric: str
    deviation: float
    """Distance of the signal's worst value from the normal one, in the series' unit."""


@dataclass(frozen=True, slots=True)
class FleetQuestion:
    """Asks for readings of entities over a window and a reference before it, for analysis and verification."""

    id: str
    entities: tuple[str, ...]
    from_at: int
    to_at: int
    baseline_from_at: int
    """Start of the reference before the incident, ns; the reference ends at ``baseline_to_at``."""
    baseline_to_at: int
    domain: str = MAIN_DOMAIN
    signals: tuple[OpeningSignal, ...] = ()
    """Series of these entities and metrics are listed first."""

    @property
    def wanted(self) -> frozenset[tuple[str, str]]:
        """Entity and metric of each signal."""
        return frozenset((signal.entity, signal.metric) for signal in self.signals)


@dataclass(frozen=True, slots=True)
class SeriesReading:
    """One series over the question's window beside its reference."""

    series: str
    metric: str
    mean: float
    """Mean over the window; never NaN, because a series without points is not listed."""
    last: float
    baseline_mean: float
    baseline_spread: float
    """Robust standard deviation of the reference, at least a small positive number."""
    points: int
    score: float
    """Score of the detectors at the end of the window, in [0, 1]."""
    peer: str | None = None
    detrimental: int = 0
    """+1: higher is worse (errors, latency), -1: lower is worse (availability), 0: neither or not known."""
    noticeable: Annotated[bool, Field(validation_alias=AliasChoices("noticeable", "felt"))] = True
    """The distance of ``last`` from the reference is noticeable: more than a little load, or some milliseconds."""


@dataclass(frozen=True, slots=True)
class EntityReading:
    """One entity over the window. If ``watermark`` is below the window's end, the reading is incomplete."""

    entity: str
    watermark: int
    """Event time that the source has reached, ns; 0: no data was ever received."""
    abnormal: Annotated[bool, Field(validation_alias=AliasChoices("abnormal", "unwell"))]
    """The entity has an open episode with a signal that is abnormal at this moment."""
    series: tuple[SeriesReading, ...]
    """The series of the question's signals first, then those with the largest change, at most 32."""
    recovering: Recovering = False
    """The entity has an open episode, but the last value of each of its series was normal again."""


@dataclass(frozen=True, slots=True)
class FleetAnswer:
    """Answer to a ``FleetQuestion``; unknown entities and those of shards that did not answer are missing."""

    question: str
    at: int
    readings: tuple[EntityReading, ...]
    domain: str = MAIN_DOMAIN
    mute: tuple[str, ...] = ()
    """Entities of the question that never sent telemetry: all shards answered and none knows them."""
