"""When the trouble began, from many series together, near a detection that comes early or late.

Steps shorter than ``COARSE`` show the change itself: of all candidate onsets, the latest whose split into before and
after is nearly as clear as the clearest. At longer steps few candidates are left, and that rule is fooled by a single
noisy step: there the onset is the first step of the unusual stretch that reaches the detection.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aiops.model.durations import SECOND
from aiops.model.series_evidence import Floats, Times
from topology.evidence.measure import LEAST_REFERENCE, Matrix, quantile, reference

COARSE = 30 * SECOND
"""From this step on, ns, the rule for coarse steps applies."""
LATE = 180 * SECOND
"""A detection comes at most this long after the onset, ns …"""
LATE_STEPS = 2
"""… or this many steps, whichever is more …"""
EARLY = 60 * SECOND
"""… and at most this long before it, ns."""
GUARD = 2
"""Steps between the reference and a candidate onset."""
LARGEST = 10
"""So many of the largest deviations are added up; one series alone does not decide."""
NEAR_BEST = 0.03
"""A candidate within this share of the best is as good; the latest of them is the onset."""
MOST_CANDIDATES = 60
MOST_SERIES = 400
UNUSUAL = 0.95
"""A step is unusual when its sum is above this quantile of the reference's steps, and nearer to the largest sum around
the detection than to their median."""


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
    if low >= high:
        return Onset(detected_at, detected_at - back, detected_at)
    chosen = _most_moved(values, low)
    if step >= COARSE:
        return _first_unusual(times, chosen, range(low, high), detected=detected_at)
    return _latest_clear(times, chosen, range(low, high))


def _most_moved(values: Matrix, low: int) -> Matrix:
    """At most ``MOST_SERIES`` columns, those that moved most after ``low``."""
    if values.shape[1] <= MOST_SERIES:
        return values
    held = reference(values[: low - GUARD])
    worst = np.nan_to_num(_extreme(values[low:], held.usual, held.spread))
    return values[:, np.sort(np.argpartition(-worst, MOST_SERIES)[:MOST_SERIES])]


def _extreme(after: Matrix, usual: Floats, spread: Floats) -> Floats:
    """(series,) the 0.75 quantile of absolute deviations: lasting, but not in all of the window."""
    with np.errstate(divide="ignore", invalid="ignore"):
        away = np.abs(after - usual) / spread
    away[~np.isfinite(away)] = np.nan
    ordered = np.sort(away, axis=0)
    return quantile(ordered, np.isfinite(ordered).sum(axis=0), 0.75)


def _clearness(before: Matrix, after: Matrix) -> float:
    held = reference(before)
    away = np.sort(np.nan_to_num(_extreme(after, held.usual, held.spread)))[-LARGEST:]
    return float(np.log1p(away).sum())


def _latest_clear(times: Times, values: Matrix, among: range) -> Onset:
    stride = max(len(among) // MOST_CANDIDATES, 1)
    rough = {at: _clearness(values[: at - GUARD], values[at:]) for at in among[::stride]}
    best = max(rough, key=lambda at: rough[at])
    fine = range(max(best - 2 * stride, among.start), min(best + 2 * stride + 1, among.stop))
    clear = rough | {at: _clearness(values[: at - GUARD], values[at:]) for at in fine}
    top = max(clear.values())
    near = sorted(at for at, how in clear.items() if how >= (1.0 - NEAR_BEST) * top)
    found = near[-1]
    return Onset(int(times[found]), int(times[near[0]]), int(times[found]))


def _first_unusual(times: Times, values: Matrix, among: range, *, detected: int) -> Onset:
    before = values[: among.start - GUARD + 1]
    held = reference(before)
    with np.errstate(divide="ignore", invalid="ignore"):
        away = np.log1p(np.abs(values - held.usual) / held.spread)
    away[~np.isfinite(away)] = 0.0
    summed = np.sort(away, axis=1)[:, -LARGEST:].sum(axis=1)
    null = summed[: len(before)]
    half = (float(np.median(null)) + float(summed[among.start : among.stop].max())) / 2.0
    usual = max(float(np.quantile(null, UNUSUAL)), half)
    end = min(int(np.searchsorted(times, detected, side="right")) - 1, among.stop - 1)
    odd = [at for at in among if summed[at] > usual]
    if not odd:
        at = int(times[max(end, among.start)])
        return Onset(at, int(times[among.start]), at)
    # the stretch that is unusual at the detection, or else the first one after it
    found = next((at for at in odd if at >= end), odd[-1])
    while found - 1 in odd:
        found -= 1
    return Onset(int(times[found]), int(times[among.start]), int(times[found]))
