"""The controls, worked by hand on one sample every two seconds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.durations import SECOND
from simulations.range.score.controls import (
    Control,
    GoldenSignal,
    SignalSeries,
    Threshold,
    above,
    alerts,
    three_sigma,
)


def series(values: list[float], signal: GoldenSignal = GoldenSignal.LATENCY, step: int = 2) -> SignalSeries:
    """A sample every two seconds."""
    return SignalSeries("web", signal, np.arange(len(values), dtype=np.int64) * step * SECOND, np.array(values))


def test_a_value_four_deviations_away_is_an_alert() -> None:
    """Mean 10, standard deviation 1: 14 is, 12.5 is not."""
    usual = [9.0, 11.0] * 30
    assert three_sigma(series([*usual, 12.5])).tolist() == [False] * 61
    assert three_sigma(series([*usual, 14.0])).tolist() == [False] * 60 + [True]
    assert three_sigma(series([*usual, 6.0])).tolist() == [False] * 60 + [True]


def test_thirty_samples_are_needed() -> None:
    """The 30th has 29 before it."""
    assert not three_sigma(series([9.0, 11.0] * 14 + [9.0, 99.0])).any()
    assert three_sigma(series([9.0, 11.0] * 15 + [99.0])).any()


def test_only_the_last_five_minutes_are_usual() -> None:
    """After 300 s at the new level the old one is forgotten."""
    found = three_sigma(series([9.0, 11.0] * 100 + [49.0, 51.0] * 160))
    assert found[200]
    assert not found[-20:].any()


def test_a_great_constant_part_costs_no_precision() -> None:
    """A counter's mean of a million million with a deviation of 1."""
    assert three_sigma(series([1e12 + value for value in [*[9.0, 11.0] * 30, 14.0]]))[-1]


@given(st.lists(st.floats(-1e3, 1e3), min_size=40, max_size=80), st.integers(31, 39))
def test_no_alert_depends_on_a_later_sample(values: list[float], cut: int) -> None:
    """What is cut off changes nothing before it."""
    assert three_sigma(series(values))[:cut].tolist() == three_sigma(series(values[:cut])).tolist()


@pytest.mark.parametrize(("high", "alert"), [(30, False), (31, True)])
def test_a_static_threshold_holds_for_its_time(high: int, *, alert: bool) -> None:
    """31 samples every two seconds reach over 60 s, 30 do not."""
    rule = Threshold(GoldenSignal.LATENCY, 100.0, 60.0)
    assert above(series([1.0] * 5 + [101.0] * high + [1.0]), rule).any() == alert


def test_one_low_sample_begins_the_time_anew() -> None:
    """As `for: 1m` of an alert rule does."""
    rule = Threshold(GoldenSignal.LATENCY, 100.0, 60.0)
    assert not above(series([101.0] * 20 + [100.0] + [101.0] * 20), rule).any()


def test_an_alert_that_goes_on_is_one() -> None:
    """It comes again after a minute of quiet."""
    values = [50.0] * 40 + [2_000.0] * 40 + [50.0] * 100 + [2_000.0] * 40
    found = [one.at // SECOND for one in alerts([series(values)]) if one.control is Control.STATIC]
    assert found == [140, 420]


def test_a_threshold_counts_for_its_own_signal() -> None:
    """Two thousand requests a second are no latency."""
    found = alerts([series([2_000.0] * 100, GoldenSignal.TRAFFIC)])
    assert found == []


def test_nothing_alerts_about_nothing() -> None:
    """A series without samples."""
    assert alerts([series([])]) == []
