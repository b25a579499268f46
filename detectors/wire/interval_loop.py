# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value"
# ruff: noqa: ANN001, ANN201, ANN202
# numba infers the types, and what is split into small functions with few arguments does not stay in registers.
"""From histogram and summary points to quantiles and means: one compiled pass over a poll, in input order.

A cumulative point tells what was observed since the last point of its series:

* It is the first point of the series, or not later than the last one: nothing. The latter is not remembered.
* The accumulation began anew (a later start, or a count that fell): all of it.
* The two cannot be compared (other bounds, or another form): nothing.
* Otherwise: the difference, for exponential histograms at the coarser scale and the larger zero threshold of the two.

A delta point is what was observed. From it come quantiles, where there are buckets; a mean, where there are none; and
the quantiles that a summary carries. What is not finite is left out.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.wire import histograms as h
from detectors.wire import tape as t
from detectors.wire.compiling import compiled, inner
from detectors.wire.exponential_interval import WIDEST, subtract, whole
from detectors.wire.hashing import Hashes, finish, mix
from detectors.wire.quantiles import QUANTILES, explicit_quantile, exponential_quantile

MEAN = -1.0
"""What is given in place of a quantile for a mean."""
_NOTHING, _ALL, _DIFFERENCE = range(3)
_LOW, _HIGH = QUANTILES
_OVER_LIMIT = -2


class Derived(NamedTuple):
    """Values beside the counts of observations, in input order."""

    point: npt.NDArray[np.int64]
    """Row of the data point."""
    hashes: Hashes
    """Of the series."""
    quantile: npt.NDArray[np.float64]
    """Which quantile; MEAN: the mean."""
    value: npt.NDArray[np.float64]
    work: npt.NDArray[np.int64]
    """Scratch, shape (2, WIDEST)."""
    cursor: npt.NDArray[np.int64]
    """How many are written."""


def make_derived(distributions: int, reals: int) -> Derived:
    """Room for what so many distributions with so many bounds and quantiles can give."""
    room = 2 * distributions + reals // 2 + 1
    return Derived(
        np.empty(room, np.int64),
        np.empty(room, np.uint64),
        np.empty(room, np.float64),
        np.empty(room, np.float64),
        np.empty((2, WIDEST), np.int64),
        np.zeros(1, np.int64),
    )


@inner
def _give(out, tape, point, quantile, value):
    """Writes one derived value."""
    place = out.cursor[0]
    out.point[place], out.quantile[place], out.value[place] = point, quantile, value
    out.hashes[place] = finish(mix(tape.hashes[point], np.uint64(np.float64(quantile).view(np.int64))))
    out.cursor[0] = place + 1


@inner
def _give_pair(out, tape, point, low, high):
    """Writes the median and p99, where both are finite."""
    if np.isfinite(low) and np.isfinite(high):
        _give(out, tape, point, _LOW, low)
        _give(out, tape, point, _HIGH, high)


@inner
def _explicit(kept, entry, tape, row, mode, out):
    """Quantiles of an explicit histogram with bounds."""
    found = tape.distributions[row]
    size = found[t.ABOVE]
    counts = tape.counts[found[t.COUNTS] : found[t.COUNTS] + size]
    bounds = tape.reals[found[t.REALS] : found[t.REALS] + found[t.REAL_COUNT]]
    if mode == _DIFFERENCE:
        earlier = kept.cells[kept.state[entry, h.BEGIN] : kept.state[entry, h.BEGIN] + size]
        lowest = np.int64(0)
        for place in range(size):
            added = counts[place] - earlier[place]
            out.work[0, place] = added
            lowest = min(lowest, added)
        if lowest >= 0:
            counts = out.work[0, :size]
    total = np.int64(0)
    for place in range(size):
        total += counts[place]
    if total > 0:
        low = explicit_quantile(counts, bounds, size, _LOW * total)
        high = explicit_quantile(counts, bounds, size, _HIGH * total)
        _give_pair(out, tape, found[t.POINT], low, high)


@inner
def _mean(kept, entry, tape, row, mode, out):
    """Mean of a summary, or of a histogram without bounds."""
    found = tape.distributions[row]
    point = found[t.POINT]
    total, count = t.real(found[t.SUM]), tape.value[point]
    if found[t.SHAPE] == t.SUMMARY and total == 0.0:
        return  # what is 0 is not sent: there may be no sum at all
    if mode == _DIFFERENCE and count >= kept.reals[entry, h.COUNT]:
        total, count = total - kept.reals[entry, h.SUM], count - kept.reals[entry, h.COUNT]
    if count > 0.0 and np.isfinite(total / count):
        _give(out, tape, point, MEAN, total / count)


@inner
def _exponential(kept, entry, tape, row, mode, out):
    """Quantiles of an exponential histogram."""
    if mode == _DIFFERENCE:
        side, comparable, sound = subtract(kept, entry, tape, row, out.work)
        if not comparable:
            return
        if not sound:
            side = whole(tape, row, out.work)
    else:
        side = whole(tape, row, out.work)
    total = side[2]
    for place in range(side[4]):
        total += out.work[0, place]
    for place in range(side[6]):
        total += out.work[1, place]
    if total > 0:
        low = exponential_quantile(out.work, side, _LOW * total)
        high = exponential_quantile(out.work, side, _HIGH * total)
        _give_pair(out, tape, tape.distributions[row, t.POINT], low, high)


@inner
def _mode(kept, entry, tape, row):
    """What a cumulative point of a series with an entry tells."""
    found, last = tape.distributions[row], kept.state[entry]
    start = tape.numbers[t.START, found[t.POINT]]
    if start > last[h.START] > 0:
        return _ALL
    shape = found[t.SHAPE]
    if shape != last[h.SHAPE]:
        return _NOTHING
    if shape == t.EXPLICIT and (found[t.LAYOUT] != last[h.LAYOUT] or found[t.ABOVE] != last[h.ABOVE]):
        return _NOTHING
    return _DIFFERENCE


@inner
def _remember(kept, entry, tape, row):
    """Puts a point in the place of the last one of its series."""
    found, last = tape.distributions[row], kept.state[entry]
    point = found[t.POINT]
    size = found[t.ABOVE] + found[t.BELOW]
    kept.cursor[h.LIVE] += size - last[h.ABOVE] - last[h.BELOW]
    if size > last[h.ROOM]:
        room = size if found[t.SHAPE] == t.EXPLICIT else size + size // 4  # exponential ones grow
        last[h.BEGIN], last[h.ROOM] = kept.cursor[h.FREE], room
        kept.cursor[h.FREE] += room
    begin, counts = last[h.BEGIN], found[t.COUNTS]
    for place in range(size):
        kept.cells[begin + place] = tape.counts[counts + place]
    last[h.AT], last[h.START] = tape.numbers[t.AT, point], tape.numbers[t.START, point]
    last[h.SHAPE], last[h.LAYOUT] = found[t.SHAPE], found[t.LAYOUT]
    last[h.ABOVE], last[h.BELOW] = found[t.ABOVE], found[t.BELOW]
    last[h.ZERO], last[h.FIRST], last[h.FIRST_BELOW] = found[t.ZERO], found[t.FIRST], found[t.FIRST_BELOW]
    kept.reals[entry, h.SUM], kept.reals[entry, h.COUNT] = t.real(found[t.SUM]), tape.value[point]
    kept.reals[entry, h.THRESHOLD] = t.real(found[t.THRESHOLD])


@inner
def _entered(kept, series):
    """A new entry of a series, without buckets."""
    entry = kept.cursor[h.ENTRIES]
    kept.cursor[h.ENTRIES] = entry + 1
    kept.entry_of[series], kept.series[entry] = entry, series
    for column in range(h.STATE_COLUMNS):
        kept.state[entry, column] = 0
    return entry


@inner
def _derive(kept, entry, tape, row, mode, out):
    """Everything that one point gives."""
    found = tape.distributions[row]
    if mode != _NOTHING:
        if found[t.SHAPE] == t.EXPONENTIAL:
            _exponential(kept, entry, tape, row, mode, out)
        elif found[t.SHAPE] == t.EXPLICIT and found[t.REAL_COUNT] > 0:
            _explicit(kept, entry, tape, row, mode, out)
        else:
            _mean(kept, entry, tape, row, mode, out)
    if found[t.SHAPE] == t.SUMMARY:
        begin = found[t.REALS]
        for place in range(begin, begin + found[t.REAL_COUNT], 2):
            _give(out, tape, found[t.POINT], tape.reals[place], tape.reals[place + 1])


@compiled
def derive(tape, series, kept, out):
    """Writes what the distributions on the tape give to ``out``, and remembers their last points.

    Args:
        tape: of a walk; all its records are sound.
        series: of each point, below 0 where it is not taken; set to -2 where there is no room for more buckets.
        kept: memory of the slot, with room for all points on the tape.
        out: of ``make_derived``.
    """
    for row in range(tape.cursor[t.DISTRIBUTIONS]):
        found = tape.distributions[row]
        point = found[t.POINT]
        if series[point] < 0:
            continue
        if tape.metrics[tape.numbers[t.ROW, point], t.KIND] == t.DELTA:
            _derive(kept, np.int64(0), tape, row, _ALL, out)
            continue
        entry = np.int64(kept.entry_of[series[point]])
        held = kept.state[entry, h.ABOVE] + kept.state[entry, h.BELOW] if entry >= 0 else 0
        if kept.cursor[h.LIVE] + found[t.ABOVE] + found[t.BELOW] - held > kept.most:
            series[point] = _OVER_LIMIT
            continue
        if entry < 0:
            entry = np.int64(_entered(kept, series[point]))
            _derive(kept, entry, tape, row, _NOTHING, out)
        elif tape.numbers[t.AT, point] > kept.state[entry, h.AT]:
            _derive(kept, entry, tape, row, _mode(kept, entry, tape, row), out)
        else:
            _derive(kept, entry, tape, row, _NOTHING, out)
            continue
        _remember(kept, entry, tape, row)
