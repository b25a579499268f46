from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.bank.learning import begin, learn, learn_hour
from detectors.views import deviation, novelty, shift, time_of_day
from tests.unit.detectors.bank.rows import SECOND, row, usual


def test_the_first_point_is_everything() -> None:
    """Level and range are its value, the tails are the least."""
    one = row()
    begin(one, 5.0)
    assert [one[name] for name in ("centre", "slow", "low", "high", "n")] == [5.0, 5.0, 5.0, 5.0, 1]
    tails = (deviation.TAIL_LEAST, shift.TAIL_LEAST, time_of_day.TAIL_LEAST)
    assert [one[name] for name in ("tail", "chart_tail", "hour_tail")] == pytest.approx(tails)


@settings(max_examples=30)
@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30))
def test_at_first_both_means_are_plain_means(values: list[float]) -> None:
    """While the series warms up nothing is clipped: up to 31 points the gain is 1/n."""
    one = row()
    begin(one, values[0])
    for value in values[1:]:
        learn(one, SECOND, value, False)
    assert float(one["centre"]) == pytest.approx(np.mean(values), abs=1e-2)
    assert float(one["slow"]) == pytest.approx(np.mean(values), abs=1e-2)
    assert one["n"] == len(values)


def test_a_mature_mean_moves_by_its_gain() -> None:
    """A residual of 4: 1/32 of it for the centre, 1/512 for the slow mean; spreads by 1/512 and 1/2048."""
    one = usual()
    learn(one, SECOND, 4.0, True)
    assert one["centre"] == pytest.approx(4.0 / 32)
    assert one["slow"] == pytest.approx(4.0 / 512)
    assert one["spread"] == pytest.approx(2.0 + (4.0 - 2.0) / 512)
    assert one["wide"] == pytest.approx(2.0 + (4.0 - 2.0) / 2048)


def test_a_step_is_clipped_to_what_is_usual() -> None:
    """At 1,000: 4 spreads for the centre, 8 widths for the slow mean."""
    one = usual()
    learn(one, SECOND, 1000.0, True)
    assert one["centre"] == pytest.approx(8.0 / 32)
    assert one["slow"] == pytest.approx(16.0 / 512)


def test_while_warming_up_no_tail_is_learned() -> None:
    """A wild first hour must not make a series deaf."""
    one = usual(n=20, chart=3.0)
    learn(one, SECOND, 1000.0, False)
    assert (one["tail"], one["chart_tail"]) == pytest.approx((3.0, 0.9))
    learn(one, SECOND, 1000.0, True)
    assert one["chart_tail"] > 0.9


def test_the_range_takes_in_what_is_learned_and_shrinks_slowly() -> None:
    """A new high is the high; the low moves 2e-5 of the way to the centre."""
    one = usual()
    learn(one, SECOND, 15.0, True)
    assert one["high"] == 15.0
    assert one["low"] == pytest.approx(-10.0 + novelty.RELAX * (float(one["centre"]) + 10.0))


def test_points_are_counted_and_the_count_ends() -> None:
    """At four billion, before it would begin anew at 0."""
    one = usual(n=4_000_000_000)
    learn(one, SECOND, 0.0, True)
    assert one["n"] == 4_000_000_000


def test_the_hour_sums_up_what_is_learned() -> None:
    """For its level; a flagged point never gets here."""
    one = usual()
    for value in (1.0, 2.0, 6.0):
        learn(one, SECOND, value, True)
    assert (one["hour_sum"], one["hour_n"]) == (9.0, 3)


def test_the_first_spread_of_the_day_is_the_larger_of_two() -> None:
    """The usual size of a residual, or how far this point is from its hour's level."""
    near, far = usual(hour_known=1), usual(hour_known=1)
    learn_hour(near, SECOND, 1.0)
    learn_hour(far, SECOND, 5.0)
    assert (near["hour_wide"], far["hour_wide"]) == (2.0, 5.0)


@pytest.mark.parametrize(("again", "gain"), [(10, 8 / 2048), (48, 8 / 2048), (49, 1 / 2048)])
def test_the_spread_of_the_day_learns_fast_for_two_days(again: int, gain: float) -> None:
    """Eight times as fast in its first 48 hours seen again."""
    one = usual(hour_known=1, hour_wide=2.0, hours_again=again)
    learn_hour(one, SECOND, 6.0)
    assert one["hour_wide"] == pytest.approx(2.0 + gain * 4.0)


def test_the_days_tail_is_that_of_its_chart() -> None:
    """A chart beyond its tail pulls it up by 1/64."""
    one = usual(hour_known=1, hour_wide=2.0, hour_chart=-2.0)
    learn_hour(one, SECOND, 0.0)
    assert one["hour_tail"] == pytest.approx(1.1 + 0.9 / 64)
