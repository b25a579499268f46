from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.views import shift, time_of_day


def test_a_chart_moves_an_eighth_of_the_way() -> None:
    """From 0 towards a residual of 2 usual sizes: 0.25; and from 2 towards 0: 1.75."""
    assert shift.chart_after(0.0, 4.0, 2.0) == pytest.approx(0.25)
    assert shift.chart_after(2.0, 0.0, 2.0) == pytest.approx(1.75)


def test_a_wild_point_moves_a_chart_no_more_than_four_sizes() -> None:
    """Clipped on both sides."""
    assert shift.chart_after(0.0, 1e12, 2.0) == pytest.approx(0.5)
    assert shift.chart_after(0.0, -1e12, 2.0) == pytest.approx(-0.5)


def test_a_lasting_shift_ends_at_its_own_size() -> None:
    """After 60 points at three usual sizes the chart is at 3."""
    chart = 0.0
    for _ in range(60):
        chart = shift.chart_after(chart, 6.0, 2.0)
    assert chart == pytest.approx(3.0, rel=1e-3)


@pytest.mark.parametrize("view", [shift, time_of_day])
@settings(max_examples=50)
@given(st.floats(-4, 4), st.floats(-1e300, 1e300), st.floats(1e-9, 1e30))
def test_a_chart_never_leaves_its_bounds(view: object, chart: float, residual: float, wide: float) -> None:
    """Between -4 and 4, whatever comes."""
    after = view.chart_after(chart, residual, wide)  # type: ignore[attr-defined]
    assert -4.0 - 1e-9 <= after <= 4.0 + 1e-9
