"""Intervals against published values."""

from __future__ import annotations

import math

import pytest

from tests.benchmarks.detection.intervals import bootstrap, poisson, wilson


@pytest.mark.parametrize(
    ("found", "tried", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662), (10, 10, 0.7225, 1.0)],
)
def test_wilson(found: int, tried: int, low: float, high: float) -> None:
    """81 of 263 is the example of Newcombe, Statistics in Medicine 1998."""
    assert wilson(found, tried) == pytest.approx((low, high), abs=5e-5)


def test_nothing_tried_says_nothing() -> None:
    """The share may be anything."""
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("count", "low", "high"), [(0, 0.0, 3.689), (1, 0.025, 5.572), (10, 4.795, 18.390)])
def test_poisson(count: int, low: float, high: float) -> None:
    """Garwood's table; the rate is the count over the exposure."""
    assert poisson(count, 1.0) == pytest.approx((low, high), abs=5e-4)
    assert poisson(count, 100.0) == pytest.approx((low / 100, high / 100), abs=5e-6)


def test_bootstrap() -> None:
    """A constant has no spread, a mean lies in its interval, and values that do not exist are left out."""
    assert bootstrap([2.0] * 5, times=50, seed=1) == (2.0, 2.0)
    low, high = bootstrap([0.0, 1.0] * 20, times=500, seed=1)
    assert 0.3 < low < 0.5 < high < 0.7
    assert bootstrap([math.nan, 3.0], times=50, seed=1) == (3.0, 3.0)
    assert all(math.isnan(end) for end in bootstrap([], times=50, seed=1))
