"""The input's clock at each record of a feed."""

from __future__ import annotations

import numpy as np

from aiops.agents.monitor.points import PointFeed, running_times


def feed(*at: int, highest: tuple[int, ...] | None = None) -> PointFeed:
    return PointFeed(
        np.arange(len(at), dtype=np.int32),
        np.array(at, np.int64),
        np.ones(len(at)),
        highest=None if highest is None else np.array(highest, np.int64),
    )


def times(
    points: PointFeed, records: list[int], appended: list[int], since: tuple[int, int] = (0, 0)
) -> list[list[int]]:
    found = running_times(points, np.array(records, np.int32), appended, since=since)
    return [column.tolist() for column in found]


def test_the_clock_never_runs_back() -> None:
    """A record of older points, or with an older append time, leaves it where it is."""
    assert times(feed(10, 30, 20), [0, 1, 2], [5, 9, 7]) == [[10, 30, 30], [5, 9, 9]]


def test_the_clock_goes_on_from_where_it_stood() -> None:
    """Points and records older than the clock do not move it."""
    assert times(feed(10, 90), [0, 1], [5, 60], since=(50, 40)) == [[50, 90], [40, 60]]


def test_a_record_without_points_has_the_time_of_the_one_before() -> None:
    """Record 1 holds no point."""
    assert times(feed(10, 30), [0, 2], [1, 2, 3]) == [[10, 10, 30], [1, 2, 3]]


def test_known_times_of_records_count_instead_of_the_points() -> None:
    """A record may hold newer points than those that are left of it."""
    assert times(feed(10, 20, highest=(15, 12, 40)), [0, 1], [1, 2, 3]) == [[15, 15, 40], [1, 2, 3]]


def test_a_part_of_a_feed_holds_its_points_and_their_starts() -> None:
    """Starts are cut with the points; a feed without starts has parts without starts."""
    points = feed(10, 20, 30)
    part = points.part(1, 3)
    assert (part.series.tolist(), part.at.tolist(), part.start) == ([1, 2], [20, 30], None)
    with_starts = PointFeed(points.series, points.at, points.value, np.array([7, 8, 9], np.int64))
    cut = with_starts.part(1, 3).start
    assert cut is not None
    assert cut.tolist() == [8, 9]
