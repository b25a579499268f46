"""Figures of scores against labels, on examples that were worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aiops.model.durations import SECOND
from tests.benchmarks.detection.figures import Found, Judged, at_rate, average_precision, grade, openings, together

MINUTE = 60 * SECOND


def minutes(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.int64) * MINUTE


def at_rows(count: int, *rows: int) -> np.ndarray:
    result = np.zeros(count)
    result[list(rows)] = 1.0
    return result


def test_average_precision_of_a_ranking() -> None:
    """Ranks 1 and 3 are right: (1/1 + 2/3) / 2."""
    label = np.array([True, False, True, False])
    assert average_precision(label, np.array([0.9, 0.8, 0.7, 0.1])) == pytest.approx((1 + 2 / 3) / 2)


def test_equal_scores_are_one_step() -> None:
    """A constant score has the precision of the label, in whatever order the rows come."""
    label = np.array([True, True, False, False, False])
    assert average_precision(label, np.ones(5)) == average_precision(label[::-1], np.ones(5)) == pytest.approx(0.4)


def test_average_precision_needs_a_labelled_row() -> None:
    """Without one it does not exist."""
    assert math.isnan(average_precision(np.zeros(3, dtype=bool), np.arange(3.0)))


def test_an_episode_opens_after_an_hour_of_quiet() -> None:
    """Rows 61 minutes apart are two episodes, rows an hour apart one, and the first hot row always opens one."""
    hot = at_rows(300, 0, 60, 121, 122, 290) > 0
    assert openings(minutes(300), hot).tolist() == [0, 121, 290]
    assert openings(minutes(300), np.zeros(300, dtype=bool)).tolist() == []


def test_an_event_is_found_by_an_episode_that_opens_in_it() -> None:
    """One that opens before it is false, however long it lasts; the delay counts from the event's first row."""
    judged = Judged(minutes(1441), np.zeros(1441), ((100, 200), (400, 500)))
    found = grade(judged, np.array([50, 110, 180, 900]))
    assert found == Found(2, 1, 2, 1.0, (600.0,))


def test_samples_add_up() -> None:
    """Events, false episodes, days and delays."""
    assert together([Found(2, 1, 3, 1.0, (5.0,)), Found(1, 1, 0, 2.0, (7.0,))]) == Found(3, 2, 3, 3.0, (5.0, 7.0))


def test_the_bar_keeps_the_rate_of_false_episodes() -> None:
    """Two days: the event at 0.7 is had with two false episodes at 0.8; the one at 0.5 would cost a third."""
    onset = np.zeros(2881)
    onset[[500, 1000, 1500, 2000, 2500]] = 0.8, 0.7, 0.8, 0.5, 0.55
    judged = Judged(minutes(2881), onset, ((990, 1010), (1990, 2010)))
    bar, found = at_rate([judged], 1.0)
    assert (bar, found.found, found.false) == (0.7, 1, 2)
    bar, found = at_rate([judged], 2.0)
    assert (found.found, found.false) == (2, 3)


def test_no_bar_is_better_than_one_that_costs_too_much() -> None:
    """A constant score finds nothing."""
    bar, found = at_rate([Judged(minutes(2881), np.ones(2881), ((990, 1010),))], 0.1)
    assert (bar, found.found, found.false) == (math.inf, 0, 0)
