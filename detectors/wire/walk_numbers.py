# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value"
# ruff: noqa: ANN001, ANN202, ANN201, C901, PLR0912
# numba infers the types, and what is split into small functions with few arguments does not stay in registers.
"""The part of the compiled walk that reads the data points of gauges and sums."""

from __future__ import annotations

import numpy as np

from detectors.wire import tape as t
from detectors.wire.compiling import inner
from detectors.wire.hashing import finish, mix_range


@inner
def _read_point(buffer, position, end, state):
    """One NumberDataPoint: 7 attributes, 2 start, 3 time, 4 double, 6 integer, 8 flags.

    Gives the position (-1: foreign), time, start, value (NaN where there is none), whether there is one, flags, and the
    state with the attributes folded in. Numbers only: an array that is passed on costs more than a field that is read.
    """
    at = np.int64(0)
    start = np.int64(0)
    value = np.nan
    valued = False
    flags = np.int64(0)
    run, run_end = np.int64(0), np.int64(0)
    while position < end:
        first = position
        number, wire, position = t.tag(buffer, position, end)
        if position < 0:
            break
        if wire == t.FIXED64:
            bits, position = t.fixed64(buffer, position, end)
            if number == 3:
                at = bits
            elif number == 4:
                value, valued = np.int64(bits).view(np.float64), True
            elif number == 2:
                start = bits
            elif number == 6:
                value, valued = float(bits), True
        elif number == 7 and wire == t.LEN:
            position = t.span(buffer, position, end)[1]
            if position < 0:
                break
            if run_end == first:
                run_end = position
            else:
                state = mix_range(state, buffer, run, run_end)
                run, run_end = first, position
        elif number == 8 and wire == t.VARINT:
            flags, position = t.varint(buffer, position, end)
        else:
            position = t.skip(buffer, position, end, wire)
        if position < 0:
            break
    if position >= 0:
        state = finish(mix_range(state, buffer, run, run_end))
    return position, at, start, value, valued, flags, state


@inner
def _fault(kind, valued, value, at, latest):
    """Position in REASONS of what is wrong with a point, or -1."""
    if kind == t.UNSPECIFIED:
        return t.UNSUPPORTED
    if not valued:
        return t.MISSING_FIELD
    if not np.isfinite(value):
        return t.NOT_A_NUMBER
    return t.time_fault(at, latest)


@inner
def walk_points(buffer, position, end, tape, row, state):
    """All data points (field 1) of a Gauge or Sum."""
    kind = tape.metrics[row, t.KIND]
    record = tape.metrics[row, t.RECORD]
    cumulative = kind in (t.CUMULATIVE, t.UPDOWN)
    hashes, values, numbers = tape.hashes, tape.value, tape.numbers
    cursor, place, gaps = tape.cursor[t.POINTS], tape.cursor[t.PLACE], np.int64(0)
    first_place = place
    room, latest = len(values), tape.latest
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
        after, at, start, value, valued, flags, hashed = _read_point(buffer, begin, position, state)
        if after < 0:
            return t.FOREIGN
        fault = _fault(kind, valued, value, at, latest)
        if flags & 1:
            gaps += 1
        elif fault >= 0:
            t.reject(tape.rejected, tape.places, record, fault, place)
        else:
            if cursor >= room:
                return t.FULL
            hashes[cursor], values[cursor] = hashed, value
            numbers[t.AT, cursor], numbers[t.START, cursor] = at, start if cumulative and start > 0 else 0
            numbers[t.ROW, cursor], numbers[t.IN_RECORD, cursor] = row, place
            numbers[t.OFFSET, cursor], numbers[t.LENGTH, cursor] = begin, position - begin
            cursor += 1
        place += 1
    tape.cursor[t.POINTS], tape.cursor[t.PLACE] = cursor, place
    tape.items[record] += place - first_place
    tape.gaps[record] += gaps
    return t.OK
