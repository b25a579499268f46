"""Range novelty: how far a value is outside the range of all values that the series remembers.

Records become rare by themselves: the n-th value is one with probability 2/n. How far they go beyond the range is a
Lomax distribution (Pareto II) with the mean that the series' own records have.
"""

from __future__ import annotations

import math

from numba.extending import register_jitable

RELAX = 2e-5
"""Share by which the range shrinks towards the centre a learned point: half in about 35,000 points."""
ALPHA = 3.0
"""Tail index of the records' sizes."""
SLACK = 8.0
"""Spreads that a range is wider than what was seen, when shares of it are taken."""
FIRST_MEAN = 0.08
LEAST_MEAN = 0.02


@register_jitable
def excess(value: float, low: float, high: float) -> float:
    """Distance outside the range; 0 inside."""
    return max(value - high, low - value, 0.0)


@register_jitable
def share(outside: float, low: float, high: float, spread: float) -> float:
    """Distance outside the range as a share of the range."""
    return outside / (high - low + SLACK * spread)


@register_jitable
def rarity(beyond: float, mean: float) -> float:
    """Nats of a record that goes ``beyond`` the range by this share, where records do so by ``mean`` on average."""
    return ALPHA * math.log(1.0 + beyond / (mean * (ALPHA - 1.0)))


@register_jitable
def mean_after(mean: float, beyond: float, points: float) -> float:
    """The mean share after one more record of a series with so many points."""
    gain = 0.5 / (8.0 + min(points, 4096.0) / 256.0)
    return max(LEAST_MEAN, mean + gain * (min(beyond, 4.0 * mean) - mean))
