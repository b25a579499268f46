# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value"
# ruff: noqa: ANN001, ANN202, ANN201, C901, PLR0912
# numba infers the types, and what is split into small functions with few arguments does not stay in registers.
"""The compiled walk over export requests: from bytes to a tape of points; see ``otlp_walker`` for what it is for."""

from __future__ import annotations

import numpy as np

from detectors.wire import tape as t
from detectors.wire.compiling import compiled, inner
from detectors.wire.hashing import SEED, Bytes, finish, mix, mix_range
from detectors.wire.identity import SeriesKind

HANDED = -1
"""KIND of a metric that protobuf decodes."""
UNSPECIFIED = -2
"""KIND of a sum without temporality: its points are UNSUPPORTED."""
_GAUGE = int(SeriesKind.GAUGE)
_DELTA = int(SeriesKind.DELTA)
_CUMULATIVE = int(SeriesKind.CUMULATIVE)
_UPDOWN = int(SeriesKind.CUMULATIVE_UPDOWN)


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
def _sum_kind(buffer: Bytes, position: int, end: int) -> int:
    """Kind of a Sum (2 temporality, 3 is_monotonic), which may stand before or after its points; -3: foreign."""
    temporality = np.int64(0)
    monotonic = np.int64(0)
    while position < end:
        number, wire, position = t.tag(buffer, position, end)
        if position < 0:
            return -3
        if number == 2 and wire == t.VARINT:
            temporality, position = t.varint(buffer, position, end)
        elif number == 3 and wire == t.VARINT:
            monotonic, position = t.varint(buffer, position, end)
        else:
            position = t.skip(buffer, position, end, wire)
        if position < 0:
            return -3
    temporality &= 0xFFFFFFFF  # an enum is 32 bits wide
    if temporality == 1:
        return _DELTA
    if temporality == 2:
        return _CUMULATIVE if monotonic != 0 else _UPDOWN
    return UNSPECIFIED


@inner
def _fault(kind, valued, value, at, latest):
    """Position in REASONS of what is wrong with a point, or -1."""
    if kind == UNSPECIFIED:
        return t.UNSUPPORTED
    if not valued:
        return t.MISSING_FIELD
    if not np.isfinite(value):
        return t.NOT_A_NUMBER
    return t.time_fault(at, latest)


@inner
def _walk_points(buffer, position, end, tape, row, state):
    """All data points (field 1) of a Gauge or Sum; of other metrics they are only counted."""
    kind = tape.metrics[row, t.KIND]
    record = tape.metrics[row, t.RECORD]
    cumulative = kind in (_CUMULATIVE, _UPDOWN)
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
        if kind != HANDED:
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


@inner
def _walk_metric(buffer, position, end, tape, row, state):
    """One Metric: 1 name, 3 unit, 5 gauge, 7 sum, 9 and 10 histograms, 11 summary."""
    metric, metric_end = position, end
    name, name_end = np.int64(0), np.int64(0)
    unit, unit_end = np.int64(0), np.int64(0)
    data, data_begin, data_end = np.int64(0), np.int64(0), np.int64(0)
    while position < end:
        number, wire, position = t.tag(buffer, position, end)
        if position < 0:
            return t.FOREIGN
        if wire != t.LEN:
            position = t.skip(buffer, position, end, wire)
            if position < 0:
                return t.FOREIGN
            continue
        begin, position = t.span(buffer, position, end)
        if position < 0:
            return t.FOREIGN
        if number == 1:
            name, name_end = begin, position
        elif number == 3:
            unit, unit_end = begin, position
        elif number in (5, 7, 9, 10, 11):
            if data != 0:
                return t.FOREIGN
            data, data_begin, data_end = number, begin, position
    if data == 0:
        return t.OK
    kind = np.int64(HANDED)
    if data == 5:
        kind = np.int64(_GAUGE)
    elif data == 7:
        kind = np.int64(_sum_kind(buffer, data_begin, data_end))
        if kind == -3:
            return t.FOREIGN
    metrics = tape.metrics
    metrics[row, t.METRIC], metrics[row, t.METRIC_END] = metric, metric_end
    metrics[row, t.NAME], metrics[row, t.NAME_END] = name, name_end
    metrics[row, t.UNIT], metrics[row, t.UNIT_END] = unit, unit_end
    metrics[row, t.KIND], metrics[row, t.FIRST_PLACE] = kind, tape.cursor[t.PLACE]
    state = mix_range(state, buffer, name, name_end)
    state = mix_range(state, buffer, unit, unit_end)
    state = mix(state, np.uint64(kind + 8))
    tape.cursor[t.METRICS] = row + 1
    return _walk_points(buffer, data_begin, data_end, tape, row, state)


@inner
def _only(buffer: Bytes, position: int, end: int) -> tuple[int, int]:
    """Range of the one field 1 of a message: (0, 0) where there is none, an end of -1 where it is foreign."""
    found, found_end = np.int64(0), np.int64(0)
    seen = False
    while position < end:
        number, wire, position = t.tag(buffer, position, end)
        if position < 0:
            return np.int64(0), np.int64(-1)
        if number == 1 and wire == t.LEN:
            begin, position = t.span(buffer, position, end)
            if seen:
                return np.int64(0), np.int64(-1)
            found, found_end, seen = begin, position, True
        else:
            position = t.skip(buffer, position, end, wire)
        if position < 0:
            return np.int64(0), np.int64(-1)
    return found, found_end


@inner
def _walk_scope(buffer, position, end, tape, record, resource):
    """One ScopeMetrics: 1 scope, 2 metrics."""
    scope, scope_end = _only(buffer, position, end)
    if scope_end < 0:
        return t.FOREIGN
    state = mix_range(SEED, buffer, resource[0], resource[1])
    state = mix_range(state, buffer, scope, scope_end)
    while position < end:
        number, wire, position = t.tag(buffer, position, end)
        if number == 2 and wire == t.LEN:
            begin, position = t.span(buffer, position, end)
            row = tape.cursor[t.METRICS]
            if row >= len(tape.metrics):
                return t.FULL
            metrics = tape.metrics
            metrics[row, t.RECORD] = record
            metrics[row, t.RESOURCE], metrics[row, t.RESOURCE_END] = resource
            metrics[row, t.SCOPE], metrics[row, t.SCOPE_END] = scope, scope_end
            status = _walk_metric(buffer, begin, position, tape, row, state)
            if status != t.OK:
                return status
        else:
            position = t.skip(buffer, position, end, wire)
    return t.OK


@inner
def _walk_record(buffer, position, end, tape, record):
    """One ExportMetricsServiceRequest: 1 resource_metrics, each with 1 resource and 2 scope_metrics."""
    tape.cursor[t.PLACE] = 0
    while position < end:
        number, wire, position = t.tag(buffer, position, end)
        if position < 0:
            return t.FOREIGN
        if number != 1 or wire != t.LEN:
            position = t.skip(buffer, position, end, wire)
            if position < 0:
                return t.FOREIGN
            continue
        inner, position = t.span(buffer, position, end)
        if position < 0:
            return t.FOREIGN
        resource = _only(buffer, inner, position)
        if resource[1] < 0:
            return t.FOREIGN
        while inner < position:
            number, wire, inner = t.tag(buffer, inner, position)
            if number == 2 and wire == t.LEN:
                begin, inner = t.span(buffer, inner, position)
                status = _walk_scope(buffer, begin, inner, tape, record, resource)
                if status != t.OK:
                    return status
            else:
                inner = t.skip(buffer, inner, position, wire)
    return t.OK


@compiled
def walk(buffer, ends, tape):
    """All records; of one that is foreign nothing stays on the tape. False: the tape is full."""
    begin = np.int64(0)
    for record in range(len(ends)):
        points, metrics = tape.cursor[t.POINTS], tape.cursor[t.METRICS]
        status = _walk_record(buffer, begin, ends[record], tape, record)
        if status == t.FULL:
            return False
        if status == t.FOREIGN:
            tape.status[record] = t.FOREIGN
            tape.cursor[t.POINTS], tape.cursor[t.METRICS] = points, metrics
            tape.items[record] = 0
            tape.gaps[record] = 0
            tape.rejected[record] = 0
        begin = ends[record]
    return True
