from __future__ import annotations

import numpy as np
import pytest

from detectors.rarity.level import CENTRE_GAIN, FAST_GAIN, MEDIUM_GAIN, SPREAD_CLIP, clipped, clipped_step, spread_after


@pytest.mark.parametrize(("value", "found"), [(5.0, 5.0), (100.0, 16.0), (-100.0, 4.0), (16.0, 16.0)])
def test_a_value_is_clipped_around_its_mean(value: float, found: float) -> None:
    """Ten, at most six away."""
    assert clipped(value, 10.0, 6.0) == found


@pytest.mark.parametrize(
    ("residual", "fast", "step"),
    [(100.0, 10.0, 16.0), (-100.0, 10.0, -6.0), (0.0, 50.0, 0.0), (0.0, -50.0, 0.0), (-70.0, -50.0, -56.0)],
)
def test_the_way_back_to_the_centre_is_not_clipped(residual: float, fast: float, step: float) -> None:
    """With a reach of 6: away from fast mean and centre at most so far, between them freely."""
    assert clipped_step(residual, fast, 6.0) == step


def test_each_scale_is_eight_times_as_long_as_the_one_before() -> None:
    """Windows of about 8, 64 and 512 points."""
    assert (1 / FAST_GAIN, 1 / MEDIUM_GAIN, 1 / CENTRE_GAIN) == (8, 64, 512)


def test_a_spread_is_the_mean_distance() -> None:
    """Of normal noise 0.8 standard deviations."""
    spread = 1.0
    for distance in np.abs(np.random.default_rng(1).normal(size=40_000)).tolist():
        spread = spread_after(spread, distance, 1 / 2048, 0.0)
    assert spread == pytest.approx(np.sqrt(2 / np.pi), rel=0.06)


def test_one_wild_distance_moves_a_spread_like_four_spreads() -> None:
    """And from a spread of 0 it begins at the floor."""
    assert spread_after(2.0, 1e9, 0.1, 0.0) == pytest.approx(2.0 + 0.1 * (SPREAD_CLIP - 1) * 2.0)
    assert spread_after(0.0, 1e9, 0.1, 0.5) == pytest.approx(0.1 * SPREAD_CLIP * 0.5)
