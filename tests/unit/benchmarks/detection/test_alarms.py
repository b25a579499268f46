"""False episodes are counted, and bars keep their budgets."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.benchmarks.detection.alarms import Block, Calibration, false_episodes, first_rows, opened, own_bar
from tests.benchmarks.detection.protocol import Rows, Scored, regular

MINUTES = 60.0


def rows(count: int, columns: int) -> Rows:
    return regular(np.zeros((count, columns)), MINUTES, apart=True)


def block(onset: np.ndarray, counted_from: int = 0) -> Block:
    return Block(rows(*onset.shape), counted_from, Scored(onset, onset))


def test_openings_of_each_column_are_its_own() -> None:
    """Rows 0 and 100 of the first column are two episodes, rows 40 and 99 of the second one."""
    hot = np.zeros((200, 2), dtype=bool)
    hot[[0, 100], 0] = hot[[40, 99], 1] = True
    row, column = first_rows(rows(200, 2).at, hot)
    assert list(zip(row.tolist(), column.tolist(), strict=True)) == [(0, 0), (100, 0), (40, 1)]


def test_only_counted_rows_count() -> None:
    """An episode that opened before them does not open again in them."""
    onset = np.zeros((300, 1))
    onset[[90, 110, 250]] = 1.0
    assert false_episodes(block(onset, 100), 1.0) == 1
    assert block(onset, 100).series_days == pytest.approx(199 / 1440)


def test_a_detector_that_opens_episodes_is_counted_as_it_opens_them() -> None:
    """The threshold on its onset is not used."""
    mine = np.zeros((5, 1), dtype=bool)
    mine[[1, 2]] = True
    scored = Scored(np.ones((5, 1)), np.ones((5, 1)), mine)
    assert own_bar(scored, 10) is None
    assert opened(rows(5, 1), scored, own_bar(scored, 10))[0].tolist() == [1, 2]


def test_a_detector_with_bars_is_held_to_them() -> None:
    """Even if it also opens episodes; and one that has neither needs a calibration."""
    onset = np.array([[0.2], [0.9]])
    scored = Scored(onset, onset, np.zeros((2, 1), dtype=bool), {10: 0.5})
    assert opened(rows(2, 1), scored, own_bar(scored, 10))[0].tolist() == [1]
    with pytest.raises(LookupError, match="budget of 10"):
        own_bar(Scored(onset, onset), 10)


def test_the_bar_is_the_lowest_that_keeps_the_budget() -> None:
    """A thousand series for a day, one peak each: at a budget of 10 the tenth largest is the bar."""
    onset = np.zeros((1441, 1000))
    peaks = np.arange(1, 1001) / 1000
    onset[700] = peaks
    calibration = Calibration([block(onset[:, :500]), block(onset[:, 500:])])
    assert calibration.series_days == 1000
    assert [calibration.bar(budget) for budget in (1, 10, 100)] == [1.0, 0.991, 0.901]
    assert calibration.false_episodes(0.991) == 10


def test_a_score_whose_largest_value_is_too_frequent_has_no_bar() -> None:
    """No threshold on it keeps the budget."""
    onset = np.zeros((1441, 100))
    onset[700] = 1.0
    assert Calibration([block(onset)]).bar(10) == math.inf
