"""One abnormal series of an episode: how rare its worst point is, how large the change is, and what is usual."""

from __future__ import annotations

import math
from dataclasses import dataclass

_ROBUST = 1.2533
"""Mean absolute distance to standard deviation, for normal noise."""


@dataclass(frozen=True, slots=True)
class AbnormalSeries:
    """Figures at the series' worst point."""

    score: float
    """In [0, 1]."""
    view: str
    """View or detector that gave the most evidence."""
    value: float = math.nan
    expected: float = math.nan
    """In the series' own unit; NaN: not known."""
    nats: float = 0.0
    """Evidence: the negative natural logarithm of how often a healthy series shows as much; 0: not known."""
    spread: float = 0.0
    """Usual distance of a point from ``expected``; 0: the series hardly ever moved."""
    points: int = 0
    """Number of points that the reference rests on."""

    @property
    def deviations(self) -> float | None:
        """Distance from ``expected`` in standard deviations, without an upper limit; None: there is no spread."""
        if not self.spread > 0.0 or math.isnan(self.value - self.expected):
            return None
        return abs(self.value - self.expected) / (_ROBUST * self.spread)

    @property
    def times(self) -> float | None:
        """``value`` as a multiple of ``expected``; None: there is no such multiple."""
        if not self.expected or math.isnan(self.value / self.expected):
            return None
        return self.value / self.expected
