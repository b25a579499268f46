# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value"
# ruff: noqa: ANN001, ANN201, ANN202
# numba infers the types.
"""What an exponential histogram observed between two points, in compiled loops.

The difference is taken at the coarser scale of the two points. Where their zero thresholds differ, buckets that begin
below the larger one belong to the bucket at zero, in both. Counts go to an int64 array of shape (2, WIDEST): those of
the buckets above zero and of those below.
"""

from __future__ import annotations

import numpy as np

from detectors.wire import histograms as h
from detectors.wire import tape as t
from detectors.wire.compiling import inner

_FAR = 1e15
"""No bucket has an index so far from 0."""
WIDEST = 2 * t.MAX_BUCKETS
"""Two points whose buckets lie further apart are not one history."""


@inner
def _first_inside(scale, threshold):
    """Index of the first bucket at a scale that does not begin below a threshold above 0, nearly."""
    return np.int64(min(max(np.ceil(np.log2(threshold) * 2.0**scale - 1e-9), -_FAR), _FAR))


@inner
def _range(first, size, other_first, other_size):
    """The range that covers both, as first index and size; those without buckets do not count."""
    if size == 0:
        return other_first, other_size
    if other_size == 0:
        return first, size
    begin = min(first, other_first)
    return begin, max(first + size, other_first + other_size) - begin


@inner
def _add(work, begin, counts, offset, shift, sign):
    """Adds counts of buckets from ``offset`` on, merged by ``shift`` steps of the scale, to those from ``begin`` on."""
    if shift == 0:
        first = offset - begin
        for place in range(len(counts)):
            work[first + place] += sign * counts[place]
    else:
        for place in range(len(counts)):
            work[((offset + place) >> shift) - begin] += sign * counts[place]


@inner
def _shifted(offset, size, shift):
    """First index and number of the buckets after ``shift`` steps to a coarser scale."""
    if size == 0:
        return np.int64(0), np.int64(0)
    first = offset >> shift
    return first, ((offset + size - 1) >> shift) - first + 1


@inner
def _lift(work, begin, size, scale, threshold):
    """Takes out the buckets that begin below the zero threshold; their counts together."""
    last = min(_first_inside(scale, threshold) - begin, size)
    moved = np.int64(0)
    for place in range(last):
        moved += work[place]
        work[place] = 0
    return moved


@inner
def _differ(work, now, then, places):
    """Fills ``work``, whose first bucket is ``places[0]``, with later counts less earlier ones.

    The rest of ``places``: index of the first bucket and steps to the coarser scale, of later and of earlier counts.
    """
    begin, offset, shift, old, last_shift = places
    if shift | last_shift == 0 and len(now) == len(work) == len(then):  # nearly always
        for place in range(len(work)):
            work[place] = now[place] - then[place]
    else:
        for place in range(len(work)):
            work[place] = 0
        _add(work, begin, now, offset, shift, 1)
        _add(work, begin, then, old, last_shift, -1)


@inner
def subtract(kept, entry, tape, row, sides):
    """Fills ``sides`` with what was added since the last point; three things about it.

    What ``exponential_quantile`` takes, whether the two can be compared, and whether no count fell.
    """
    found, last = tape.distributions[row], kept.state[entry]
    scale = min(found[t.LAYOUT], last[h.LAYOUT])
    shift, last_shift = min(found[t.LAYOUT] - scale, 63), min(last[h.LAYOUT] - scale, 63)
    threshold, last_threshold = t.real(found[t.THRESHOLD]), kept.reals[entry, h.THRESHOLD]
    widest = max(threshold, last_threshold)
    zero = found[t.ZERO] - last[h.ZERO]
    begins, sizes = (np.int64(0), np.int64(0)), (np.int64(0), np.int64(0))
    sound = True
    counts, cells = found[t.COUNTS], last[h.BEGIN]
    for side in range(2):
        size, offset = (found[t.ABOVE], found[t.FIRST]) if side == 0 else (found[t.BELOW], found[t.FIRST_BELOW])
        old_size, old = (last[h.ABOVE], last[h.FIRST]) if side == 0 else (last[h.BELOW], last[h.FIRST_BELOW])
        first, span = _shifted(offset, size, shift)
        old_first, old_span = _shifted(old, old_size, last_shift)
        begin, span = _range(first, span, old_first, old_span)
        if span > WIDEST:
            return (scale, widest, zero, np.int64(0), np.int64(0), np.int64(0), np.int64(0)), False, False
        work, now, then = sides[side, :span], tape.counts[counts : counts + size], kept.cells[cells : cells + old_size]
        _differ(work, now, then, (begin, offset, shift, old, last_shift))
        if threshold != last_threshold:
            zero += _lift(work, begin, span, scale, widest)
        lowest = np.int64(0)
        for place in range(span):
            lowest = min(lowest, work[place])
        sound = sound and lowest >= 0
        begins, sizes = (begin, begins[0]), (span, sizes[0])  # the last side first
        counts += size
        cells += old_size
    side = (scale, widest, zero, begins[1], sizes[1], begins[0], sizes[0])
    return side, True, sound and zero >= 0


@inner
def whole(tape, row, work):
    """Fills ``work`` with the counts of the point itself; what ``exponential_quantile`` takes."""
    found = tape.distributions[row]
    begin, above, below = found[t.COUNTS], found[t.ABOVE], found[t.BELOW]
    for place in range(above):
        work[0, place] = tape.counts[begin + place]
    for place in range(below):
        work[1, place] = tape.counts[begin + above + place]
    threshold = t.real(found[t.THRESHOLD])
    return found[t.LAYOUT], threshold, found[t.ZERO], found[t.FIRST], above, found[t.FIRST_BELOW], below
