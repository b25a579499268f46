"""From histogram and summary points to quantiles and means."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.wire import tape as t
from detectors.wire.histograms import HistogramMemory
from detectors.wire.interval_loop import MEAN, derive, make_derived
from tests.unit.detectors.wire.oracle_buckets import QUANTILES, ExplicitBuckets, quantiles
from tests.unit.detectors.wire.taped import AT, points, record, taped
from tests.unit.detectors.wire.test_walk_distributions import DELTA, metric

SECOND = 1_000_000_000
BOUNDS = [1.0, 2.0, 4.0]


def hist(
    at: int, counts: list[int], *, begun: int = 1, bounds: list[float] | None = None, **fields: Any
) -> dict[str, Any]:
    """A point ``at`` seconds after the first, begun so many seconds before it."""
    held = {"bucket_counts": counts, "explicit_bounds": BOUNDS if bounds is None else bounds, "count": sum(counts)}
    start = AT - 1000 * SECOND + begun * SECOND
    return {"time_unix_nano": AT + at * SECOND, "start_time_unix_nano": start, **held, **fields}


def derived(
    *fields: dict[str, Any], form: str = "histogram", temporality: int = 2, most: int | None = None
) -> list[Any]:
    """What each point of one series gives: pairs of quantile and value."""
    tape = taped([record(metric(form, *fields, temporality=temporality))])
    size = points(tape)
    assert size == len(fields)
    kept = HistogramMemory().room_for(1, size, int(tape.cursor[t.FILLED_COUNTS]))
    if most is not None:
        kept = kept._replace(most=most)
    out = make_derived(size, int(tape.cursor[t.FILLED_REALS]))
    series = np.zeros(size, np.int32)
    derive(tape, series, kept, out)
    given_ = zip(*(column[: out.cursor[0]].tolist() for column in (out.point, out.quantile, out.value)), strict=True)
    found: list[Any] = [[] for _ in range(size)]
    for point, quantile, value in given_:
        found[point].append((quantile, value))
    return ["refused" if taken < 0 else pairs for taken, pairs in zip(series.tolist(), found, strict=True)]


def shown(counts: list[int]) -> list[tuple[float, float]]:
    """Quantiles of explicit buckets as objects."""
    found = quantiles(ExplicitBuckets(tuple(BOUNDS), tuple(counts)))
    return [] if found is None else list(zip(QUANTILES, found, strict=True))


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.lists(st.integers(0, 99), min_size=4, max_size=4), min_size=1, max_size=6))
def test_a_cumulative_point_shows_what_came_since_the_last(steps: list[list[int]]) -> None:
    """The first shows nothing: nobody knows how long it was counting."""
    totals = np.cumsum(np.array(steps), axis=0).tolist()
    found = derived(*(hist(at, counts) for at, counts in enumerate(totals)))
    assert found[0] == []
    for pairs, step in zip(found[1:], steps[1:], strict=True):
        assert [value for _, value in pairs] == pytest.approx([value for _, value in shown(step)])


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 99), min_size=4, max_size=4), min_size=1, max_size=4))
def test_a_delta_shows_itself(steps: list[list[int]]) -> None:
    """From the first point on, in any order of times."""
    found = derived(*(hist(-at, counts) for at, counts in enumerate(steps)), temporality=DELTA)
    for pairs, step in zip(found, steps, strict=True):
        assert [value for _, value in pairs] == pytest.approx([value for _, value in shown(step)])


def test_a_later_start_is_a_new_accumulation() -> None:
    """All of it is new, also where no count fell."""
    assert derived(hist(0, [1, 1, 1, 1]), hist(1, [2, 2, 2, 2], begun=5))[1] == shown([2, 2, 2, 2])


def test_a_count_that_fell_is_a_new_accumulation() -> None:
    """Senders without a start time restart too."""
    assert derived(hist(0, [9, 1, 1, 1], begun=-(10**6)), hist(1, [2, 5, 2, 2], begun=-(10**6)))[1] == shown(
        [2, 5, 2, 2]
    )


def test_other_bounds_are_not_compared_and_the_next_point_goes_on_from_them() -> None:
    """Nothing is shown for the one interval."""
    other = [1.0, 2.0, 5.0]
    found = derived(hist(0, [1, 1, 1, 1]), hist(1, [2, 2, 2, 2], bounds=other), hist(2, [2, 3, 2, 2], bounds=other))
    assert found[:2] == [[], []]
    assert [value for _, value in found[2]] == pytest.approx([1.5, 1.99])


@pytest.mark.parametrize("at", [0, -5])
def test_a_point_that_is_not_later_shows_nothing_and_is_not_remembered(at: int) -> None:
    """A repeated or late point must not take the place of the newest."""
    found = derived(hist(0, [1, 1, 1, 1]), hist(at, [0, 0, 0, 0]), hist(1, [3, 1, 1, 1]))
    assert found[1] == []
    assert found[2] == shown([2, 0, 0, 0])


def test_nothing_observed_shows_nothing() -> None:
    """A quantile of no values is none."""
    assert derived(hist(0, [1, 1, 1, 1]), hist(1, [1, 1, 1, 1]))[1] == []


def test_a_histogram_without_bounds_shows_the_mean_of_the_interval() -> None:
    """And nothing where it has no sum, or where nothing was observed."""
    plain: dict[str, Any] = {"bounds": []}
    found = derived(
        hist(0, [10], sum=50.0, **plain),
        hist(1, [14], sum=58.0, **plain),
        hist(2, [14], sum=58.0, **plain),
        hist(3, [15], **plain),
    )
    assert found == [[], [(MEAN, 2.0)], [], []]


def test_a_summary_shows_its_quantiles_and_the_mean_of_the_interval() -> None:
    """Its quantiles are already those of a time that the sender chose, so the first point has them too."""
    pair = [{"quantile": 0.5, "value": 3.0}]
    fields = [{"count": 4, "sum": 8.0, "quantile_values": pair}, {"count": 6, "sum": 18.0, "quantile_values": pair}]
    timed = [{**each, "time_unix_nano": AT + at, "start_time_unix_nano": AT - 5} for at, each in enumerate(fields)]
    assert derived(*timed, form="summary") == [[(0.5, 3.0)], [(MEAN, 5.0), (0.5, 3.0)]]


def test_a_point_that_memory_has_no_room_for_is_refused() -> None:
    """Its series' last point stays, and a smaller one may still come."""
    assert derived(hist(0, [1, 1, 1, 1]), most=3) == ["refused"]
    assert derived(hist(0, [1, 1, 1, 1]), hist(1, [2, 1, 1, 1]), most=4) == [[], shown([1, 0, 0, 0])]


def test_deltas_need_no_memory() -> None:
    """They are complete in themselves."""
    assert derived(hist(0, [1, 1, 1, 1]), temporality=DELTA, most=0) == [shown([1, 1, 1, 1])]


def test_a_point_without_a_series_gives_nothing() -> None:
    """Its series was over the limit, or its identity too long."""
    tape = taped([record(metric("histogram", hist(0, [1, 1, 1, 1]), temporality=DELTA))])
    out = make_derived(1, 3)
    derive(tape, np.full(1, -2, np.int32), HistogramMemory().room_for(1, 1, 4), out)
    assert out.cursor[0] == 0


def test_derived_series_have_hashes_of_their_own() -> None:
    """Made from the point's and the quantile, so the same in every poll."""
    tape = taped([record(metric("histogram", hist(0, [1, 1, 1, 1]), hist(1, [1, 1, 1, 1]), temporality=DELTA))])
    out = make_derived(2, 3)
    derive(tape, np.zeros(2, np.int32), HistogramMemory().room_for(1, 2, 8), out)
    hashes = out.hashes[:4].tolist()
    assert hashes[:2] == hashes[2:]
    assert len({*hashes, int(tape.hashes[0])}) == 3


@pytest.mark.parametrize(("distributions", "reals"), [(0, 0), (1, 0), (3, 8192)])
def test_there_is_room_for_what_points_can_give(distributions: int, reals: int) -> None:
    """Two quantiles of buckets each, and every quantile of a summary with a mean."""
    out = make_derived(distributions, reals)
    assert len(out.value) >= max(2 * distributions, distributions + reals // 2)
    assert out.cursor[0] == 0
