from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.views.deviation import TAIL_LEAST, TAIL_UP, distance, tail_after


@pytest.mark.parametrize(
    ("residual", "spread", "floor", "expected"),
    [
        (6.0, 2.0, 0.1, 3.0),
        (-6.0, 2.0, 0.1, 3.0),
        (6.0, 0.0, 1.5, 4.0),
        (0.0, 0.0, 1e-9, 0.0),
        (1e300, 1.0, 1.0, 1e6),
        (1.0, 1e-30, 1e-9, 1e6),
    ],
)
def test_a_distance_is_in_units_of_the_spread(residual: float, spread: float, floor: float, expected: float) -> None:
    """|residual| ÷ max(spread, floor), at most a million."""
    assert distance(residual, spread, floor) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("tail", "seen", "expected"),
    [
        (4.0, 8.0, 4.0 + TAIL_UP * 4.0),
        (4.0, 4.0, 4.0),
        (4.0, 0.0, 4.0 - TAIL_UP * 1e-3 * 4.0),
        (3.0, 0.0, TAIL_LEAST),
    ],
)
def test_a_tail_rises_a_thousand_times_faster_than_it_falls(tail: float, seen: float, expected: float) -> None:
    """An expectile: t + g (s - t) above, t + g/1000 (s - t) below, never under the least."""
    assert tail_after(tail, seen, TAIL_UP, TAIL_LEAST) == pytest.approx(expected)


def test_the_tail_of_normal_noise_settles_near_its_expectile() -> None:
    """2.7 standard deviations: there 1,000 × E[(s - t)+] = E[(t - s)+] for the absolute value of normal noise."""
    tail, seen = 4.0, np.abs(np.random.default_rng(1).standard_normal(60_000))
    for one in seen.tolist():
        tail = tail_after(tail, one, TAIL_UP, 0.0)
    assert tail == pytest.approx(2.72, abs=0.15)
    pulls = 1000 * np.maximum(seen - 2.72, 0.0).mean() / np.maximum(2.72 - seen, 0.0).mean()
    assert pulls == pytest.approx(1.0, abs=0.2)


@settings(max_examples=50)
@given(st.floats(TAIL_LEAST, 1e6), st.floats(0, 1e6))
def test_a_tail_moves_towards_what_is_seen_and_not_past_it(tail: float, seen: float) -> None:
    """Whatever the values are."""
    after = tail_after(tail, seen, TAIL_UP, TAIL_LEAST)
    assert min(tail, max(seen, TAIL_LEAST)) <= after <= max(tail, seen)
