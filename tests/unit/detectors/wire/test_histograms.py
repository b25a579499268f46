from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.wire.histograms import (
    ExplicitBuckets,
    ExponentialBuckets,
    HistogramMemory,
    explicit,
    quantiles,
)

COUNTS = st.lists(st.integers(0, 50), max_size=6).map(tuple)
EXPONENTIAL = st.builds(
    ExponentialBuckets,
    scale=st.integers(-3, 6),
    threshold=st.just(0.0),
    zero=st.integers(0, 5),
    offset=st.integers(-20, 20),
    positive=COUNTS,
    negative_offset=st.integers(-20, 20),
    negative=COUNTS,
)


def test_quantiles_interpolate_as_prometheus_does() -> None:
    """Ten observations in (1, 2]: the median lies in the middle of the bucket."""
    assert quantiles(ExplicitBuckets((1.0, 2.0, 4.0), (0, 10, 0, 0))) == pytest.approx((1.5, 1.99))


def test_the_open_bucket_gives_its_lower_bound() -> None:
    """What lies above the last bound is said to lie on it."""
    assert quantiles(ExplicitBuckets((1.0, 2.0), (0, 0, 5))) == (2.0, 2.0)


def test_the_first_bucket_begins_at_zero() -> None:
    """With a positive first bound, values are taken to be positive; else the bound itself is given."""
    assert quantiles(ExplicitBuckets((10.0,), (10, 0))) == pytest.approx((5.0, 9.9))
    assert quantiles(ExplicitBuckets((-1.0, 1.0), (10, 0, 0))) == (-1.0, -1.0)


def test_nothing_observed_gives_no_quantiles() -> None:
    """Neither does a histogram of one bucket, which has no bound."""
    assert quantiles(ExplicitBuckets((1.0,), (0, 0))) is None
    assert quantiles(ExplicitBuckets((), (7,))) is None


def test_exponential_buckets_interpolate_exponentially() -> None:
    """At scale 0 bucket 2 is (4, 8]; its middle on the logarithmic scale is 4 times root 2."""
    found = quantiles(ExponentialBuckets(0, 0.0, 0, 2, (10,)))
    assert found is not None
    assert found[0] == pytest.approx(4 * math.sqrt(2))


def test_the_first_cumulative_point_has_no_interval() -> None:
    """Nor have repeated and late points; the next one has the difference."""
    memory = HistogramMemory()
    assert memory.interval(0, 10, 1, ExplicitBuckets((1.0,), (1, 2))) is None
    assert memory.interval(0, 10, 1, ExplicitBuckets((1.0,), (1, 2))) is None
    assert memory.interval(0, 9, 1, ExplicitBuckets((1.0,), (0, 1))) is None
    assert memory.interval(0, 20, 1, ExplicitBuckets((1.0,), (4, 2))) == ExplicitBuckets((1.0,), (3, 0))


@pytest.mark.parametrize("start", [5, 1])
def test_after_a_reset_everything_is_new(start: int) -> None:
    """A later start, or a count that fell, means that the counts began again."""
    memory = HistogramMemory()
    memory.interval(0, 10, 1, ExplicitBuckets((1.0,), (10, 20)))
    after = ExplicitBuckets((1.0,), (3, 1))
    assert memory.interval(0, 20, start, after) == after


def test_new_bounds_are_not_compared_with_old_ones() -> None:
    """The point after a change of bounds has no interval, the one after it has."""
    memory = HistogramMemory()
    memory.interval(0, 10, 1, ExplicitBuckets((1.0,), (1, 1)))
    assert memory.interval(0, 20, 1, ExplicitBuckets((2.0,), (1, 1))) is None
    assert memory.interval(0, 30, 1, ExplicitBuckets((2.0,), (1, 2))) == ExplicitBuckets((2.0,), (0, 1))


def test_a_histogram_without_buckets_may_precede_one_with_a_single_bucket() -> None:
    """Both have no bounds, and still cannot be compared."""
    memory = HistogramMemory()
    memory.interval(0, 10, 1, ExplicitBuckets((), ()))
    assert memory.interval(0, 20, 1, ExplicitBuckets((), (3,))) is None


@given(EXPONENTIAL, st.integers(0, 3))
def test_a_change_of_scale_loses_no_count(buckets: ExponentialBuckets, shift: int) -> None:
    """The difference to an earlier point at another scale has exactly the counts that were added."""
    earlier = buckets._at(buckets.scale - shift)
    found = buckets.minus(earlier)
    assert found is not None
    assert sum(found.all_counts) == 0
    assert all(count == 0 for count in found.all_counts)


@given(st.lists(st.one_of(EXPONENTIAL, st.just(ExplicitBuckets((1.0, 2.0), (1, 2, 3)))), max_size=5))
def test_snapshots_come_back(points: list[ExponentialBuckets | ExplicitBuckets]) -> None:
    """A restored memory gives the same arrays, and goes on as the old one would."""
    memory = HistogramMemory()
    for series, buckets in enumerate(points):
        memory.interval(series, 10, 1, buckets)
    restored = HistogramMemory.from_arrays(memory.to_arrays())
    assert restored._last == memory._last


@given(EXPONENTIAL)
def test_quantiles_are_ordered_and_inside_the_buckets(buckets: ExponentialBuckets) -> None:
    """The median is not above p99, and both lie between the outermost bounds."""
    found = quantiles(buckets)
    if found is not None:
        cells = buckets.cells()
        assert cells[0][0] * (1 + 1e-9) - 1e-9 <= found[0] <= found[1] * (1 + 1e-9) + 1e-9
        assert found[1] <= cells[-1][1] * (1 + 1e-9) + 1e-9


@pytest.mark.parametrize(
    ("bounds", "counts"),
    [([1.0], [1]), ([2.0, 1.0], [1, 1, 1]), ([float("nan")], [1, 1]), ([1.0], [1, 2**64 - 1])],
)
def test_buckets_that_do_not_fit_are_none(bounds: list[float], counts: list[int]) -> None:
    """Wrong numbers of counts, falling or infinite bounds and absurd counts are refused."""
    assert explicit(bounds, counts) is None
