# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value"
# ruff: noqa: ANN001, ANN201, ANN202
# numba infers the types.
"""The value at a quantile of bucket counts, explicit and exponential, in compiled loops.

Interpolation follows Prometheus's ``histogram_quantile``: linear inside an explicit bucket and inside the bucket at
zero, exponential inside a bucket of an exponential histogram; the open last bucket gives its lower bound. Below the
first bound Prometheus assumes 0 where that bound is positive.
"""

from __future__ import annotations

import math

import numpy as np

from detectors.wire.compiling import inner

QUANTILES = (0.5, 0.99)
"""What is kept of the shape of a distribution."""


def quantile_suffix(quantile: float) -> str:
    """``.p99`` for 0.99."""
    return f".p{100 * quantile:.6g}"


@inner
def explicit_quantile(counts, bounds, size, rank):
    """The value of that rank among the counts of ``size`` buckets between ``size - 1`` growing bounds.

    Args:
        counts: (size,) int64, none below zero.
        bounds: (size - 1,) float64, at least one.
        size: how many buckets.
        rank: a quantile times the sum of the counts, above 0.
    """
    seen = np.int64(0)
    for place in range(size):
        count = counts[place]
        if count > 0 and seen + count >= rank:
            if place == size - 1:
                return bounds[size - 2]
            upper = bounds[place]
            if place > 0:
                lower = bounds[place - 1]
            elif upper > 0.0:
                lower = 0.0
            else:
                return upper
            return lower + (upper - lower) * ((rank - seen) / count)
        seen += count
    return bounds[size - 2]


@inner
def power(scale, index):
    """Bound ``index`` at ``scale``: 2^(index * 2^-scale), infinite where it leaves the range of a double."""
    return math.pow(2.0, math.ldexp(float(index), -scale))


@inner
def _between(lower, upper, share):
    """The value at a share of a bucket of an exponential histogram."""
    if lower <= 0.0 <= upper:
        return lower + (upper - lower) * share
    if np.isinf(upper):
        return lower
    if np.isinf(lower):
        return upper
    return lower * math.pow(upper / lower, share)


@inner
def exponential_quantile(sides, side, rank):
    """The value of that rank among the buckets of an exponential histogram, negative ones first.

    Args:
        sides: (2, n) int64 counts of the buckets above and below zero, none below 0.
        side: scale, zero threshold, count at zero, and for both sides index of the first bucket and number of buckets.
        rank: a quantile times the sum of the counts, above 0.
    """
    scale, threshold, zero, above, above_size, below, below_size = side
    seen = np.int64(0)
    for back in range(below_size):
        place = below_size - 1 - back
        count = sides[1, place]
        if count > 0 and seen + count >= rank:
            lower, upper = -power(scale, below + place + 1), -power(scale, below + place)
            return _between(lower, upper, (rank - seen) / count)
        seen += count
    if zero > 0 and seen + zero >= rank:
        low = -threshold if below_size > 0 else 0.0
        high = threshold if above_size > 0 else 0.0
        return _between(low, high, (rank - seen) / zero)
    seen += zero
    for place in range(above_size):
        count = sides[0, place]
        if count > 0 and seen + count >= rank:
            lower, upper = power(scale, above + place), power(scale, above + place + 1)
            return _between(lower, upper, (rank - seen) / count)
        seen += count
    return np.nan
