from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.views.deviation import CENTRE_GAIN
from detectors.views.forecast import LAG_POINTS, ratio
from detectors.views.shift import SLOW_GAIN


def test_the_lag_of_the_two_means() -> None:
    """A mean of gain g lags by (1/g - 1) points on a ramp: the difference is 512 - 32 = 480 points."""
    assert LAG_POINTS == 480


def test_the_ratio_is_horizon_over_time_left() -> None:
    """0.001 a point from 0.8: 200 points to the limit of 1; a horizon of 400 points is twice as far."""
    slope = 0.001
    assert ratio(0.8, slope * LAG_POINTS, slope * LAG_POINTS, 1.0, 400.0) == pytest.approx(2.0)


def test_a_ramp_through_both_means_gives_its_slope() -> None:
    """The figures that a bank would keep after a long ramp of 0.0001 a point, at 0.9."""
    short = long = 0.0
    value = 0.0
    for _ in range(9000):
        value += 0.0001
        short += CENTRE_GAIN * (value - short)
        long += SLOW_GAIN * (value - long)
    assert ratio(value, short - long, value - long, 1.0, 1000.0) == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize(
    ("level", "lead", "wide"), [(0.8, 0.0, 0.1), (0.8, -0.2, 0.1), (0.8, 0.06, 0.1), (0.49, 0.1, 0.1)]
)
def test_nothing_is_forecast_without_a_steady_rise_near_the_limit(level: float, lead: float, wide: float) -> None:
    """Flat, falling, noisy (the lead is less than 0.7 of the residual), or below half of the limit."""
    assert ratio(level, lead, wide, 1.0, 1000.0) == 0.0


def test_at_and_beyond_the_limit_the_ratio_is_bounded() -> None:
    """No division by zero, and at most 100."""
    for level in (1.0, 1.5, 1e9):
        assert ratio(level, 0.5, 0.5, 1.0, 1e6) == 100.0


@settings(max_examples=50)
@given(st.floats(0, 2), st.floats(-1, 1), st.floats(0, 1), st.sampled_from([1.0, 100.0]), st.floats(0, 1e6))
def test_a_ratio_lies_between_0_and_100(level: float, lead: float, wide: float, limit: float, horizon: float) -> None:
    """Whatever the level."""
    assert 0.0 <= ratio(level * limit, lead * limit, wide * limit, limit, horizon) <= 100.0
