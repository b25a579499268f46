# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value"
# ruff: noqa: ANN001, ANN202, ANN201, C901
# numba infers the types, and what is split into small functions with few arguments does not stay in registers.
"""The compiled walk over export requests: from bytes to a tape of points; see ``otlp_walker`` for what it is for."""

from __future__ import annotations

import numpy as np

from detectors.wire import tape as t
from detectors.wire.compiling import compiled, inner
from detectors.wire.hashing import SEED, Bytes, mix, mix_range
from detectors.wire.walk_distributions import walk_distributions
from detectors.wire.walk_numbers import walk_points

_FOREIGN_KIND = -3


@inner
def _sum_kind(buffer: Bytes, position: int, end: int) -> int:
    """Kind of a Sum (2 temporality, 3 is_monotonic), which may stand before or after its points."""
    temporality = np.int64(0)
    monotonic = np.int64(0)
    while position < end:
        number, wire, position = t.tag(buffer, position, end)
        if position < 0:
            return _FOREIGN_KIND
        if number == 2 and wire == t.VARINT:
            temporality, position = t.varint(buffer, position, end)
        elif number == 3 and wire == t.VARINT:
            monotonic, position = t.varint(buffer, position, end)
        else:
            position = t.skip(buffer, position, end, wire)
        if position < 0:
            return _FOREIGN_KIND
    temporality &= 0xFFFFFFFF  # an enum is 32 bits wide
    if temporality == 1:
        return t.DELTA
    if temporality == 2:
        return t.CUMULATIVE if monotonic != 0 else t.UPDOWN
    return t.UNSPECIFIED


@inner
def _kind_and_form(buffer, data, begin, end):
    """Kind and form of a metric's data, given its field number."""
    if data == 5:
        return np.int64(t.GAUGE), np.int64(t.NUMBER)
    if data == 11:
        return np.int64(t.CUMULATIVE), np.int64(t.SUMMARY)
    kind = np.int64(_sum_kind(buffer, begin, end))
    if data == 7:
        return kind, np.int64(t.NUMBER)
    if kind == t.UPDOWN:  # histograms count observations
        kind = np.int64(t.CUMULATIVE)
    return kind, np.int64(t.EXPLICIT if data == 9 else t.EXPONENTIAL)


@inner
def _walk_metric(buffer, position, end, tape, row, state):
    """One Metric: 1 name, 3 unit, 5 gauge, 7 sum, 9 and 10 histograms, 11 summary."""
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
    kind, form = _kind_and_form(buffer, data, data_begin, data_end)
    if kind == _FOREIGN_KIND:
        return t.FOREIGN
    metrics = tape.metrics
    metrics[row, t.NAME], metrics[row, t.NAME_END] = name, name_end
    metrics[row, t.UNIT], metrics[row, t.UNIT_END] = unit, unit_end
    metrics[row, t.KIND], metrics[row, t.FORM] = kind, form
    state = mix_range(state, buffer, name, name_end)
    state = mix_range(state, buffer, unit, unit_end)
    state = mix(state, np.uint64(kind + 8 + 16 * form))
    tape.cursor[t.METRICS] = row + 1
    if form == t.NUMBER:
        return walk_points(buffer, data_begin, data_end, tape, row, state)
    return walk_distributions(buffer, data_begin, data_end, tape, row, state)


@inner
def _walk_scope(buffer, position, end, tape, record, resource):
    """One ScopeMetrics: 1 scope, 2 metrics."""
    scope, scope_end = t.only_field(buffer, position, end)
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
        resource = t.only_field(buffer, inner, position)
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
        distributions = tape.cursor[t.DISTRIBUTIONS]
        status = _walk_record(buffer, begin, ends[record], tape, record)
        if status == t.FULL:
            return False
        if status == t.FOREIGN:
            tape.status[record] = t.FOREIGN
            tape.cursor[t.POINTS], tape.cursor[t.METRICS] = points, metrics
            tape.cursor[t.DISTRIBUTIONS] = distributions
            tape.items[record] = 0
            tape.gaps[record] = 0
            tape.rejected[record] = 0
        begin = ends[record]
    return True
