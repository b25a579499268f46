from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.bank.layout import ValueKind
from detectors.rarity.point import QUANTILE_SHARE, RANGE_SHARE, RESOLUTION, floor_of, measure
from tests.unit.detectors.rarity.rows import SECOND, usual

AT = 2000 * SECOND


def test_the_floor_is_rounding_or_a_share_of_the_range() -> None:
    """1e-5 of the value, or 0.2 % of the known range, whichever is larger."""
    assert floor_of(usual(), 0.0) == pytest.approx(RANGE_SHARE * 20.0)
    assert floor_of(usual(low=0.0, high=0.0), 5.0) == pytest.approx(1e-9 + RESOLUTION * 105.0)
    assert floor_of(usual(low=0.0, high=0.0, origin=0.0), 0.0) == pytest.approx(1e-9)


def test_a_quantile_is_known_to_three_per_cent() -> None:
    """It is read off buckets."""
    assert floor_of(usual(kind=ValueKind.QUANTILE), 0.0) == pytest.approx(QUANTILE_SHARE * 100.0)


def test_one_more_of_a_discrete_number_is_a_small_change() -> None:
    """A series that repeats its values has a tenth of the value as least distance: 13 for 12 is less than that."""
    sockets = usual(origin=12.0, spread=0.0, low=0.0, high=0.0, repeats=1.0)
    seen = measure(sockets, AT, 1.0, False)
    assert seen.discrete
    assert seen.point / seen.point_usual < 1.0


def test_the_scales_see_what_is_theirs() -> None:
    """A step of 8 from the centre: all of it in the point, 1/8 less 1/64 in the fast mean, 1/64 in the medium one."""
    seen = measure(usual(), AT, 8.0, False)
    assert (seen.residual, seen.point) == (8.0, 8.0)
    assert seen.fast == pytest.approx(8.0 / 8 - 8.0 / 64)
    assert seen.medium == pytest.approx(8.0 / 64)


def test_a_point_moves_the_means_by_at_most_six_spreads() -> None:
    """But it is measured whole."""
    seen = measure(usual(), AT, 1000.0, False)
    assert (seen.point, seen.step) == (1000.0, 12.0)


def test_a_repeated_value_is_counted() -> None:
    """Until another one comes."""
    one = usual(before=3.0)
    for run in (1.0, 2.0):
        assert measure(one, AT, 3.0, False).change == 0.0
        assert one["run"] == run
    measure(one, AT, 4.0, False)
    assert one["run"] == 0.0


def test_a_value_that_float32_rounds_is_still_a_repeat() -> None:
    """The row keeps the value before as float32."""
    one = usual()
    measure(one, AT, 0.1, False)
    assert measure(one, AT, 0.1, False).change == 0.0


def test_the_season_is_measured_from_its_band() -> None:
    """At a level of 9 the value 9 has no distance; the chart follows values that do."""
    one = usual(hour_known=1, hours_again=100, hour_before=9.0, hour_now=9.0, hour_after=9.0, season_spread=1.0)
    assert measure(one, AT, 9.0, False).season == 0.0
    assert measure(one, AT, 1.0, False).season == pytest.approx(-8.0 / 8)


def test_a_season_with_weight_is_taken_away_first() -> None:
    """The residual is what the season does not explain."""
    one = usual(hour_known=1, season_weight=1.0, hour_before=9.0, hour_now=9.0, hour_after=9.0)
    assert measure(one, AT, 9.0, False).residual == pytest.approx(0.0)


def test_measuring_moves_charts_and_nothing_else() -> None:
    """Nothing is learned from a point before it is known to be usual."""
    one, before = usual(hour_known=1, hours_again=9), usual(hour_known=1, hours_again=9)
    measure(one, AT, 9.0, False)
    changed = {name for name in one.dtype.names if one[name].tobytes() != before[name].tobytes()}
    assert changed == {"fast", "medium", "before", "rough", "season_chart"}


@settings(max_examples=60, deadline=None)
@given(
    value=st.floats(-1e30, 1e30),
    origin=st.floats(-1e30, 1e30),
    spread=st.floats(0, 1e6),
    n=st.integers(1, 2**32 - 1),
    hours=st.booleans(),
)
def test_any_point_has_finite_statistics(value: float, origin: float, spread: float, n: int, *, hours: bool) -> None:
    """No division by zero and no overflow, however odd the row."""
    one = usual(origin=origin, spread=spread, n=n, hour_known=hours, hours_again=9 * hours)
    assert all(math.isfinite(figure) for figure in measure(one, AT, value, False))
