"""Differences of exponential histograms, against histograms as objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.wire import tape as t
from detectors.wire.compiling import compiled
from detectors.wire.exponential_interval import WIDEST, subtract, whole
from detectors.wire.histograms import HistogramMemory, HistogramState
from detectors.wire.interval_loop import derive, make_derived
from tests.unit.detectors.wire.oracle_buckets import ExponentialBuckets
from tests.unit.detectors.wire.taped import record, taped
from tests.unit.detectors.wire.test_walk_buckets import exponential


@compiled
def _subtract(kept, tape, sides):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 (numba infers them)
    return subtract(kept, np.int64(0), tape, np.int64(0), sides)


@compiled
def _whole(tape, sides):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    return whole(tape, np.int64(0), sides)


@dataclass(frozen=True)
class Interval:
    """What was observed, by index of the bucket; buckets without a count are left out."""

    scale: int
    threshold: float
    zero: int
    above: dict[int, int]
    below: dict[int, int]


BUCKETS = st.builds(
    ExponentialBuckets,
    scale=st.integers(-4, 6),
    threshold=st.sampled_from([0.0, 0.0, 0.25, 1.0, 3.0]),
    zero=st.integers(0, 50),
    offset=st.integers(-40, 40),
    positive=st.lists(st.integers(0, 99), max_size=12).map(tuple),
    negative_offset=st.integers(-40, 40),
    negative=st.lists(st.integers(0, 99), max_size=6).map(tuple),
)


def tape_of(buckets: ExponentialBuckets) -> t.Tape:
    sides = {
        "positive": (buckets.offset, buckets.positive),
        "negative": (buckets.negative_offset, buckets.negative),
    }
    fields = {"scale": buckets.scale, "zero_count": buckets.zero, "zero_threshold": buckets.threshold, **sides}
    return taped([record(exponential(**fields))])


def remembered(buckets: ExponentialBuckets) -> HistogramState:
    """The state after one point of one series."""
    tape = tape_of(buckets)
    kept = HistogramMemory().room_for(1, 1, len(buckets.positive) + len(buckets.negative))
    derive(tape, np.zeros(1, np.int32), kept, make_derived(1, 0))
    return kept


def interval(side: Any, sides: np.ndarray) -> Interval:
    scale, threshold, zero, begin, size, begin_below, size_below = side
    work = (sides[0, :size], sides[1, :size_below])
    above, below = (
        {int(first) + place: int(count) for place, count in enumerate(counts.tolist()) if count}
        for first, counts in zip((begin, begin_below), work, strict=True)
    )
    return Interval(int(scale), float(threshold), int(zero), above, below)


def expected(buckets: ExponentialBuckets) -> Interval:
    above = {buckets.offset + place: count for place, count in enumerate(buckets.positive) if count}
    below = {buckets.negative_offset + place: count for place, count in enumerate(buckets.negative) if count}
    return Interval(buckets.scale, buckets.threshold, buckets.zero, above, below)


@settings(deadline=None)  # the first call compiles
@given(BUCKETS, BUCKETS)
@example(ExponentialBuckets(0, 0.0, 0, 0, (5,)), ExponentialBuckets(3, 0.0, 0, 0, (1,) * 8))
@example(ExponentialBuckets(3, 0.0, 0, -1, (9,)), ExponentialBuckets(0, 0.0, 0, -1, (9,)))
def test_the_difference_is_taken_at_the_coarser_scale_and_the_larger_threshold(
    earlier: ExponentialBuckets, later: ExponentialBuckets
) -> None:
    """Whatever the two look like; where a count fell, that is told."""
    sides = np.full((2, WIDEST), 77, np.int64)
    side, comparable, sound = _subtract(remembered(earlier), tape_of(later), sides)
    found = later.minus(earlier)
    assert found is not None
    assert comparable
    assert interval(side, sides) == expected(found)
    assert sound == (min(found.all_counts) >= 0)


@settings(deadline=None)
@given(BUCKETS, BUCKETS)
def test_what_grew_since_is_what_was_added(earlier: ExponentialBuckets, added: ExponentialBuckets) -> None:
    """A series that goes on at one scale gives back exactly what it counted in between."""
    size = max(len(earlier.positive), len(added.positive))
    one = (earlier.positive + (0,) * size)[:size]
    more = (added.positive + (0,) * size)[:size]
    then = ExponentialBuckets(2, 0.0, earlier.zero, earlier.offset, one)
    now = ExponentialBuckets(
        2, 0.0, earlier.zero + added.zero, earlier.offset, tuple(a + b for a, b in zip(one, more, strict=True))
    )
    sides = np.empty((2, WIDEST), np.int64)
    side, comparable, sound = _subtract(remembered(then), tape_of(now), sides)
    assert comparable
    assert sound
    assert interval(side, sides) == expected(ExponentialBuckets(2, 0.0, added.zero, earlier.offset, more))


def test_points_whose_buckets_lie_far_apart_are_no_history() -> None:
    """The work would be as wide as the gap."""
    near, far = ExponentialBuckets(0, 0.0, 0, 0, (1,)), ExponentialBuckets(0, 0.0, 0, WIDEST, (1,))
    edge = ExponentialBuckets(0, 0.0, 0, WIDEST - 1, (1,))
    sides = np.empty((2, WIDEST), np.int64)
    assert not _subtract(remembered(near), tape_of(far), sides)[1]
    assert not _subtract(remembered(far), tape_of(near), sides)[1]
    assert _subtract(remembered(near), tape_of(edge), sides)[1]


def test_indexes_at_the_ends_of_their_range_do_not_run_over() -> None:
    """Offsets are 32 bits wide, and scales may differ by 128 steps."""
    low, high = ExponentialBuckets(64, 0.0, 0, -(2**31), (1,)), ExponentialBuckets(-64, 0.0, 0, 2**31 - 1, (1,))
    sides = np.empty((2, WIDEST), np.int64)
    for earlier, later in ((low, high), (high, low)):
        found = later.minus(earlier)
        _, comparable, _ = _subtract(remembered(earlier), tape_of(later), sides)
        assert comparable == (found is not None)


@settings(deadline=None)
@given(BUCKETS)
def test_the_whole_is_what_the_point_itself_says(buckets: ExponentialBuckets) -> None:
    """After a reset and for deltas."""
    sides = np.empty((2, WIDEST), np.int64)
    found = interval(_whole(tape_of(buckets), sides), sides)
    offset = buckets.offset if buckets.positive else 0
    below = buckets.negative_offset if buckets.negative else 0
    same = ExponentialBuckets(
        buckets.scale, buckets.threshold, buckets.zero, offset, buckets.positive, below, buckets.negative
    )
    assert found == expected(same)
