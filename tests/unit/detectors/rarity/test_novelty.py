from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.rarity.novelty import ALPHA, FIRST_MEAN, LEAST_MEAN, RELAX, excess, mean_after, rarity, share


@pytest.mark.parametrize(("value", "outside"), [(5, 0), (0, 0), (10, 0), (13, 3), (-2, 2)])
def test_the_excess_is_the_distance_outside_the_range(value: float, outside: float) -> None:
    """Of 0 to 10; the edges are inside."""
    assert excess(value, 0.0, 10.0) == outside


def test_a_record_is_measured_in_ranges() -> None:
    """The range counts eight spreads wider; a range of one value is only that."""
    assert share(10.0, 0.0, 10.0, 0.0) == 1.0
    assert share(10.0, 0.0, 10.0, 1.25) == 0.5
    assert share(4.0, 5.0, 5.0, 1.0) == 0.5


def test_a_range_halves_in_about_35_000_points() -> None:
    """(1 - 2e-5) to the power of 35,000 is 0.497."""
    assert pytest.approx(0.5, abs=0.01) == (1 - RELAX) ** 35_000


def test_rarity_is_that_of_a_lomax_distribution() -> None:
    """Of draws with tail index 3 and this mean, as many exceed a value as its rarity says."""
    mean = 0.1
    drawn = mean * (ALPHA - 1.0) * np.random.default_rng(1).pareto(ALPHA, 200_000)
    for value in (0.05, 0.2, 1.0):
        assert np.exp(-rarity(value, mean)) == pytest.approx((drawn > value).mean(), rel=0.12)


def test_the_mean_follows_the_records_and_one_record_moves_it_little() -> None:
    """A record counts at most four means."""
    mean = FIRST_MEAN
    for _ in range(400):
        mean = mean_after(mean, 0.5, 100.0)
    assert mean == pytest.approx(0.5, rel=0.01)
    assert mean_after(0.1, 1e9, 0.0) == mean_after(0.1, 0.4, 0.0)


@settings(max_examples=50)
@given(st.floats(0, 1e30), st.floats(LEAST_MEAN, 1e3), st.floats(0, 4e9))
def test_any_record_has_a_finite_rarity_and_mean(beyond: float, mean: float, points: float) -> None:
    """Rarity is at least 0, the mean at least its floor."""
    assert 0.0 <= rarity(beyond, mean) < 1e3
    assert mean_after(mean, beyond, points) >= LEAST_MEAN
