from __future__ import annotations

import pytest

from detectors.views.novelty import RELAX, excess, ratio


@pytest.mark.parametrize(("value", "outside"), [(5, 0), (0, 0), (10, 0), (13, 3), (-2, 2)])
def test_the_excess_is_the_distance_outside_of_the_range(value: float, outside: float) -> None:
    """Of 0 to 10; the edges are inside."""
    assert excess(value, 0.0, 10.0) == outside


def test_a_range_left_by_its_own_width_is_1() -> None:
    """With slack the range counts as wider; a range of one point has only its slack."""
    assert ratio(10.0, 0.0, 10.0, 0.0) == 1.0
    assert ratio(10.0, 0.0, 10.0, 10.0) == 0.5
    assert ratio(3.0, 5.0, 5.0, 1.5) == 2.0


def test_a_range_halves_in_about_35_000_points() -> None:
    """(1 - 2e-5) to the power of 35,000 is 0.497."""
    assert pytest.approx(0.5, abs=0.01) == (1 - RELAX) ** 35_000
