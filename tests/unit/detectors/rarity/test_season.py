from __future__ import annotations

import pytest

from detectors.rarity.season import (
    OFFSET_GAIN,
    OFFSETS_FROM,
    PART_HOURS,
    PARTS,
    QUICK_UNTIL,
    distance,
    level_at,
    offset_gain,
)


@pytest.mark.parametrize(("fraction", "level"), [(0.0, 15.0), (0.25, 17.5), (0.5, 20.0), (0.75, 25.0), (1.0, 30.0)])
def test_between_the_middles_of_hours_the_level_is_interpolated(fraction: float, level: float) -> None:
    """Of 10, 20 and 40."""
    assert level_at(10.0, 20.0, 40.0, fraction) == level


@pytest.mark.parametrize(("value", "found"), [(5.0, 0.0), (3.0, 0.0), (8.0, 0.0), (10.0, 2.0), (1.0, -2.0)])
def test_inside_the_band_there_is_no_distance(value: float, found: float) -> None:
    """Of 3 to 8; outside, the sign is the direction."""
    assert distance(value, 3.0, 8.0) == found


def test_the_parts_make_a_week() -> None:
    """28 times six hours."""
    assert PARTS * PART_HOURS == 7 * 24


def test_offsets_are_learned_after_the_levels_and_fast_at_first() -> None:
    """The whole error of a part in the second week, half of it later."""
    assert offset_gain(OFFSETS_FROM - 1) == 0.0
    assert PART_HOURS * offset_gain(OFFSETS_FROM) == pytest.approx(1.0)
    assert PART_HOURS * offset_gain(QUICK_UNTIL) == pytest.approx(OFFSET_GAIN)
