"""Findings of verification, one per entity or series; ``remediations.verification`` makes text from them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class FindingKind(StrEnum):
    """Kinds of finding."""

    STEADY = "steady"
    """The symptom is steady and no neighbour is worse."""
    ABNORMAL = "unwell"
    """The value is that of version 0.1.0. The entity has an open episode with a signal that is abnormal now."""
    OFF_REFERENCE = "off-reference"
    """A series is further on its bad side of the reference than a steady one."""
    HARMED_ABNORMAL = "harmed-unwell"
    """The entity was normal before the action and is abnormal now."""
    HARMED_SERIES = "harmed-series"
    """A series of the entity is clearly worse than before the action."""
    NO_READING = "no-reading"
    BEHIND = "behind"
    """The entity's data ends before the window does."""
    NO_DATA = "no-data"
    """The source was read up to the window's end, and the window has no points of the entity."""
    NO_SIGNAL = "no-signal"
    """The window has data of the entity, but none of the signal for which the incident was opened."""
    STILL_ON_AVERAGE = "still-on-average"
    """The last value of an opening signal was normal, but its mean over the window was not."""
    LEFT_OUT = "left-out"
    """A neighbour that never sent telemetry."""
    NOTHING_WATCHED = "nothing-watched"
    """Neither symptom, nor targets, nor neighbours send telemetry."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. Two are equal if kind, entity and series are equal; figures are not compared."""

    kind: FindingKind
    entity: str = ""
    series: str = ""
    """Name of the series, with ``OFF_REFERENCE``, ``HARMED_SERIES``, ``NO_SIGNAL`` and ``STILL_ON_AVERAGE``."""
    mean: float = field(default=0.0, compare=False)
    """Mean of the series over the window."""
    baseline_mean: float = field(default=0.0, compare=False)
    spreads: float = field(default=0.0, compare=False)
    """Distance of the window from the reference on the bad side, in robust spreads of the reference."""
    missing_seconds: float = field(default=0.0, compare=False)
    """With ``BEHIND``: event time between the end of the data and the end of the window."""
