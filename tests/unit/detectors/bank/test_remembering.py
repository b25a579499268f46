from __future__ import annotations

import math

import numpy as np
import pytest

from detectors.bank.layout import Record
from detectors.bank.remembering import HOUR_NS, enter_hour, hour_level
from detectors.views.time_of_day import BLEND
from tests.unit.detectors.bank.rows import row


def day(one: Record, levels: np.ndarray, hours: range, value: float) -> None:
    """So many whole hours at one value."""
    for hour in hours:
        enter_hour(one, hour, levels)
        one["hour_sum"], one["hour_n"] = value * 6, 6


def test_levels_of_the_day_are_known_from_the_second_day_on() -> None:
    """An hour and both of its neighbours must have been seen."""
    one, levels = row(), np.zeros(24, dtype=np.float32)
    day(one, levels, range(24), 5.0)
    assert not one["hour_known"]
    enter_hour(one, 24, levels)
    assert (one["hour_known"], one["hour_before"], one["hour_now"], one["hour_after"]) == (1, 5.0, 5.0, 5.0)
    assert (levels == 5.0).all()


def test_another_day_is_blended_in() -> None:
    """0.3 of the newest day, and the count of hours seen again."""
    one, levels = row(), np.zeros(24, dtype=np.float32)
    day(one, levels, range(24), 5.0)
    day(one, levels, range(24, 48), 15.0)
    enter_hour(one, 48, levels)
    assert levels == pytest.approx(np.full(24, 5.0 + BLEND * 10.0))
    assert one["hours_again"] == 24


def test_an_hour_without_points_teaches_nothing() -> None:
    """Its level stays unknown, and with it those of the hours beside it."""
    one, levels = row(), np.zeros(24, dtype=np.float32)
    day(one, levels, range(10), 5.0)
    enter_hour(one, 10, levels)
    enter_hour(one, 24 + 10, levels)
    assert not one["hour_known"]
    enter_hour(one, 24 + 9, levels)
    assert not one["hour_known"]
    enter_hour(one, 24 + 5, levels)
    assert one["hour_known"]


def test_the_level_of_a_time_lies_between_hours() -> None:
    """In the middle of the hour it is the hour's own."""
    one = row(hour_before=10.0, hour_now=20.0, hour_after=40.0)
    assert hour_level(one, 7 * HOUR_NS + HOUR_NS // 2) == pytest.approx(20.0)
    assert hour_level(one, 7 * HOUR_NS) == pytest.approx(15.0)
    assert math.isclose(hour_level(one, 8 * HOUR_NS - 1), 30.0, rel_tol=1e-6)
