"""A tail gives the probability of an exceedance, for light and heavy tails, and clusters count once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.rarity import tail
from detectors.rarity.layout import MEDIUM, POINT_UP, TOTAL
from tests.unit.detectors.rarity.rows import usual

RATE = 1 / 256


def learned(values: np.ndarray, limit: float = 3.0, reach: float = 0.2):  # type: ignore[no-untyped-def]
    """A row whose first tail learned these values, with a limit that starts at ``limit``."""
    one = usual(n=0)
    one["tails"][POINT_UP : POINT_UP + 3] = limit, reach, 0.0
    for count, value in enumerate(values.tolist(), start=1):
        one["n"] = count
        ratio = value / float(one["tails"][POINT_UP])
        if ratio > 1.0:
            tail.note(one, POINT_UP, ratio)
        else:
            tail.learn(one, POINT_UP, RATE, 0.5)
    return one


@pytest.mark.parametrize(
    "values",
    [
        np.abs(np.random.default_rng(3).normal(size=60_000)),
        np.random.default_rng(3).exponential(size=60_000),
        1 + np.random.default_rng(3).pareto(3, 60_000),
    ],
    ids=["normal", "exponential", "pareto"],
)
def test_the_limit_is_passed_at_its_rate(values: np.ndarray) -> None:
    """About once in 256 points, whatever the distribution."""
    one = learned(values)
    limit = float(one["tails"][POINT_UP])
    assert (values[30_000:] > limit).mean() == pytest.approx(RATE, rel=0.65)


@pytest.mark.parametrize(("shape", "reach"), [("normal", 0.11), ("exponential", 0.16), ("pareto", 1 / 3)])
def test_the_reach_is_the_mean_logarithm_beyond_the_limit(shape: str, reach: float) -> None:
    """Of normal noise about 0.11, of exponential noise 0.16, of a power law 1/index."""
    rng = np.random.default_rng(4)
    values = {
        "normal": np.abs(rng.normal(size=120_000)),
        "exponential": rng.exponential(size=120_000),
        "pareto": 1 + rng.pareto(3, 120_000),
    }[shape]
    assert float(learned(values)["tails"][POINT_UP + tail.REACH]) == pytest.approx(reach, rel=0.35)


@pytest.mark.parametrize("reach", [0.11, 0.2, 0.4])
def test_rarity_rises_from_nothing_and_is_bounded(reach: float) -> None:
    """0 at the limit; a heavier tail makes the same exceedance less rare."""
    assert tail.rarity(1.0 + 1e-12, reach) == pytest.approx(0.0, abs=1e-9)
    assert tail.rarity(1e30, reach) == tail.MOST
    assert tail.rarity(2.0, reach) > tail.rarity(2.0, reach + 0.1)


def test_rarity_of_a_power_law_is_exact() -> None:
    """With a reach of 1/3 twice the limit is exceeded by one eighth of the exceedances."""
    assert tail.rarity(2.0, 1 / 3) == pytest.approx(math.log(8))


def test_rarity_of_normal_noise_is_near_the_truth() -> None:
    """At 2.9 standard deviations as limit and 4.9 as value: the odds are 1 to 2,600 among those beyond the limit."""
    truth = math.log(math.erfc(2.9 / math.sqrt(2)) / math.erfc(4.9 / math.sqrt(2)))
    assert tail.rarity(4.9 / 2.9, 0.11) == pytest.approx(truth, rel=0.25)


def test_a_long_cluster_teaches_as_much_as_a_short_one() -> None:
    """The peak counts, once; until the cluster ends nothing is learned."""
    one, other = usual(), usual()
    for _ in range(500):
        tail.note(one, MEDIUM, 1.5)
    before = other["tails"].copy()
    tail.note(other, MEDIUM, 1.5)
    assert other["tails"][MEDIUM] == before[MEDIUM]
    for row in (one, other):
        tail.learn(row, MEDIUM, RATE, 2.0)
    assert one["tails"].tolist() == other["tails"].tolist()
    assert one["tails"][MEDIUM + tail.PEAK] == 0.0
    assert one["tails"][MEDIUM] > before[MEDIUM]


def test_one_enormous_peak_teaches_little() -> None:
    """It counts as two and a half reaches, so that one outage does not make a series deaf."""
    one = usual()
    reach = float(one["tails"][POINT_UP + tail.REACH])
    tail.note(one, POINT_UP, 1e9)
    tail.learn(one, POINT_UP, RATE, 2.0)
    assert float(one["tails"][POINT_UP + tail.REACH]) < 1.15 * reach


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1e30), max_size=60), st.integers(1, 2**32 - 1))
def test_a_tail_stays_finite_and_above_its_floor(values: list[float], points: int) -> None:
    """Whatever the statistic."""
    one = usual(n=points)
    for value in values:
        ratio = value / float(one["tails"][POINT_UP])
        if ratio > 1.0:
            tail.note(one, POINT_UP, ratio)
        else:
            tail.learn(one, POINT_UP, RATE, 1.5)
    assert np.isfinite(one["tails"]).all()
    assert one["tails"][POINT_UP] >= 1.5
    assert one["tails"][TOTAL] == 5.0
