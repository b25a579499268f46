from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.bank.layout import Record, Tuning, ViewCode
from detectors.bank.rings import rings_of
from detectors.rarity.evidence import EDGE, MARGIN, TOTAL_RATE, asked, judge, ratio_of
from detectors.rarity.layout import TOTAL
from detectors.rarity.point import measure
from tests.unit.detectors.rarity.rows import SECOND, usual

AT = 2000 * SECOND
RATE = 10.0 / (1000 * 86_400.0)
"""Ten false episodes a day of 1,000 series."""


def tuning(rate: float = RATE, horizon: float = 0.0) -> Tuning:
    return Tuning(
        ease=1.0, rate=rate, warm_up=30, late_ns=0, adopt_ns=SECOND, rings=rings_of(60.0, 360), horizon_seconds=horizon
    )


def judged(one: Record, value: float, budget: Tuning | None = None) -> tuple[float, int, int, float]:
    return judge(one, value, measure(one, AT, value, False), budget or tuning())


def test_an_ordinary_point_has_no_evidence() -> None:
    """It is inside every limit."""
    assert judged(usual(), 1.0)[0] == 0.0


@pytest.mark.parametrize(("value", "way"), [(100.0, 1), (-100.0, -1)])
def test_a_point_at_50_spreads_opens_an_episode(value: float, way: int) -> None:
    """Alone, up or down."""
    ratio, view, direction, nats = judged(usual(), value)
    assert ratio > 1.0
    assert ViewCode(view) in {ViewCode.DEVIATION, ViewCode.RANGE}
    assert direction == way
    assert nats > 20.0


def test_a_value_inside_the_known_range_is_no_episode_by_itself() -> None:
    """The series was there before: 9 of a range to 10 at a spread of 0.05."""
    assert judged(usual(spread=0.05), 9.0)[0] < 1.0


def test_a_shift_of_the_medium_mean_is_told_as_one() -> None:
    """Two above the centre, where 0.2 is usual."""
    ratio, view, direction, _ = judged(usual(medium=2.0, fast=2.0), 2.0)
    assert ratio > 1.0
    assert (view, direction) == (ViewCode.SHIFT, 1)


@pytest.mark.parametrize(("rough", "way"), [(6.0, 1), (0.1, -1)])
def test_another_spread_is_told_as_roughness(rough: float, way: int) -> None:
    """Three times the usual differences, or hardly any."""
    ratio, view, direction, _ = judged(usual(rough=rough), 0.5)
    assert ratio > 1.0
    assert (view, direction) == (ViewCode.ROUGHNESS, way)


def test_a_flat_line_is_told_as_one() -> None:
    """Three hundred equal values where three in a row were the most."""
    ratio, view, _, _ = judged(usual(run=300.0, before=1.0), 1.0)
    assert ratio > 1.0
    assert view == ViewCode.FLAT


def test_the_wrong_hour_is_told_as_the_season() -> None:
    """Usual at another time of day: inside the range, but 20 usual distances below this hour's level."""
    one = usual(
        hour_known=1, hours_again=500, hour_before=9.0, hour_now=9.0, hour_after=9.0, season_spread=0.6,
        season_chart=-9.0,
    )  # fmt: skip
    ratio, view, direction, _ = judged(one, 0.0)
    assert ratio > 1.0
    assert (view, direction) == (ViewCode.TIME_OF_DAY, -1)


def test_one_more_of_a_constant_is_no_episode() -> None:
    """13 sockets instead of 12."""
    sockets = usual(
        origin=12.0, spread=0.0, rough=0.0, rough_usual=0.0, low=0.0, high=0.0, repeats=1.0, longest_run=1e4
    )
    assert judged(sockets, 1.0)[0] < 1.0


def test_no_single_change_of_a_discrete_series_is_an_episode() -> None:
    """However large; it must last."""
    idle = usual(origin=0.0, spread=0.0, rough=0.0, rough_usual=0.0, low=0.0, high=0.0, repeats=1.0, longest_run=1e4)
    assert judged(idle, 1e6)[0] < 1.0
    ratios = [judged(idle, 1e6)[0] for _ in range(12)]
    assert ratios[-1] > 1.0


def test_a_state_that_is_over_is_no_evidence() -> None:
    """After one error the charts of an idle series are still raised, and the series is idle again."""
    idle = usual(origin=0.0, spread=0.0, rough=0.0, rough_usual=0.0, low=0.0, high=0.0, repeats=1.0, longest_run=1e4)
    judged(idle, 50.0)
    assert judged(idle, 0.0)[0] == 0.0


def test_a_limit_that_is_near_is_a_forecast() -> None:
    """A share that rose from 0.7 (centre) to 0.9 (medium mean), with an hour to look ahead at ten seconds a point."""
    one = usual(
        origin=0.0, centre=0.7, medium=0.2, fast=0.2, spread=0.2, fast_spread=1.0, medium_spread=1.0, low=0.0, high=1.0,
        before=0.9, limit=1.0,
    )  # fmt: skip
    ratio, view, direction, _ = judged(one, 0.9, tuning(horizon=3600.0))
    assert (view, direction) == (ViewCode.FORECAST, 1)
    assert ratio == pytest.approx(360.0 * 0.2 / (448.0 * 0.1), rel=0.1)


def test_the_edge_is_where_the_budget_is() -> None:
    """Ratio 1 at the limit and what is asked beyond it, in reaches; a smaller budget asks for more."""
    one = usual(n=4_000_000_000)
    beyond = 1.3 * asked(one, RATE)
    assert ratio_of(one, 5.0 + beyond, RATE) == pytest.approx(1.0, rel=1e-3)
    assert ratio_of(one, 5.0, RATE) == EDGE
    assert ratio_of(one, 5.0 + beyond, RATE / 10) < 1.0


def test_a_tenth_of_the_budget_asks_for_ln_10_more() -> None:
    """And a series that is seen ten times as often, too."""
    often = usual(interval=1.0)
    assert asked(usual(), RATE / 10) - asked(usual(), RATE) == pytest.approx(math.log(10))
    assert asked(often, RATE) - asked(usual(), RATE) == pytest.approx(math.log(10))
    assert asked(usual(), RATE) == pytest.approx(math.log(TOTAL_RATE / (10.0 * RATE)) + MARGIN)


def test_a_young_series_needs_more_evidence() -> None:
    """Its tail is known from few clusters."""
    assert ratio_of(usual(n=300), 15.0, RATE) < ratio_of(usual(n=300_000), 15.0, RATE)


def test_the_peak_of_the_sum_is_kept_for_its_tail() -> None:
    """Also of a point that is flagged."""
    one = usual()
    _, _, _, nats = judged(one, 100.0)
    assert one["tails"][TOTAL + 2] == pytest.approx(nats)


@settings(max_examples=60, deadline=None)
@given(
    value=st.floats(-1e30, 1e30),
    spread=st.floats(0, 1e6),
    n=st.integers(30, 2**32 - 1),
    hours=st.booleans(),
)
def test_any_point_has_a_finite_ratio(value: float, spread: float, n: int, *, hours: bool) -> None:
    """However odd the row."""
    ratio, view, direction, nats = judged(
        usual(spread=spread, n=n, hour_known=hours, hours_again=9 * hours), value, tuning(horizon=3600.0)
    )
    assert 0.0 <= ratio < float("inf")
    assert 0.0 <= nats < 400.0
    assert ViewCode(view) is not ViewCode.NONE
    assert direction in {-1, 1}
