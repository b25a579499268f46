from __future__ import annotations

import math

import numpy as np
import pytest

from detectors.bank.layout import Record
from detectors.bank.remembering import HOUR_NS, enter_hour, enter_minute, hour_level, minute_of, remember
from detectors.views.time_of_day import BLEND
from tests.unit.detectors.bank.rows import MINUTE, row

STEPS = 4


class Ring:
    """A ring of four minutes for twenty series."""

    def __init__(self) -> None:
        self.values = np.zeros((STEPS, 20), dtype=np.float32)
        self.dirty = np.zeros((STEPS, 1), dtype=np.uint32)

    def enter(self, one: Record, minute: int, version: int = 1) -> None:
        enter_minute(one, minute, 3, self.values, self.dirty, version)


@pytest.mark.parametrize(("at", "minute"), [(0, 0), (MINUTE - 1, 0), (MINUTE, 1), (7 * MINUTE + 5, 7), (4 * MINUTE, 4)])
def test_the_minute_of_a_time(at: int, minute: int) -> None:
    """The row's own or another, before or after."""
    assert minute_of(row(minute=5), at, MINUTE) == minute
    assert minute_of(row(minute=minute), at, MINUTE) == minute


def test_a_minutes_mean_is_written_when_it_ends() -> None:
    """Origin and mean of what was remembered; the place is marked as changed, and the sums begin anew."""
    ring, one = Ring(), row(origin=100.0, minute=6)
    for value in (1.0, 2.0, 6.0):
        remember(one, 6, value)
    ring.enter(one, 7, version=9)
    assert ring.values[6 % STEPS, 3] == 103.0
    assert ring.dirty[:, 0].tolist() == [0, 0, 9, 0]
    assert (one["minute"], one["minute_n"], one["minute_sum"], one["ring_filled"]) == (7, 0, 0.0, 1)


def test_skipped_minutes_are_empty() -> None:
    """NaN, so that an old round's value is not read as a new one."""
    ring, one = Ring(), row(minute=0)
    ring.values[:] = 55.0
    remember(one, 0, 1.0)
    ring.enter(one, 3)
    assert ring.values[0, 3] == 1.0
    assert np.isnan(ring.values[1:3, 3]).all()
    assert ring.values[3, 3] == 55.0
    assert one["ring_filled"] == 3


def test_a_long_pause_empties_the_ring_once() -> None:
    """A year later: four places are written, not half a million."""
    ring, one = Ring(), row(minute=2)
    remember(one, 2, 1.0)
    ring.enter(one, 2 + 525_600)
    assert np.isnan(ring.values[:, 3]).all()
    assert one["ring_filled"] == STEPS
    assert not np.isnan(ring.values[:, :3]).any()


def test_a_minute_without_points_is_not_written() -> None:
    """The first point of a series has no minute before it."""
    ring, one = Ring(), row()
    ring.enter(one, 28_000_000)
    assert not ring.dirty.any()
    assert (one["ring_filled"], one["minute"]) == (0, 28_000_000)


def test_a_value_of_an_older_minute_is_too_late_for_the_ring() -> None:
    """And a minute counts at most 65,535 values."""
    one = row(minute=6)
    remember(one, 5, 100.0)
    assert one["minute_n"] == 0
    one["minute_n"] = 65_535
    remember(one, 6, 1.0)
    assert (one["minute_n"], one["minute_sum"]) == (65_535, 0.0)


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
