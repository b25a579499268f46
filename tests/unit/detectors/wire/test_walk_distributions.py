"""Data points of histograms and summaries on the tape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AggregationTemporality,
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    Metric,
    SummaryDataPoint,
)

from detectors.wire import tape as t
from detectors.wire.hashing import SEED
from detectors.wire.walk_distributions import walk_distributions
from tests.unit.detectors.wire.taped import AT, LATEST, points, record, taped, walked

CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
FORMS = ("histogram", "exponential_histogram", "summary")
READERS: dict[str, Any] = {
    "histogram": HistogramDataPoint,
    "exponential_histogram": ExponentialHistogramDataPoint,
    "summary": SummaryDataPoint,
}


def metric(form: str, *fields: dict[str, Any], temporality: int = CUMULATIVE) -> Metric:
    made = Metric(name="latency")
    held = getattr(made, form)
    if form != "summary":
        held.aggregation_temporality = temporality
    for each in fields:
        held.data_points.add(**{"time_unix_nano": AT, "count": 3, **each})
    return made


def raw(form: str, point: bytes) -> bytes:
    """A record with one data point of these bytes."""
    number = {"histogram": 9, "exponential_histogram": 10, "summary": 11}[form]

    def field(tag: int, body: bytes) -> bytes:
        return bytes([tag << 3 | 2, len(body)]) + body

    temporality = b"" if form == "summary" else b"\x10\x02"
    return field(1, field(2, field(2, field(number, field(1, point) + temporality))))


@pytest.mark.parametrize("form", FORMS)
def test_the_value_of_a_point_is_how_much_was_observed(form: str) -> None:
    """Up to what 64 bits hold; quantiles and means come later."""
    tape = taped([record(metric(form, {"count": 3}, {"count": 2**63}))])
    assert tape.value[:2].tolist() == [3.0, 2.0**63]
    assert tape.distributions[:2, t.POINT].tolist() == [0, 1]


@pytest.mark.parametrize("form", FORMS)
def test_a_point_is_found_again_in_the_bytes(form: str) -> None:
    """Its attributes are read from there when its series is new."""
    body = record(metric(form, {"start_time_unix_nano": AT - 5, "count": 7}))
    tape = taped([body])
    begin, length = int(tape.numbers[t.OFFSET, 0]), int(tape.numbers[t.LENGTH, 0])
    assert READERS[form].FromString(body[begin : begin + length]).count == 7
    assert tape.numbers[[t.AT, t.START], 0].tolist() == [AT, AT - 5]


def test_a_delta_has_no_start() -> None:
    """What it counts began with the interval, not with the series."""
    tape = taped([record(metric("histogram", {"start_time_unix_nano": AT - 5}, temporality=DELTA))])
    assert tape.numbers[t.START, 0] == 0


def test_a_histogram_without_a_sum_has_none() -> None:
    """Absent is not 0; a summary's and an exponential histogram's absent sum cannot be told from 0."""
    tape = taped([record(metric("histogram", {}, {"sum": 0.0}, {"sum": -2.5}))])
    sums = tape.distributions[:3, t.SUM].copy().view(np.float64).tolist()
    assert math.isnan(sums[0])
    assert sums[1:] == [0.0, -2.5]


@pytest.mark.parametrize("form", FORMS)
def test_attributes_and_form_make_the_series(form: str) -> None:
    """Two points with other counts are of one series, two with other attributes are not."""
    made = metric(form, {"count": 1}, {"count": 2}, {"count": 2})
    getattr(made, form).data_points[2].attributes.add(key="a").value.bool_value = True
    hashes = taped([record(made)]).hashes[:3].tolist()
    assert hashes[0] == hashes[1] != hashes[2]


def test_no_two_forms_share_a_series() -> None:
    """A sender that changes the form begins anew."""
    found = {int(taped([record(metric(form, {}))]).hashes[0]) for form in FORMS}
    assert len(found) == 3


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"time_unix_nano": 0}, t.NO_TIME),
        ({"time_unix_nano": LATEST + 1}, t.FAR_FUTURE),
        ({"time_unix_nano": 5}, t.BAD_TIME),
    ],
)
def test_a_point_of_no_time_is_rejected(form: str, fields: dict[str, int], reason: int) -> None:
    """And the next one takes its row."""
    tape = taped([record(metric(form, fields, {"count": 9}))])
    assert tape.rejected[0, reason] == 1
    assert tape.value[0] == 9.0
    assert tape.numbers[t.IN_RECORD, 0] == 1


@pytest.mark.parametrize("form", FORMS)
def test_a_point_without_a_recorded_value_is_a_gap(form: str) -> None:
    """Also where it is of no time: its sender says that there is nothing."""
    tape = taped([record(metric(form, {"flags": 1}, {"flags": 1, "time_unix_nano": 0}, {"flags": 2}))])
    assert (tape.gaps[0], tape.items[0], points(tape)) == (2, 3, 1)


@pytest.mark.parametrize(
    ("form", "point"),
    [
        ("histogram", b"\x31" + bytes(8)),  # one count that is not packed
        ("histogram", b"\x39" + bytes(8)),  # one bound that is not packed
        ("histogram", b"\x32\x08" + bytes(8) + b"\x32\x08" + bytes(8)),  # counts in two parts
        ("histogram", b"\x32\x07" + bytes(7)),  # counts that are no eight bytes each
        ("exponential_histogram", b"\x42\x02\x10\x01"),  # a count that is not packed
        ("exponential_histogram", b"\x42\x06\x12\x01\x01\x12\x01\x01"),  # counts in two parts
        ("exponential_histogram", b"\x42\x03\x12\x01\x80"),  # a count that does not end
        ("exponential_histogram", b"\x42\x00\x42\x02\x08\x02\x42\x02\x08\x02"),  # a side in two parts
        ("summary", b"\x32\x03\x09\x01\x01"),  # a quantile that is cut
        ("summary", b"\x32\x05\x01"),
    ],
)
def test_what_is_not_as_exporters_write_it_is_foreign(form: str, point: bytes) -> None:
    """The walk leaves it to protobuf, which reads it or says that it cannot."""
    tape = taped([raw(form, point)])
    assert tape.status[0] == t.FOREIGN
    assert points(tape) == 0


@pytest.mark.parametrize("form", FORMS)
def test_a_tape_that_has_no_room_for_the_largest_point_is_full(form: str) -> None:
    """It is asked before a point is read, whatever that holds."""
    body = [record(metric(form, *({} for _ in range(40))))]
    assert not walked(body, t.make_tape(1, 39, LATEST, seed=SEED))
    assert walked(body, t.make_tape(1, 40, LATEST, seed=SEED))


def test_the_loop_is_for_compiled_callers_alone() -> None:
    """It has no door to Python, which would be most of its compile time."""
    assert walk_distributions.targetoptions["no_cpython_wrapper"]  # type: ignore[attr-defined]
