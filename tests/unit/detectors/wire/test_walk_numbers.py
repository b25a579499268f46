"""Data points of gauges and sums on the tape."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric, NumberDataPoint

from detectors.wire import tape as t
from detectors.wire.batch import EARLIEST
from detectors.wire.walk_numbers import walk_points
from tests.unit.detectors.wire.taped import AT, LATEST, points, record, rejected, taped

CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE


def gauge(*fields: dict[str, Any]) -> Metric:
    made = Metric(name="cpu")
    for each in fields:
        made.gauge.data_points.add(**{"time_unix_nano": AT, **each})
    return made


@settings(deadline=None)  # the first call compiles
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**64 - 1),
            st.integers(0, 2**64 - 1),
            st.one_of(st.floats(), st.integers(-(2**63), 2**63 - 1), st.none()),
            st.integers(0, 2**32 - 1),
        ),
        max_size=8,
    )
)
def test_points_are_taken_or_counted_as_their_fields_say(fields: list[tuple[int, int, Any, int]]) -> None:
    """Times and values of any bits, given or not, with any flags."""
    metric, kept, wrong, gaps = Metric(name="calls"), [], [], 0
    metric.sum.aggregation_temporality = CUMULATIVE
    for at, start, value, flags in fields:
        point = metric.sum.data_points.add(time_unix_nano=at, start_time_unix_nano=start, flags=flags)
        if isinstance(value, float):
            point.as_double = value
        elif value is not None:
            point.as_int = value
        fault = _fault(at, value)
        if flags & 1:
            gaps += 1
        elif fault:
            wrong.append(fault)
        else:
            kept.append((at, start if start < 2**63 else 0, float(value)))
    tape = taped([record(metric)])
    size = points(tape)
    columns = (tape.numbers[t.AT, :size], tape.numbers[t.START, :size], tape.value[:size])
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == kept
    assert rejected(tape) == {name: wrong.count(name) for name in wrong}
    assert (tape.gaps[0], tape.items[0]) == (gaps, len(fields))


def _fault(at: int, value: float | None) -> str | None:
    if value is None:
        return t.REASONS[t.MISSING_FIELD].value
    if not math.isfinite(value):
        return t.REASONS[t.NOT_A_NUMBER].value
    if at == 0:
        return t.REASONS[t.NO_TIME].value
    if at > LATEST:
        return t.REASONS[t.FAR_FUTURE].value
    return t.REASONS[t.BAD_TIME].value if at < EARLIEST else None


def test_a_point_is_found_again_in_the_bytes() -> None:
    """Its range is that of its message, and its place is counted in the record."""
    body = record(gauge({"as_double": 1.0}, {"as_int": 7}))
    tape = taped([body])
    for row, expected in ((0, 1.0), (1, 7.0)):
        begin, length = int(tape.numbers[t.OFFSET, row]), int(tape.numbers[t.LENGTH, row])
        point = NumberDataPoint.FromString(body[begin : begin + length])
        assert (point.as_double or point.as_int) == expected
        assert tape.numbers[t.IN_RECORD, row] == row


def test_attributes_make_the_series_in_the_order_in_which_they_are_sent() -> None:
    """The bytes are hashed; another order is another hash of the same series, which its identity joins."""
    metric = gauge(*({"as_double": 1.0} for _ in range(4)))
    for point, names in zip(metric.gauge.data_points, ("ab", "ab", "ba", "a"), strict=True):
        for name in names:
            point.attributes.add(key=name).value.string_value = "x"
    hashes = taped([record(metric)]).hashes[:4].tolist()
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_other_fields_between_attributes_do_not_change_the_series() -> None:
    """Encoders may write fields in any order."""
    one = NumberDataPoint(time_unix_nano=AT, as_double=1.0)
    one.attributes.add(key="a").value.string_value = "x"
    split = NumberDataPoint(attributes=one.attributes).SerializeToString()
    rest = NumberDataPoint(time_unix_nano=AT, as_double=1.0).SerializeToString()
    found = []
    for body in (split + rest, rest + split):
        made = Metric(name="cpu")
        made.gauge.SetInParent()
        whole = b"\x0a" + bytes([len(body)]) + body
        text = made.SerializeToString()[:-2] + b"\x2a" + bytes([len(whole)]) + whole
        tape = taped(
            [b"\x0a" + bytes([len(text) + 4]) + b"\x12" + bytes([len(text) + 2]) + b"\x12" + bytes([len(text)]) + text]
        )
        found.append((tape.status[0], tape.hashes[0], tape.value[0]))
    assert found[0] == found[1]
    assert found[0][0] == t.OK


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_point_that_is_cut_makes_its_record_foreign(cut: int) -> None:
    """Whatever field it is cut in."""
    body = record(gauge({"as_double": 1.0}))
    assert taped([body[:-cut]]).status[0] == t.FOREIGN


def test_the_loop_is_for_compiled_callers_alone() -> None:
    """It has no door to Python, which would be most of its compile time."""
    assert walk_points.targetoptions["no_cpython_wrapper"]  # type: ignore[attr-defined]
