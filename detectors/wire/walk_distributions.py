# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value"
# ruff: noqa: ANN001, ANN201, ANN202, C901
# numba infers the types, and what is split into small functions with few arguments does not stay in registers.
"""The part of the compiled walk that reads the data points of histograms and summaries.

A data point becomes one row of points, its count of observations, and one row of ``Tape.distributions`` with what
``interval_loop`` needs for quantiles and means. What is packed in another way than exporters do (unpacked numbers, a
list in two parts) is foreign.
"""

from __future__ import annotations

import numpy as np

from detectors.wire import tape as t
from detectors.wire.compiling import inner
from detectors.wire.hashing import finish, mix_range
from detectors.wire.walk_buckets import SOUND, UNREADABLE, take_explicit, take_exponential, take_quantile, zigzag

_NO_SUM = int(np.array(np.nan).view(np.int64))
_AT, _START, _COUNT, _FLAGS, _ONE, _ONE_END, _TWO, _TWO_END = range(8)
"""Cells of ``Tape.point``; the last four are byte ranges of bucket counts and bounds, or of both sides' buckets."""


@inner
def _attributes(form):
    """Field number of the attributes in a data point of this form."""
    return 9 if form == t.EXPLICIT else 1 if form == t.EXPONENTIAL else 7


@inner
def _take_fixed(tape, row, number, bits):
    """A field of eight bytes; False: foreign."""
    form = tape.distributions[row, t.SHAPE]
    if number == 2:
        tape.point[_START] = bits
    elif number == 3:
        tape.point[_AT] = bits
    elif number == 4:
        tape.point[_COUNT] = bits
    elif number == 5:
        tape.distributions[row, t.SUM] = bits
    elif form == t.EXPLICIT:
        return number not in (6, 7)  # counts or bounds that are not packed
    elif form == t.EXPONENTIAL and number == 7:
        tape.distributions[row, t.ZERO] = bits
    elif form == t.EXPONENTIAL and number == 14:
        tape.distributions[row, t.THRESHOLD] = bits
    return True


@inner
def _take_range(buffer, begin, end, tape, row, number):
    """A field with a length, other than attributes; False: foreign."""
    form = tape.distributions[row, t.SHAPE]
    if form == t.SUMMARY:
        return number != 6 or take_quantile(buffer, begin, end, tape, row)
    first = 6 if form == t.EXPLICIT else 8
    if number in (first, first + 1):
        cell = _ONE if number == first else _TWO
        if tape.point[cell] != 0:
            return False  # in two parts
        tape.point[cell], tape.point[cell + 1] = begin, end
    return True


@inner
def _take_varint(tape, row, number, value):
    """Flags, or the scale."""
    form = tape.distributions[row, t.SHAPE]
    if number == (8 if form == t.SUMMARY else 10):
        tape.point[_FLAGS] = value
    elif number == 6 and form == t.EXPONENTIAL:
        tape.distributions[row, t.LAYOUT] = zigzag(value)


@inner
def _begin(tape, row, form):
    """Nothing is known of the data point yet."""
    found = tape.distributions
    for column in range(t.DISTRIBUTION_COLUMNS):
        found[row, column] = 0
    for cell in range(len(tape.point)):
        tape.point[cell] = 0
    found[row, t.SHAPE], found[row, t.REALS] = form, tape.cursor[t.FILLED_REALS]
    if form == t.EXPLICIT:
        found[row, t.SUM] = _NO_SUM


@inner
def _finish(buffer, tape, row):
    """Takes the buckets, once all fields are read; a fault, SOUND or UNREADABLE."""
    found, point = tape.distributions, tape.point
    ranges = (point[_ONE], point[_ONE_END], point[_TWO], point[_TWO_END])
    if found[row, t.SHAPE] == t.EXPONENTIAL:
        return take_exponential(buffer, ranges, tape, row)
    if found[row, t.SHAPE] == t.SUMMARY:
        return np.int64(t.TOO_LARGE if found[row, t.REAL_COUNT] > 2 * t.MAX_BUCKETS else SOUND)
    if ((ranges[1] - ranges[0]) | (ranges[3] - ranges[2])) & 7:
        return np.int64(UNREADABLE)
    return np.int64(take_explicit(buffer, ranges, tape, row))


@inner
def _read_distribution(buffer, position, end, tape, row, form, state):
    """A HistogramDataPoint, ExponentialHistogramDataPoint or SummaryDataPoint, to row ``row`` of ``distributions``.

    Gives a fault, SOUND or UNREADABLE, and the state with the attributes folded in; the rest is in ``Tape.point``. The
    row does not count as written until the caller moves the cursor.
    """
    _begin(tape, row, form)
    attributes = _attributes(form)
    run, run_end = np.int64(0), np.int64(0)
    while position < end:
        first = position
        number, wire, position = t.tag(buffer, position, end)
        sound = True
        if position >= 0 and wire == t.FIXED64:
            bits, position = t.fixed64(buffer, position, end)
            sound = _take_fixed(tape, row, number, bits)
        elif position >= 0 and wire == t.LEN:
            begin, position = t.span(buffer, position, end)
            if number == attributes:
                if run_end != first:
                    state = mix_range(state, buffer, run, run_end)
                    run = first
                run_end = position
            elif position >= 0:
                sound = _take_range(buffer, begin, position, tape, row, number)
        elif position >= 0 and wire == t.VARINT:
            value, position = t.varint(buffer, position, end)
            _take_varint(tape, row, number, value)
        elif position >= 0:
            position = t.skip(buffer, position, end, wire)
        if position < 0 or not sound:
            return np.int64(UNREADABLE), state
    state = finish(mix_range(state, buffer, run, run_end))
    return _finish(buffer, tape, row), state


@inner
def _room(tape):
    """Whether one more data point fits, whatever it holds."""
    cursor = tape.cursor
    points, rows = cursor[t.POINTS] < len(tape.value), cursor[t.DISTRIBUTIONS] < len(tape.distributions)
    counts = cursor[t.FILLED_COUNTS] + t.MAX_BUCKETS <= len(tape.counts)
    return points and rows and counts and cursor[t.FILLED_REALS] + 2 * t.MAX_BUCKETS <= len(tape.reals)


@inner
def _accept(tape, metric, place, span, hashed):
    """Moves the cursor past the data point that was read last."""
    cursor, row, numbers = tape.cursor[t.POINTS], tape.cursor[t.DISTRIBUTIONS], tape.numbers
    found = tape.distributions
    cumulative = tape.metrics[metric, t.KIND] == t.CUMULATIVE and tape.point[_START] > 0
    tape.hashes[cursor], tape.value[cursor] = hashed, np.float64(np.uint64(tape.point[_COUNT]))
    numbers[t.AT, cursor], numbers[t.START, cursor] = tape.point[_AT], tape.point[_START] if cumulative else 0
    numbers[t.ROW, cursor], numbers[t.IN_RECORD, cursor] = metric, place
    numbers[t.OFFSET, cursor], numbers[t.LENGTH, cursor] = span[0], span[1] - span[0]
    found[row, t.POINT] = cursor
    tape.cursor[t.FILLED_COUNTS] += found[row, t.ABOVE] + found[row, t.BELOW]
    if found[row, t.SHAPE] == t.SUMMARY:
        tape.cursor[t.FILLED_REALS] += found[row, t.REAL_COUNT]
    tape.cursor[t.POINTS], tape.cursor[t.DISTRIBUTIONS] = cursor + 1, row + 1


@inner
def walk_distributions(buffer, position, end, tape, row, state):
    """All data points (field 1) of a Histogram, ExponentialHistogram or Summary."""
    kind, form, record = tape.metrics[row, t.KIND], tape.metrics[row, t.FORM], tape.metrics[row, t.RECORD]
    place, gaps = tape.cursor[t.PLACE], np.int64(0)
    first_place = place
    while position < end:
        number, wire, position = t.tag(buffer, position, end)
        if position < 0:
            return t.FOREIGN
        if number != 1 or wire != t.LEN:
            position = t.skip(buffer, position, end, wire)
            if position < 0:
                return t.FOREIGN
            continue
        begin, position = t.span(buffer, position, end)
        if position < 0:
            return t.FOREIGN
        if not _room(tape):
            return t.FULL
        fault, hashed = _read_distribution(buffer, begin, position, tape, tape.cursor[t.DISTRIBUTIONS], form, state)
        if fault == UNREADABLE:
            return t.FOREIGN
        if kind == t.UNSPECIFIED and fault != t.TOO_LARGE:
            fault = np.int64(t.UNSUPPORTED)
        if fault == SOUND:
            fault = np.int64(t.time_fault(tape.point[_AT], tape.latest))
        if tape.point[_FLAGS] & 1:
            gaps += 1
        elif fault >= 0:
            t.reject(tape.rejected, tape.places, record, fault, place)
        else:
            _accept(tape, row, place, (begin, position), hashed)
        place += 1
    tape.cursor[t.PLACE] = place
    tape.items[record] += place - first_place
    tape.gaps[record] += gaps
    return t.OK
