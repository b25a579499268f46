"""When the trouble began, from many series together, near a detection that comes early or late.

Each step has a sum: the logarithms of the largest deviations at that step from a reference that ends before the
earliest possible onset. The onset is the step that divides the sums best into two levels, the second the higher
(least squares, as in binary segmentation: Scott and Knott, Biometrics 1974). One noisy series moves a sum a little,
many series that begin to deviate together move it much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aiops.model.durations import SECOND
from aiops.model.series_evidence import Floats, Times
from topology.evidence.measure import LEAST_REFERENCE, Matrix, quantile, reference

LATE = 180 * SECOND
"""A detection comes at most this long after the onset, ns …"""
LATE_STEPS = 2
"""… or this many steps, whichever is more …"""
EARLY = 60 * SECOND
"""… and at most this long before it, ns."""
GUARD = 2
"""Steps between the reference and the earliest candidate."""
LARGEST = 10
"""So many of the largest deviations are added up; one series alone does not decide."""
MOST_SERIES = 400
LONGEST = 60
"""Steps after the candidates that count. Steps of the reference do not: they deviate least by construction."""
UNUSUAL = 0.95
"""A step is unusual when its sum is above this quantile of the reference's steps."""


@dataclass(frozen=True, slots=True)
class Onset:
    """The time, ns, and between which times it lies."""

    at: int
    earliest: int
    latest: int


def find_onset(times: Times, values: Matrix, detected_at: int) -> Onset:
    """The onset near a detection.

    Args:
        times: (steps,) start of each step, ns, evenly spaced.
        values: (steps, series), NaN where there is no value.
        detected_at: ns; the true onset lies up to ``LATE`` before and ``EARLY`` after it.
    """
    if len(times) < 2 or values.shape[1] == 0:
        return Onset(detected_at, detected_at, detected_at)
    step = int(times[1] - times[0])
    back = max(LATE, LATE_STEPS * step)
    low = max(int(np.searchsorted(times, detected_at - back)), LEAST_REFERENCE + GUARD)
    high = min(int(np.searchsorted(times, detected_at + EARLY, side="right")), len(times))
    if low >= high or detected_at < times[0]:
        return Onset(detected_at, detected_at - back, detected_at)
    sums = _sums(values, low)
    usual = float(np.quantile(sums[: low - GUARD], UNUSUAL))
    found = _divided(sums, low, high)
    if found is None:
        return Onset(detected_at, int(times[low]), detected_at)
    first = found
    while first > low and sums[first - 1] > usual:
        first -= 1
    return Onset(int(times[found]), int(times[first]), int(times[found]))


def _sums(values: Matrix, low: int) -> Floats:
    """(steps,) sum of the logarithms of the ``LARGEST`` deviations of each step."""
    held = reference(values[: low - GUARD])
    with np.errstate(divide="ignore", invalid="ignore"):
        away = np.log1p(np.abs(values - held.usual) / held.spread)
    away[~np.isfinite(away)] = 0.0
    if away.shape[1] > MOST_SERIES:
        after = np.sort(away[low:], axis=0)
        lasting = quantile(after, np.full(after.shape[1], len(after)), 0.75)
        away = away[:, np.argpartition(-lasting, MOST_SERIES)[:MOST_SERIES]]
    found: Floats = np.sort(away, axis=1)[:, -LARGEST:].sum(axis=1)
    return found


def _divided(sums: Floats, low: int, high: int) -> int | None:
    """The candidate that divides the sums best into a lower level and a higher one after it; None: there is none."""
    first, last = low - GUARD, min(high + LONGEST, len(sums))
    total = np.concatenate(([0.0], np.cumsum(sums[first:last])))
    at = np.arange(low, min(high, last)) - first
    at = at[(at > 0) & (at < last - first)]
    if not len(at):
        return None
    before, after = at.astype(np.float64), (last - first - at).astype(np.float64)
    rise = (total[-1] - total[at]) / after - total[at] / before
    gain = np.where(rise > 0, rise**2 * before * after / (before + after), 0.0)
    return int(at[np.argmax(gain)]) + first if float(gain.max()) > 0 else None
