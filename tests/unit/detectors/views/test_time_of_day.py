from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.views.time_of_day import chart_after, level_at


@pytest.mark.parametrize(("fraction", "level"), [(0.0, 15.0), (0.25, 17.5), (0.5, 20.0), (0.75, 25.0), (1.0, 30.0)])
def test_levels_are_joined_between_the_middles_of_hours(fraction: float, level: float) -> None:
    """Hours of 10, 20 and 40: the middle of the hour is 20, its edges lie half-way to the neighbours."""
    assert level_at(10.0, 20.0, 40.0, fraction) == pytest.approx(level)


@settings(max_examples=50)
@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_levels_do_not_jump_between_hours(before: float, now: float, after: float) -> None:
    """The end of one hour is the beginning of the next."""
    end = level_at(before, now, after, 1.0)
    assert level_at(now, after, before, 0.0) == pytest.approx(end, rel=1e-9, abs=1e-6)


@settings(max_examples=50)
@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0, 1))
def test_a_level_lies_between_its_hours(before: float, now: float, after: float, fraction: float) -> None:
    """Interpolation never goes beyond what was learned."""
    level = level_at(before, now, after, fraction)
    assert min(before, now, after) - 1e-6 <= level <= max(before, now, after) + 1e-6


def test_the_chart_of_the_day_moves_a_sixteenth() -> None:
    """Half as fast as the mean shift's."""
    assert chart_after(0.0, 4.0, 2.0) == pytest.approx(0.125)
