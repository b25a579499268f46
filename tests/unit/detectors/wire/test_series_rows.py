"""Rows of a table of series."""

from __future__ import annotations

import numpy as np

from detectors.wire.code_index import OVER_LIMIT, OVER_QUOTA
from detectors.wire.series_rows import COLUMNS, SeriesRows


def rows_of(*pairs: tuple[int, int]) -> np.ndarray:
    """Codes of series by their entity and metric."""
    codes = np.zeros((len(pairs), COLUMNS), np.int32)
    codes[:, :2] = np.array(pairs, np.int32).reshape(-1, 2)
    return codes


def test_an_entity_at_its_quota_takes_no_more_and_others_do() -> None:
    """Also within one call; what it has is still found."""
    rows = SeriesRows(limit=10, quota=2)
    numbers, new = rows.admit(rows_of((0, 1), (0, 2), (0, 3), (1, 1), (0, 1)))
    assert (numbers.tolist(), new.tolist()) == ([0, 1, OVER_QUOTA, 2, 0], [0, 1, 2])
    assert (rows.crowded().tolist(), rows.is_full(0), rows.is_full(1)) == ([0], True, False)


def test_a_full_table_refuses_whoever_comes() -> None:
    """The limit is counted by living series."""
    rows = SeriesRows(limit=2, quota=2)
    assert rows.admit(rows_of((0, 1), (1, 1), (2, 1)))[0].tolist() == [0, 1, OVER_LIMIT]
    assert rows.is_full()
    rows.reclaim(np.array([0], np.int32))
    assert (rows.live, rows.size, rows.held(0), rows.is_full()) == (1, 2, 0, False)
    assert rows.admit(rows_of((2, 1)))[0].tolist() == [0]


def test_free_numbers_are_given_lowest_first() -> None:
    """And a row that was reclaimed is found by nobody."""
    rows = SeriesRows(limit=100, quota=100)
    rows.admit(rows_of(*((0, metric) for metric in range(6))))
    assert rows.reclaim(np.array([1, 4], np.int32))[:, 1].tolist() == [1, 4]
    assert rows.find(rows_of((0, 1), (0, 5))).tolist() == [-1, 5]
    assert rows.admit(rows_of((0, 9), (0, 8), (0, 7)))[1].tolist() == [1, 4, 6]


def test_growth_keeps_every_row() -> None:
    """Past the first room for 1,024 rows, in one step and in several."""
    rows = SeriesRows(limit=10_000, quota=10_000)
    for begin in range(0, 5000, 700):
        rows.admit(rows_of(*((metric % 7, metric) for metric in range(begin, min(begin + 700, 5000)))))
    assert rows.find(rows_of(*((metric % 7, metric) for metric in range(5000)))).tolist() == [*range(5000)]
    assert rows.capacity >= rows.size == 5000


def test_an_increment_says_what_rows_lost_and_got() -> None:
    """A copy then admits and refuses as the original does."""
    rows, copy = SeriesRows(limit=4, quota=2), SeriesRows(limit=4, quota=2)
    rows.admit(rows_of((0, 1), (0, 2), (1, 1)))
    copy.extend(rows.since(0))
    position = rows.changes.position
    rows.reclaim(np.array([0, 2], np.int32))
    rows.admit(rows_of((3, 3)))
    lost, got = copy.extend(rows.since(position))
    assert (lost[:, :2].tolist(), got[:, :2].tolist()) == ([[0, 1], [1, 1]], [[3, 3]])
    coming = rows_of((3, 4), (3, 5), (0, 1), (1, 1))
    assert copy.admit(coming)[0].tolist() == rows.admit(coming)[0].tolist() == [2, OVER_QUOTA, 3, OVER_LIMIT]
