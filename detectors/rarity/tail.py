"""The tail of a statistic: how rare a value above a high threshold is on this series, learned online.

Peaks over a threshold (Pickands 1975; as an online detector: Siffer et al., SPOT, KDD 2017). A tail is three numbers of
the row: the *limit*, which clusters of exceedances pass at a fixed rate; the *reach*, the mean logarithm of a
cluster's peak over the limit (Hill's estimator); and the *peak* of the present cluster, 0 outside one. One cluster is
one sample, however long it lasts, so slow charts are calibrated like fast ones.

``rarity`` is the negative natural logarithm of the probability that an exceedance is as large as ``ratio`` times the
limit. Its shape follows from the reach: at 0.12 and below the tail is that of a normal distribution, at 0.21 that of an
exponential, from 0.30 on that of a power law (Pareto). A heavy tail is thus never taken for a light one.
"""

from __future__ import annotations

import math

import numpy as np
from numba.extending import register_jitable

from detectors.bank.layout import Record

LIMIT, REACH, PEAK = 0, 1, 2
"""Places of the numbers of a tail."""
SIZE = 3
MOST = 40.0
"""Largest rarity of one statistic, in nats."""
PRIOR = 12.0
"""Clusters that the first guess of a tail counts for."""
SLOWEST = 1 / 64
"""Least weight of the newest cluster in the reach."""
STEP = 0.02
"""Least relative step of the limit at the end of a cluster."""
_EAGER = 0.6
"""Relative step of the limit for each weight of a cluster, while a series is young."""
_POWER, _NORMAL, _LEAST_REACH = 0.30, 0.09, 0.05
_CUT, _UNCUT = 2.5, 1.09
"""A peak counts at most ``_CUT`` reaches, so one fault teaches little; the mean is corrected for the cut."""


@register_jitable
def rarity(ratio: float, reach: float) -> float:
    """Nats of an exceedance of ``ratio`` > 1 times the limit; at most ``MOST``."""
    log_ratio = math.log(ratio)
    shape = min(max((_POWER - reach) / _NORMAL, 0.0), 2.0)
    nats = log_ratio / reach
    if shape > 0.05:
        nats = math.expm1(min(shape * log_ratio, 20.0)) / (shape * reach)
    return min(nats, MOST)


@register_jitable
def note(row: Record, base: int, ratio: float) -> None:
    """Stores the peak of a cluster; ``ratio`` > 1 is the statistic over its limit."""
    if ratio > np.float64(row["tails"][base + PEAK]):
        row["tails"][base + PEAK] = ratio


@register_jitable
def gain_of(points: float, rate: float) -> float:
    """Weight of one cluster of a series with so many points."""
    return 1.0 / (PRIOR + points * rate)


@register_jitable
def learn(row: Record, base: int, rate: float, least: float) -> None:
    """Learns a point inside its limit, which ends a cluster.

    ``rate``: clusters a point that pass the limit. ``least``: smallest limit.
    """
    limit, peak = np.float64(row["tails"][base + LIMIT]), np.float64(row["tails"][base + PEAK])
    points = np.float64(row["n"])
    if peak > 0.0:
        gain = gain_of(points, rate)
        reach = np.float64(row["tails"][base + REACH])
        seen = _UNCUT * min(math.log(max(peak, 1.0)), _CUT * reach)
        row["tails"][base + REACH] = max(_LEAST_REACH, reach + max(SLOWEST, gain) * (seen - reach))
        row["tails"][base + LIMIT] = limit * (1.0 + max(STEP, _EAGER * gain))
        row["tails"][base + PEAK] = 0.0
        return
    step = STEP if points * rate > _EAGER / STEP else max(STEP, _EAGER * gain_of(points, rate))
    row["tails"][base + LIMIT] = max(least, limit * (1.0 - step * rate))
