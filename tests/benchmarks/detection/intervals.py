"""Intervals of shares, rates and means."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import chi2, norm

CONFIDENCE = 0.95
Interval = tuple[float, float]


def wilson(found: int, tried: int, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval of a share (Wilson, JASA 1927)."""
    if tried == 0:
        return 0.0, 1.0
    z = float(norm.ppf(0.5 + confidence / 2))
    share, weight = found / tried, z * z / tried
    middle = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / tried + weight / (4 * tried))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def poisson(count: int, exposure: float, confidence: float = CONFIDENCE) -> Interval:
    """Exact interval of a rate from a count (Garwood, Biometrika 1936)."""
    tail = (1 - confidence) / 2
    low = float(chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    return low / exposure, float(chi2.ppf(1 - tail, 2 * count + 2)) / 2 / exposure


def bootstrap(values: Sequence[float], *, times: int, seed: int, confidence: float = CONFIDENCE) -> Interval:
    """Percentile interval of the mean over files or machines, drawn with replacement (Efron, 1979)."""
    known = np.asarray([value for value in values if math.isfinite(value)])
    if not len(known):
        return float("nan"), float("nan")
    drawn = np.random.default_rng(seed).integers(0, len(known), (times, len(known)))
    low, high = np.quantile(known[drawn].mean(axis=1), [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
