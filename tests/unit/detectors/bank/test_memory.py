from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from detectors.bank.layout import BankState
from detectors.bank.memory import _median, minutes, read
from tests.unit.detectors.bank.rows import MINUTE, state

BOTH = np.array([0, 1], dtype=np.int32)


def bank() -> BankState:
    """Series 0 had 10, 20, 30 in minutes 100 to 102 and is at 50 in minute 103; series 1 is new in minute 103."""
    made = state(steps=8)
    made.rows["minute"][:2] = 103
    made.rows["ring_filled"][0] = 3
    made.rows["origin"][:2] = (40.0, 7.0)
    made.rows["minute_sum"][0], made.rows["minute_n"][0] = 20.0, 2
    for minute, value in ((100, 10.0), (101, 20.0), (102, 30.0)):
        made.ring[minute % 8, 0] = value
    return made


def span(first: int, last: int) -> tuple[int, int]:
    return first * MINUTE, last * MINUTE


def test_minutes_are_read_from_the_ring_and_the_running_one_from_its_sums() -> None:
    """One column a series, NaN where it had no point yet."""
    found = minutes(bank(), MINUTE, BOTH, span=span(100, 104))
    assert found[:, 0].tolist() == [10.0, 20.0, 30.0, 50.0]
    assert np.isnan(found[:, 1]).all()


def test_what_lies_before_the_filled_part_is_unknown() -> None:
    """Memory that was never written is zero, and zero is a value."""
    found = minutes(bank(), MINUTE, BOTH[:1], span=span(96, 101))
    assert np.isnan(found[:-1]).all()
    assert found[-1, 0] == 10.0


@pytest.mark.parametrize(
    ("window", "values"),
    [
        ((100 * MINUTE, 102 * MINUTE), [10.0, 20.0]),
        ((100 * MINUTE + 1, 102 * MINUTE + 1), [20.0, 30.0]),
        (span(104, 200), []),
        (span(102, 100), []),
        ((0, 0), []),
    ],
)
def test_a_minute_counts_where_it_begins(window: tuple[int, int], values: list[float]) -> None:
    """Inside [from, to); the future and spans turned round have none."""
    assert minutes(bank(), MINUTE, BOTH[:1], span=window)[:, 0].tolist() == values


def test_a_window_of_all_time_is_cut_to_the_ring() -> None:
    """A question may ask from 1970 on."""
    assert len(minutes(bank(), MINUTE, BOTH, span=(0, 2**62))) <= 3 * 8


def test_figures_beside_a_reference() -> None:
    """Mean and last of the window; mean and robust spread of the reference before it."""
    made = bank()
    found = read(made, MINUTE, BOTH, window=span(102, 104), baseline=span(100, 102))
    assert (found.mean[0], found.last[0], found.minutes[0]) == (40.0, 50.0, 2)
    assert found.baseline_mean[0] == 15.0
    assert found.baseline_spread[0] == pytest.approx(1.4826 * 5.0)


def test_a_series_without_points_is_not_a_number() -> None:
    """Its spread is small and positive, so that nobody divides by zero."""
    found = read(bank(), MINUTE, BOTH, window=span(102, 104), baseline=span(100, 102))
    assert np.isnan([found.mean[1], found.last[1], found.baseline_mean[1]]).all()
    assert (found.minutes[1], found.baseline_spread[1]) == (0, 1e-9)


def test_a_constant_reference_has_the_least_spread() -> None:
    """A millionth of its level."""
    made = bank()
    made.ring[100 % 8, 0] = made.ring[101 % 8, 0] = 1000.0
    found = read(made, MINUTE, BOTH[:1], window=span(102, 103), baseline=span(100, 102))
    assert found.baseline_spread[0] == pytest.approx(1e-3, rel=1e-3)


def test_an_empty_window_has_no_last() -> None:
    """Of nobody, and without an error."""
    found = read(bank(), MINUTE, BOTH, window=span(500, 600), baseline=span(500, 600))
    assert np.isnan(found.last).all()
    assert found.minutes.tolist() == [0, 0]


@settings(max_examples=50)
@given(
    arrays.arrays(
        np.float64, st.tuples(st.integers(0, 6), st.integers(1, 3)), elements=st.floats(-1e6, 1e6) | st.just(np.nan)
    )
)
def test_medians_are_those_of_numpy(values: np.ndarray) -> None:
    """Of what is a number in each column; NaN for none."""
    expected = [np.median(column[~np.isnan(column)]) if (~np.isnan(column)).any() else np.nan for column in values.T]
    assert np.array_equal(_median(values), expected, equal_nan=True)
