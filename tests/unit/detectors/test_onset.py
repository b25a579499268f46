"""Onset: records of a score over the rows before."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.onset import GRACE, WINDOW, onset_of


def test_an_anomaly_that_lasts_is_named_once() -> None:
    """Where it begins, and again where it becomes worse."""
    score = np.zeros(400)
    score[200:260], score[260:300] = 0.7, 0.9
    onset = onset_of(score)
    assert np.flatnonzero(onset).tolist() == [200, 260]
    assert onset[[200, 260]].tolist() == [0.7, 0.9]


def test_after_a_window_the_same_score_is_a_record_again() -> None:
    """Not before."""
    score = np.zeros(600)
    score[[200, 200 + WINDOW, 201 + 2 * WINDOW]] = 0.7
    assert np.flatnonzero(onset_of(score)).tolist() == [200, 201 + 2 * WINDOW]


def test_nothing_begins_during_the_grace() -> None:
    """The first rows only set the record."""
    score = np.zeros(300)
    score[GRACE - 1], score[GRACE + 1] = 0.9, 0.8
    assert not onset_of(score).any()


def test_rows_of_one_time_are_one_step() -> None:
    """The onset of a step stands at each of its rows."""
    score, step = np.zeros(400), np.arange(400) // 2
    score[301] = 0.6
    assert np.flatnonzero(onset_of(score, step)).tolist() == [300, 301]


@settings(max_examples=50)
@given(st.lists(st.floats(0, 1), max_size=400), st.integers(0, 400))
def test_no_row_depends_on_a_later_one(score: list[float], cut: int) -> None:
    """And an onset is 0 or the score itself."""
    values = np.array(score, np.float64)
    whole, part = onset_of(values), onset_of(values[:cut])
    assert whole[:cut].tolist() == part.tolist()
    assert ((whole == 0) | (whole == values)).all()
