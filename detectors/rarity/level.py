"""Level: the value against its running means at three time scales.

Three exponentially weighted means (Roberts 1959) with windows of about 8, 64 and 512 points. Each difference of
neighbouring scales is one statistic, as in a wavelet transform: the point against the fast mean, the fast against the
medium mean, the medium mean against the centre. A spike shows in the first, a shift of a few spreads in the second, a
shift of one spread or a slow ramp in the third. Each has its own usual size, so noise that is correlated in time widens
the scales on which it is large, and no other.
"""

from __future__ import annotations

from numba.extending import register_jitable

FAST_GAIN = 1 / 8
MEDIUM_GAIN = 1 / 64
CENTRE_GAIN = 1 / 512
SPREAD_GAIN = 1 / 512
FAST_SPREAD_GAIN = 1 / 2048
MEDIUM_SPREAD_GAIN = 1 / 8192
CLIP = 6.0
"""A point moves the means away from fast mean and centre by at most this many spreads."""
SPREAD_CLIP = 4.0
"""A distance counts at most this many spreads when the spread is learned (Huber)."""


@register_jitable
def clipped(value: float, middle: float, reach: float) -> float:
    """The value, at most ``reach`` from ``middle``."""
    return min(max(value, middle - reach), middle + reach)


@register_jitable
def clipped_step(residual: float, fast: float, reach: float) -> float:
    """The residual, at most ``reach`` beyond the fast mean or the centre: the way back to the centre is not clipped."""
    return min(max(residual, min(fast, 0.0) - reach), max(fast, 0.0) + reach)


@register_jitable
def spread_after(spread: float, distance: float, gain: float, floor: float) -> float:
    """The mean distance after one more ``distance``, which counts at most ``SPREAD_CLIP`` of max(spread, floor)."""
    return spread + gain * (min(distance, SPREAD_CLIP * max(spread, floor)) - spread)
