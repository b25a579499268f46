# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value,call-arg,var-annotated,unreachable"
# ruff: noqa: ANN001, ANN201, ANN202
# numba infers the types.
"""The part of the compiled walk that reads buckets, bounds and quantiles into the flat arrays of the tape.

A fault is the position in ``REASONS`` of what is wrong with the data point, SOUND where nothing is, and UNREADABLE
where the bytes are not as every exporter writes them, so that the record is foreign.
"""

from __future__ import annotations

import numpy as np

from detectors.wire import tape as t
from detectors.wire.compiling import inner
from detectors.wire.hashing import SEED, finish, load64, mix_range

SOUND, UNREADABLE = -1, -2


@inner
def _same(buffer, first, second, size):
    """Whether two ranges of ``size`` bytes, which 8 divides, hold the same."""
    difference = np.uint64(0)
    for step in range(0, size, 8):
        difference |= load64(buffer, first + step) ^ load64(buffer, second + step)
    return difference == np.uint64(0)


@inner
def _take_bounds(buffer, position, end, tape, row):
    """Packed bounds of an explicit histogram to ``reals`` and LAYOUT; a fault or SOUND."""
    found = tape.distributions
    if row > 0 and found[row - 1, t.SHAPE] == t.EXPLICIT:
        begin, size = found[row - 1, t.BOUNDS], found[row - 1, t.BOUNDS_END] - found[row - 1, t.BOUNDS]
        if size == end - position and _same(buffer, position, begin, size):
            for column in (t.REALS, t.REAL_COUNT, t.LAYOUT):
                found[row, column] = found[row - 1, column]
            return SOUND
    first = tape.cursor[t.FILLED_REALS]
    size = (end - position) >> 3
    lowest = -np.inf
    for place in range(size):
        bound = t.real(load64(buffer, position + 8 * place))
        if not (bound > lowest and bound < np.inf):
            return t.SCHEMA_MISMATCH
        tape.reals[first + place] = bound
        lowest = bound
    found[row, t.REALS], found[row, t.REAL_COUNT] = first, size
    found[row, t.LAYOUT] = np.int64(finish(mix_range(SEED, buffer, position, end)))
    tape.cursor[t.FILLED_REALS] = first + size
    return SOUND


@inner
def take_explicit(buffer, ranges, tape, row):
    """Counts and bounds of an explicit histogram; a fault or SOUND."""
    counts, counts_end, bounds, bounds_end = ranges
    size, bound_size = (counts_end - counts) >> 3, (bounds_end - bounds) >> 3
    if size > t.MAX_BUCKETS:
        return t.TOO_LARGE
    if size != bound_size + 1 and (size > 0 or bound_size > 0):
        return t.SCHEMA_MISMATCH
    first = tape.cursor[t.FILLED_COUNTS]
    total = 0.0
    for place in range(size):
        count = load64(buffer, counts + 8 * place)
        total += np.float64(count)
        tape.counts[first + place] = np.int64(count)
    if total > t.MAX_COUNT:
        return t.SCHEMA_MISMATCH
    found = tape.distributions
    found[row, t.COUNTS], found[row, t.ABOVE] = first, size
    found[row, t.BOUNDS], found[row, t.BOUNDS_END] = bounds, bounds_end
    return _take_bounds(buffer, bounds, bounds_end, tape, row)


@inner
def zigzag(number):
    """A sint32 from its varint."""
    low = number & 0xFFFFFFFF
    return (low >> 1) ^ -(low & 1)


@inner
def _take_counts(buffer, position, end, counts):
    """Packed varints to ``counts``, which may be too short; how many (-1: foreign) and their sum."""
    size, total = np.int64(0), 0.0
    room = len(counts)
    while position < end:
        # Nearly all take at most four bytes, which one load has.
        word = np.int64(load64(buffer, position)) if position + 8 <= end else np.int64(-1)
        if word & 0x80 == 0:
            count = word & 0x7F
            position += 1
        elif word & 0x8000 == 0:
            count = (word & 0x7F) | ((word >> 1) & 0x3F80)
            position += 2
        elif word & 0x800000 == 0:
            count = (word & 0x7F) | ((word >> 1) & 0x3F80) | ((word >> 2) & 0x1FC000)
            position += 3
        elif word & 0x80000000 == 0:
            count = (word & 0x7F) | ((word >> 1) & 0x3F80) | ((word >> 2) & 0x1FC000) | ((word >> 3) & 0xFE00000)
            position += 4
        else:
            count, position = t.varint(buffer, position, end)
            if position < 0:
                return np.int64(-1), total
        if size < room:
            counts[size] = count
            total += np.float64(np.uint64(count))
        size += 1
    return size, total


@inner
def _take_side(buffer, position, end, counts):
    """The Buckets (1 offset, 2 packed counts) of one side; gives offset, how many counts (-1: foreign) and their sum.

    Where there are more counts than ``counts`` has room for, the others are left out.
    """
    offset, size, total = np.int64(0), np.int64(0), 0.0
    packed = False
    while position < end:
        number, wire, position = t.tag(buffer, position, end)
        if position >= 0 and number == 1 and wire == t.VARINT:
            value, position = t.varint(buffer, position, end)
            offset = zigzag(value)
        elif position >= 0 and number == 2 and wire == t.LEN and not packed:
            begin, position = t.span(buffer, position, end)
            if position >= 0:
                size, total = _take_counts(buffer, begin, position, counts)
            packed = True
        elif position >= 0 and number != 2:
            position = t.skip(buffer, position, end, wire)
        else:
            position = np.int64(-1)
        if position < 0 or size < 0:
            return offset, np.int64(-1), total
    return offset, size, total


@inner
def take_exponential(buffer, ranges, tape, row):
    """Both sides of an exponential histogram; a fault or SOUND or UNREADABLE."""
    found = tape.distributions
    first = tape.cursor[t.FILLED_COUNTS]
    last = first + t.MAX_BUCKETS
    offset, above, total = _take_side(buffer, ranges[0], ranges[1], tape.counts[first:last])
    if above < 0:
        return np.int64(UNREADABLE)
    offset_below, below, total_below = _take_side(buffer, ranges[2], ranges[3], tape.counts[first + above : last])
    if below < 0:
        return np.int64(UNREADABLE)
    if above + below > t.MAX_BUCKETS:
        return np.int64(t.TOO_LARGE)
    scale, threshold = found[row, t.LAYOUT], t.real(found[row, t.THRESHOLD])
    total += total_below + np.float64(np.uint64(found[row, t.ZERO]))
    if scale < -64 or scale > 64 or total > t.MAX_COUNT or not (threshold >= 0.0 and threshold < np.inf):
        return np.int64(t.SCHEMA_MISMATCH)
    found[row, t.COUNTS], found[row, t.ABOVE], found[row, t.BELOW] = first, above, below
    found[row, t.FIRST] = offset if above > 0 else 0
    found[row, t.FIRST_BELOW] = offset_below if below > 0 else 0
    return np.int64(SOUND)


@inner
def take_quantile(buffer, position, end, tape, row):
    """One ValueAtQuantile (1 quantile, 2 value); what is no quantile or no number is left out. False: foreign."""
    quantile, value = 0.0, 0.0
    while position < end:
        number, wire, position = t.tag(buffer, position, end)
        if position < 0:
            return False
        if wire == t.FIXED64 and (number in (1, 2)):
            bits, position = t.fixed64(buffer, position, end)
            if number == 1:
                quantile = t.real(bits)
            else:
                value = t.real(bits)
        else:
            position = t.skip(buffer, position, end, wire)
        if position < 0:
            return False
    if quantile >= 0.0 and quantile <= 1.0 and np.isfinite(value):
        size = tape.distributions[row, t.REAL_COUNT]
        if size < 2 * t.MAX_BUCKETS:
            place = tape.distributions[row, t.REALS] + size
            tape.reals[place], tape.reals[place + 1] = quantile + 0.0, value  # -0.0 is 0.0
        tape.distributions[row, t.REAL_COUNT] = size + 2
    return True
