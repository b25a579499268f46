"""What verification found, one finding an entity or series; text is made of it by ``remediations.verification``."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class FindingKind(StrEnum):
    """What was found."""

    STEADY = "steady"
    """The symptom is steady and no neighbour is worse."""
    UNWELL = "unwell"
    """An episode of it is open, and a signal of that is abnormal now."""
    OFF_REFERENCE = "off-reference"
    """A series is further on its bad side of the reference than a steady one."""
    HARMED_UNWELL = "harmed-unwell"
    """It was well before the action and is unwell now."""
    HARMED_SERIES = "harmed-series"
    """A series of it does clearly worse than before the action."""
    NO_READING = "no-reading"
    BEHIND = "behind"
    """Its data ends before the window does."""
    NO_DATA = "no-data"
    """It was read up to the window's end, and the window holds no points."""
    LEFT_OUT = "left-out"
    """A neighbour that never sent telemetry."""
    NOTHING_WATCHED = "nothing-watched"
    """Neither symptom, nor targets, nor neighbours send telemetry."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. Two are equal if they say the same of the same series, whatever the figures are."""

    kind: FindingKind
    entity: str = ""
    series: str = ""
    """Of ``OFF_REFERENCE`` and ``HARMED_SERIES``."""
    mean: float = field(default=0.0, compare=False)
    """Mean of the series over the window."""
    baseline_mean: float = field(default=0.0, compare=False)
    spreads: float = field(default=0.0, compare=False)
    """Robust spreads of the reference that the window is on its bad side."""
    missing_seconds: float = field(default=0.0, compare=False)
    """Of ``BEHIND``: event time between the end of the data and the end of the window."""
