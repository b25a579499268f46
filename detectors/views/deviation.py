"""Robust deviation: distance to a running centre, in units of the usual distance, against the series' own tail.

``centre`` and ``spread`` are exponentially weighted means of value and absolute residual with clipped steps (Huber).
``tail`` is an asymmetric running mean (an expectile, Newey & Powell 1987) of the standardised distance: points above it
have 1,000 times the weight of points below. For normal noise it settles near 2.7 standard deviations (3.4 spreads), for
heavy tails and rare events higher. One factor over the tail is therefore equally rare for each of them.
"""

from __future__ import annotations

from numba.extending import register_jitable

CENTRE_GAIN = 1 / 32
SPREAD_GAIN = 1 / 512
TAIL_UP = 1 / 32
TAIL_LEAST = 3.0
"""In units of spread; the smallest tail, and the first guess."""
CLIP = 4.0
FACTOR = 1.7
"""The limit is this many times the tail."""


@register_jitable
def distance(residual: float, spread: float, floor: float) -> float:
    """Distance in spreads, at most 1e6; ``floor`` is the smallest spread to divide by."""
    return min(abs(residual) / max(spread, floor), 1e6)


@register_jitable
def tail_after(tail: float, seen: float, up: float, least: float) -> float:
    """The tail after a learned point at distance ``seen``; at least ``least``."""
    if seen > tail:
        return tail + up * (seen - tail)
    return max(least, tail + up * 1e-3 * (seen - tail))
