from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.bank.judging import (
    MATURE_HOURS,
    MATURE_POINTS,
    MATURE_SHIFT,
    QUANTILE_SHARE,
    RANGE_SHARE,
    RESOLUTION,
    floor_of,
    judge,
)
from detectors.bank.layout import ValueKind, ViewCode
from detectors.views import deviation, forecast, novelty, shift, time_of_day
from tests.unit.detectors.bank.rows import SECOND, usual

AT = 2000 * SECOND
MATURE = 1.0 + MATURE_POINTS / 10_000


def test_the_floor_is_rounding_or_a_share_of_the_range() -> None:
    """1e-5 of the value, or 1 % of the known range, whichever is larger."""
    assert floor_of(usual(), 0.0) == pytest.approx(RANGE_SHARE * 20.0)
    assert floor_of(usual(low=0.0, high=0.0), 5.0) == pytest.approx(1e-9 + RESOLUTION * 105.0)
    assert floor_of(usual(low=0.0, high=0.0, origin=0.0), 0.0) == pytest.approx(1e-9)


def test_a_quantile_is_known_to_three_per_cent() -> None:
    """It is read off buckets."""
    assert floor_of(usual(kind=ValueKind.QUANTILE), 0.0) == pytest.approx(QUANTILE_SHARE * 100.0)


def test_a_value_inside_the_range_counts_less() -> None:
    """Nine above the centre, spread 2: 0.6 × 4.5 ÷ (1.7 × 3 × 1.012) by deviation."""
    ratio, view, direction = judge(usual(), AT, 9.0, 0.0)
    assert ratio == pytest.approx(novelty.KNOWN * 4.5 / (deviation.FACTOR * 3.0 * MATURE))
    assert (view, direction) == (ViewCode.DEVIATION, 1)


def test_a_value_outside_of_the_range_counts_whole() -> None:
    """Twelve: 6 ÷ (1.7 × 3 × 1.012); down as up."""
    for value, way in ((12.0, 1), (-12.0, -1)):
        ratio, view, direction = judge(usual(), AT, value, 0.0)
        assert ratio == pytest.approx(6.0 / (deviation.FACTOR * 3.0 * MATURE))
        assert (view, direction) == (ViewCode.DEVIATION, way)


def test_a_heavy_tail_leaves_it_to_the_range() -> None:
    """With a tail of 1,000 usual distances the deviation says nothing: 46 beyond a range of 20 with a slack of 16."""
    ratio, view, direction = judge(usual(tail=1000.0, chart_tail=1000.0), AT, 46.0, 0.0)
    assert ratio == pytest.approx(36.0 / (20.0 + 16.0) / MATURE)
    assert (view, direction) == (ViewCode.RANGE, 1)


def test_a_chart_that_is_far_speaks_of_a_shift() -> None:
    """The chart is moved by the point, and compared with its own tail."""
    one = usual(chart=4.0)
    ratio, view, direction = judge(one, AT, 0.0, 0.0)
    assert one["chart"] == pytest.approx(3.5)
    slowly = 1.0 + MATURE_SHIFT / 10_000
    assert ratio == pytest.approx(3.5 / (shift.FACTOR * 0.9 * slowly))
    assert (view, direction) == (ViewCode.SHIFT, 1)


def test_the_time_of_day_knows_better() -> None:
    """Levels of 0 at this time; a chart at 4 moves to 3.75 and speaks before the quiet others."""
    one = usual(hour_known=1, hour_wide=2.0, hour_chart=4.0, hours_again=100)
    ratio, view, direction = judge(one, AT, 0.0, 0.0)
    seasoned = 1.0 + MATURE_HOURS / 101.0
    assert ratio == pytest.approx(3.75 / (time_of_day.FACTOR * 1.1 * seasoned))
    assert (view, direction) == (ViewCode.TIME_OF_DAY, 1)


def test_what_is_usual_at_this_time_counts_less() -> None:
    """Nine above the centre, but the hour's level is 9: 0.6 × 0.6 of the deviation."""
    one = usual(hour_known=1, hour_wide=2.0, hour_before=9.0, hour_now=9.0, hour_after=9.0, chart_tail=1e6)
    ratio, _, _ = judge(one, AT, 9.0, 0.0)
    assert ratio == pytest.approx(novelty.KNOWN * time_of_day.KNOWN * 4.5 / (deviation.FACTOR * 3.0 * MATURE))


def test_a_limit_that_is_near_is_a_forecast() -> None:
    """A share that rose from 0.7 (slow mean) to 0.9 (short mean), with an hour to look ahead at ten seconds a point."""
    one = usual(origin=0.0, centre=0.9, slow=0.7, spread=0.3, wide=0.2, low=0.0, high=1.0, limit=1.0)
    ratio, view, direction = judge(one, AT, 0.9, 3600.0)
    expected = forecast.ratio(0.9, 0.2, 0.2, 1.0, 360.0) / MATURE
    assert ratio == pytest.approx(expected, rel=1e-4)
    assert (view, direction) == (ViewCode.FORECAST, 1)


@pytest.mark.parametrize(("n", "wider"), [(120, 2.0), (12, 11.0), (1, 121.0)])
def test_young_series_have_wider_limits(n: int, wider: float) -> None:
    """1 + 120/n."""
    old, _, _ = judge(usual(chart_tail=1e6), AT, 9.0, 0.0)
    young, _, _ = judge(usual(n=n, chart_tail=1e6), AT, 9.0, 0.0)
    assert young == pytest.approx(old * MATURE / wider)


def test_judging_moves_charts_and_nothing_else() -> None:
    """Nothing is learned from a point before it is known to be usual."""
    one, before = usual(hour_known=1, hour_wide=2.0), usual(hour_known=1, hour_wide=2.0)
    judge(one, AT, 9.0, 3600.0)
    changed = {name for name in one.dtype.names if not (one[name] == before[name]).all()}
    assert changed == {"chart", "hour_chart"}


@settings(max_examples=50)
@given(
    value=st.floats(-1e30, 1e30),
    origin=st.floats(-1e30, 1e30),
    spread=st.floats(0, 1e6),
    n=st.integers(1, 2**32 - 1),
    hours=st.booleans(),
)
def test_any_point_has_a_finite_ratio(value: float, origin: float, spread: float, n: int, *, hours: bool) -> None:
    """No division by zero and no overflow, however odd the row."""
    one = usual(origin=origin, spread=spread, n=n, hour_known=hours)
    ratio, view, direction = judge(one, AT, value, 3600.0)
    assert 0.0 <= ratio < float("inf")
    assert ViewCode(view) is not ViewCode.NONE
    assert direction in {-1, 1}
