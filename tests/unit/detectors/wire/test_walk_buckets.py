"""Buckets, bounds and quantiles on the tape, against protobuf's reading of them."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric

from detectors.wire import tape as t
from detectors.wire.compiling import compiled
from detectors.wire.walk_buckets import zigzag
from tests.unit.detectors.wire.taped import AT, points, record, rejected, taped

CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
COUNTS = st.lists(st.integers(0, 2**40), max_size=9)


@compiled
def _zigzag(number):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 (numba infers them)
    return zigzag(number)


def explicit(*held: tuple[list[float], list[int]]) -> Metric:
    made = Metric(name="latency")
    made.histogram.aggregation_temporality = CUMULATIVE
    for bounds, counts in held:
        point = made.histogram.data_points.add(time_unix_nano=AT, count=sum(counts) % 2**64)
        point.explicit_bounds.extend(bounds)
        point.bucket_counts.extend(counts)
    return made


def exponential(**fields: Any) -> Metric:
    made = Metric(name="latency")
    made.exponential_histogram.aggregation_temporality = CUMULATIVE
    point = made.exponential_histogram.data_points.add(time_unix_nano=AT)
    for side in ("positive", "negative"):
        offset, counts = fields.pop(side, (0, []))
        getattr(point, side).offset = offset
        getattr(point, side).bucket_counts.extend(counts)
    for name, value in fields.items():
        setattr(point, name, value)
    return made


def summary(*pairs: tuple[float, float]) -> Metric:
    made = Metric(name="latency")
    point = made.summary.data_points.add(time_unix_nano=AT, count=1)
    for quantile, value in pairs:
        point.quantile_values.add(quantile=quantile, value=value)
    return made


def counts_of(tape: t.Tape, row: int = 0) -> list[int]:
    begin, above, below = tape.distributions[row, [t.COUNTS, t.ABOVE, t.BELOW]].tolist()
    return [int(count) for count in tape.counts[begin : begin + above + below]]


def reals_of(tape: t.Tape, row: int = 0) -> list[float]:
    begin, size = tape.distributions[row, [t.REALS, t.REAL_COUNT]].tolist()
    return [float(number) for number in tape.reals[begin : begin + size]]


@settings(deadline=None)  # the first call compiles
@given(st.integers(-(2**31), 2**31 - 1))
@example(-(2**31))
@example(2**31 - 1)
def test_zigzag_is_undone(number: int) -> None:
    """As protobuf writes a sint32, also sign-extended to 64 bits."""
    written = (number << 1) ^ (number >> 31)
    assert _zigzag(np.int64(written & 0xFFFFFFFF)) == number


@settings(deadline=None)
@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=8, unique=True), st.data())
def test_explicit_buckets_come_with_their_bounds(bounds: list[float], data: st.DataObject) -> None:
    """One more count than bounds, and a layout that only equal bounds share."""
    bounds = sorted(bounds)
    counts = data.draw(st.lists(st.integers(0, 2**40), min_size=len(bounds) + 1, max_size=len(bounds) + 1))
    moved = [*bounds[:-1], bounds[-1] + 1e9]
    tape = taped([record(explicit((bounds, counts), (bounds, counts), (moved, counts)))])
    assert [counts_of(tape, row) for row in range(3)] == [counts] * 3
    assert [reals_of(tape, row) for row in range(3)] == [bounds, bounds, moved]
    layouts = tape.distributions[:3, t.LAYOUT].tolist()
    assert layouts[0] == layouts[1] != layouts[2]


@pytest.mark.parametrize(
    ("bounds", "counts", "reason"),
    [
        ([1.0], [1], "schema_mismatch"),
        ([1.0], [1, 1, 1], "schema_mismatch"),
        ([], [1, 1], "schema_mismatch"),
        ([2.0, 1.0], [1, 1, 1], "schema_mismatch"),
        ([1.0, 1.0], [1, 1, 1], "schema_mismatch"),
        ([float("nan")], [1, 1], "schema_mismatch"),
        ([float("inf")], [1, 1], "schema_mismatch"),
        ([1.0], [2**62, 2**62], "schema_mismatch"),
        ([1.0], [2**64 - 1, 1], "schema_mismatch"),
        ([float(place) for place in range(4096)], [0] * 4097, "too_large"),
    ],
)
def test_buckets_that_do_not_fit_are_rejected(bounds: list[float], counts: list[int], reason: str) -> None:
    """Sizes, order, numbers that are none, and sums that would run over."""
    tape = taped([record(explicit((bounds, counts)))])
    assert {name.lower().replace("-", "_"): count for name, count in rejected(tape).items()} == {reason: 1}
    assert points(tape) == 0


def test_the_most_buckets_are_taken() -> None:
    """4,096, with a bound less."""
    tape = taped([record(explicit(([float(place) for place in range(4095)], [1] * 4096)))])
    assert len(counts_of(tape)) == 4096


def test_a_histogram_without_buckets_is_one() -> None:
    """It has a count, and maybe a sum."""
    tape = taped([record(explicit(([], []), ([], [5])))])
    assert (points(tape), counts_of(tape, 0), counts_of(tape, 1)) == (2, [], [5])


@settings(deadline=None)
@given(
    st.integers(-64, 64), st.integers(-(2**31), 2**31 - 1), st.integers(-1000, 1000), COUNTS, COUNTS, st.integers(0, 99)
)
@example(0, 0, 0, [127, 128, 16_383, 16_384, 2**21 - 1, 2**21, 2**28 - 1, 2**28, 2**40], [], 0)
def test_exponential_buckets_of_both_sides(
    scale: int, offset: int, below: int, positive: list[int], negative: list[int], zero: int
) -> None:
    """Counts of one to six bytes each; a side without buckets has no offset."""
    metric = exponential(scale=scale, zero_count=zero, positive=(offset, positive), negative=(below, negative))
    tape = taped([record(metric)])
    assert counts_of(tape) == [*positive, *negative]
    found = tape.distributions[0]
    assert found[[t.LAYOUT, t.ABOVE, t.BELOW, t.ZERO]].tolist() == [scale, len(positive), len(negative), zero]
    assert found[[t.FIRST, t.FIRST_BELOW]].tolist() == [offset if positive else 0, below if negative else 0]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"scale": 65}, "schema_mismatch"),
        ({"scale": -65}, "schema_mismatch"),
        ({"zero_threshold": -1.0}, "schema_mismatch"),
        ({"zero_threshold": float("inf")}, "schema_mismatch"),
        ({"zero_threshold": float("nan")}, "schema_mismatch"),
        ({"zero_count": 2**63}, "schema_mismatch"),
        ({"positive": (0, [2**63, 1])}, "schema_mismatch"),
        ({"positive": (0, [1] * 2049), "negative": (0, [1] * 2048)}, "too_large"),
        ({"positive": (0, [1] * 5000)}, "too_large"),
    ],
)
def test_exponential_buckets_that_do_not_fit_are_rejected(fields: dict[str, Any], reason: str) -> None:
    """Scales of no use, thresholds that are none, and too many buckets on both sides together."""
    tape = taped([record(exponential(**fields))])
    assert {name.lower().replace("-", "_"): count for name, count in rejected(tape).items()} == {reason: 1}


def test_quantiles_that_are_none_are_left_out() -> None:
    """Beyond 0 to 1, and values that are not finite; an observed minimum and maximum are the quantiles 0 and 1."""
    pairs = [
        (0.5, 1.0),
        (1.5, 2.0),
        (-0.1, 2.0),
        (0.9, float("nan")),
        (0.99, float("inf")),
        (0.0, 0.1),
        (-0.0, 7.0),
        (1.0, 9.0),
    ]
    tape = taped([record(summary(*pairs))])
    assert reals_of(tape) == [0.5, 1.0, 0.0, 0.1, 0.0, 7.0, 1.0, 9.0]
    assert struct.pack("<d", reals_of(tape)[4]) == struct.pack("<d", 0.0)


@pytest.mark.parametrize("many", [4096, 4097])
def test_a_summary_has_as_many_quantiles_as_a_histogram_buckets(many: int) -> None:
    """More are too large."""
    tape = taped([record(summary(*((0.5, 1.0) for _ in range(many))))])
    assert points(tape) == (many <= 4096)
