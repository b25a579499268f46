"""The season of a series: what an hour teaches, what is loaded, and how levels are stored."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.bank.layout import HOURS, Record
from detectors.rarity import season_state
from detectors.rarity.season_state import HOUR_NS, away, enter_hour, hour_level, level_of, remember, store, usual
from tests.unit.detectors.rarity.rows import row, season_of


def day(one: Record, state: Record, hours: range, value: float) -> None:
    """So many whole hours at one value."""
    for hour in hours:
        enter_hour(one, hour, state)
        for _ in range(6):
            remember(one, value)


def test_levels_of_the_day_are_known_from_the_second_day_on() -> None:
    """An hour and both of its neighbours must have been seen."""
    one, state = row(), season_of()
    day(one, state, range(24), 5.0)
    assert not one["hour_known"]
    enter_hour(one, 24, state)
    assert one["hour_known"] == 1
    assert [float(one[name]) for name in ("hour_before", "hour_now", "hour_after")] == pytest.approx([5.0] * 3)


def test_another_day_is_blended_in_as_a_plain_mean() -> None:
    """The second day counts half, the third a third."""
    one, state = row(), season_of()
    for number, value in enumerate((5.0, 15.0, 40.0)):
        day(one, state, range(24 * number, 24 * (number + 1)), value)
    enter_hour(one, 72, state)
    assert [level_of(state, hour) for hour in range(HOURS)] == pytest.approx([20.0] * 24, rel=1e-3)
    assert one["hours_again"] == 48


def test_a_weekend_is_learned_in_two_weeks() -> None:
    """Five days at 100 and two at 20: on the third Saturday the band is near 20, on its Friday near 100."""
    one, state = row(), season_of()
    first = 24 * 7 * 100 + 24 * 4  # 1970-01-01 was a Thursday: a Monday
    for number in range(14):
        begin = first + 24 * number
        day(one, state, range(begin, begin + 24), 100.0 if number % 7 < 5 else 20.0)
    found = {}
    for number in range(14, 21):
        for hour in range(24):
            enter_hour(one, first + 24 * number + hour, state)
            for _ in range(6):
                remember(one, 100.0 if number % 7 < 5 else 20.0)
        found[number % 7] = float(one["hour_now"]) + float(one["part_now"])
    assert found[4] == pytest.approx(100.0, abs=8.0)
    assert found[6] == pytest.approx(20.0, abs=16.0)


def test_what_the_last_part_taught_does_not_excuse_this_one() -> None:
    """The band holds the offset of the part before as it was when that part began."""
    one, state = row(hour_n=0, part_now=3.0, hour=5), season_of(unit=1.0)
    state["parts"][0], state["parts"][1] = -70, 4
    season_state.load(one, 6, state)
    assert (one["part_before"], one["part_now"]) == (3.0, 4.0)


def test_a_season_that_explains_is_taken_away() -> None:
    """From a day of repetitions on, if hours differ more from each other than from their season."""
    one, state = row(centre=50.0), season_of()
    for number in range(3):
        for hour in range(24):
            day(one, state, range(24 * number + hour, 24 * number + hour + 1), 40.0 + 2.0 * hour)
    assert one["season_weight"] == 1.0
    assert float(one["centre"]) < 50.0
    assert usual(one, 71 * HOUR_NS) == pytest.approx(float(one["centre"]) + hour_level(one, 71 * HOUR_NS))


def test_a_flat_series_keeps_its_centre() -> None:
    """The hour before explains as much as the season."""
    one, state = row(centre=7.0), season_of()
    day(one, state, range(96), 7.0)
    assert (one["season_weight"], usual(one, 96 * HOUR_NS)) == (0.0, 7.0)


def test_an_hour_without_points_teaches_nothing() -> None:
    """Its level stays unknown, and with it those of the hours beside it."""
    one, state = row(), season_of()
    day(one, state, range(10), 5.0)
    for hour, known in ((10, 0), (34, 0), (33, 0), (29, 1)):
        enter_hour(one, hour, state)
        assert one["hour_known"] == known


def test_the_level_of_a_time_lies_between_hours() -> None:
    """In the middle of the hour it is the hour's own, with the offset of the part of the week."""
    one = row(hour_before=10.0, hour_now=20.0, hour_after=40.0, part_now=1.0)
    assert hour_level(one, 7 * HOUR_NS + HOUR_NS // 2) == pytest.approx(21.0)
    assert hour_level(one, 7 * HOUR_NS) == pytest.approx(16.0)
    assert math.isclose(hour_level(one, 8 * HOUR_NS - 1), 31.0, rel_tol=1e-6)


def test_the_band_reaches_to_both_neighbouring_parts() -> None:
    """At a level of 50 with offsets of -30 before and +5 after: 20 to 55 is usual."""
    one = row(part_before=-30.0, part_now=0.0, part_after=5.0)
    assert [away(one, value, 50.0) for value in (20.0, 55.0, 60.0, 10.0)] == [0.0, 0.0, 5.0, -10.0]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 51), st.floats(-1e30, 1e30)), max_size=30))
def test_stored_levels_are_exact_to_a_part_of_the_largest(levels: list[tuple[int, float]]) -> None:
    """To one unit for each doubling: at most 1/4,000 of the largest level stored."""
    state, held, largest = season_of(), {}, 0.0
    for place, value in levels:
        store(state, place, value)
        held[place] = value
        largest = max(largest, abs(value))
    for place, value in held.items():
        assert level_of(state, place) == pytest.approx(value, rel=1e-6, abs=largest / 1000 + 1e-24)
