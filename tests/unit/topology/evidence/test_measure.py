"""Robust summaries of series: usual level, spread with a least effect, deviation without a cap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from topology.evidence.measure import (
    LEAST_EFFECT,
    NEVER_SEEN,
    Matrix,
    Measured,
    correlations,
    deviations,
    measure,
    quantile,
    ranks,
    reference,
)

STEPS = 100
CALM = np.array([[9.0], [10.0], [11.0]]).repeat(34, axis=1).T.reshape(-1, 1)[:STEPS]
"""(steps, 1) around 10."""


def after(*values: float, before: Matrix = CALM, clean: int = STEPS) -> Measured:
    """One series that goes on with ``values``."""
    whole = np.vstack((before, np.array(values)[:, None]))
    return measure(np.arange(len(whole), dtype=np.int64), whole, len(before), clean_until=clean)


def test_the_usual_level_is_the_median() -> None:
    """One faulty value of the reference does not move it."""
    held = reference(np.vstack((CALM, [[1e9]])))
    assert held.usual.tolist() == [10.0]
    assert held.spread[0] < 2.0


def test_a_deviation_has_no_cap() -> None:
    """A hundred times more is a hundred times more surprising."""
    assert after(1e5, 1e5, 1e5).deviation[0] == pytest.approx(100 * after(1010.0, 1010.0, 1010.0).deviation[0], rel=0.1)


def test_a_deviation_has_a_sign() -> None:
    """Less is negative."""
    assert after(1.0, 1.0, 1.0).deviation[0] < -5.0


def test_the_smallest_step_of_a_constant_is_not_infinitely_surprising() -> None:
    """13 sockets instead of 12: the spread is at least the least effect."""
    found = after(13.0, 13.0, 13.0, before=np.full((STEPS, 1), 12.0))
    assert found.deviation[0] == pytest.approx(1.0 / (12.0 * LEAST_EFFECT), rel=0.1)


def test_zero_that_is_no_longer_zero_deviates_by_a_fixed_figure() -> None:
    """Without a level there is no share of it."""
    assert after(5.0, 5.0, 5.0, before=np.zeros((STEPS, 1))).deviation[0] == NEVER_SEEN


def test_usual_spikes_count_in_the_spread() -> None:
    """A series that jumps in every tenth step is not surprising when it jumps again."""
    spiky = CALM.copy()
    spiky[::10] = 40.0
    assert after(40.0, 40.0, 40.0, before=spiky).deviation[0] < 3.0


def test_few_values_know_no_spread() -> None:
    """The same change is less surprising after four values than after a hundred."""
    assert after(20.0, 20.0, before=CALM[:4]).deviation[0] < after(20.0, 20.0).deviation[0]


def test_fewer_than_three_values_say_nothing() -> None:
    """No reference, no deviation."""
    assert after(99.0, 99.0, before=CALM[:2]).deviation[0] == 0.0


def test_one_outlier_after_the_onset_is_no_level() -> None:
    """A single step of four is noise."""
    assert abs(after(10.0, 500.0, 10.0, 10.0).deviation[0]) < 2.0


def test_two_of_five_steps_are_a_level() -> None:
    """An onset that is stated three steps too early dilutes what follows."""
    assert after(10.0, 10.0, 10.0, 500.0, 500.0).deviation[0] > 50.0


def test_what_lies_in_the_guard_belongs_to_neither_side() -> None:
    """Fault in the last ten steps before the stated onset does not spoil the reference."""
    late = CALM.copy()
    late[-10:] = 500.0
    guarded, spoilt = after(500.0, 500.0, before=late, clean=STEPS - 10), after(500.0, 500.0, before=late)
    assert guarded.deviation[0] > 5 * spoilt.deviation[0]


def test_the_change_is_dated_by_the_first_value_out_of_range() -> None:
    """Third step after the onset; a series that stays has no time."""
    assert after(10.0, 10.0, 50.0, 50.0).changed_at.tolist() == [STEPS + 2]
    assert after(10.0, 10.0, 10.0).changed_at.tolist() == [0]


def test_a_step_is_sharp_and_a_ramp_is_not() -> None:
    """All of the change in one step is 1."""
    assert after(50.0, 50.0, 50.0).sharpness[0] == pytest.approx(1.0)
    assert after(20.0, 30.0, 40.0, 50.0).sharpness[0] < 0.5


def test_a_series_that_stops_is_silent_and_one_that_begins_appeared() -> None:
    """Silence needs a series that was nearly always there."""
    gone = after(np.nan, np.nan)
    assert (gone.silent.tolist(), gone.deviation.tolist()) == ([True], [0.0])
    assert after(1.0, 1.0, before=np.full((STEPS, 1), np.nan)).appeared.tolist() == [True]
    sparse = CALM.copy()
    sparse[::2] = np.nan
    assert after(np.nan, np.nan, before=sparse).silent.tolist() == [False]


def test_a_series_with_few_values_after_the_onset_counts_less() -> None:
    """One value in four steps is a quarter of the deviation."""
    assert after(50.0, np.nan, np.nan, np.nan).deviation[0] == pytest.approx(after(50.0, 50.0).deviation[0] / 4)


def test_no_reference_is_no_error() -> None:
    """An onset at the first step leaves all unknown."""
    found = measure(np.arange(3), np.ones((3, 2)), 0, clean_until=0)
    assert found.deviation.tolist() == [0.0, 0.0]


def test_nothing_after_the_onset_is_no_error() -> None:
    """An onset after the last step leaves all unknown."""
    assert measure(np.arange(3), np.ones((3, 2)), 9, clean_until=9).deviation.tolist() == [0.0, 0.0]


@given(arrays(np.float64, (30, 2), elements=st.floats(-1e9, 1e9)), st.floats(0.01, 1000))
@settings(max_examples=50, deadline=None)
def test_the_unit_does_not_matter(values: Matrix, factor: float) -> None:
    """Seconds or milliseconds: the same deviation."""
    times = np.arange(30, dtype=np.int64)
    one, two = (measure(times, values * by, 20, clean_until=20).deviation for by in (1.0, factor))
    assert two == pytest.approx(one, rel=1e-6, abs=1e-6)


@given(arrays(np.float64, (25, 3), elements=st.floats(-1e6, 1e6) | st.just(np.nan)), st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_quantiles_are_those_of_numpy(values: Matrix, share: float) -> None:
    """Also with missing values."""
    ordered = np.sort(values, axis=0)
    count = np.isfinite(ordered).sum(axis=0)
    for column in range(3):
        held = values[:, column][np.isfinite(values[:, column])]
        expected = np.quantile(held, share) if len(held) else np.nan
        assert quantile(ordered, count, share)[column] == pytest.approx(expected, nan_ok=True, abs=1e-6)


def test_deviations_of_unknown_levels_are_zero() -> None:
    """NaN never leaves."""
    assert deviations(np.array([np.nan]), reference(CALM)).tolist() == [0.0]


def test_ties_share_the_mean_of_their_ranks() -> None:
    """As Spearman's correlation asks."""
    assert ranks(np.array([[3.0], [1.0], [3.0], [np.nan]])).ravel().tolist()[:3] == [1.5, 0.0, 1.5]


def test_a_series_that_moves_with_the_symptom_correlates() -> None:
    """One that moves against it is negative, one that does not move is 0."""
    symptom = np.arange(20.0)
    values = np.stack((symptom**3, -symptom, np.ones(20)), axis=1)
    found = correlations(values, symptom)
    assert found[0] > 5.0
    assert found[1] < -5.0
    assert found[2] == 0.0


def test_fewer_than_four_pairs_correlate_with_nothing() -> None:
    """Three points are always nearly on a line."""
    assert correlations(np.arange(3.0)[:, None], np.arange(3.0)).tolist() == [0.0]
