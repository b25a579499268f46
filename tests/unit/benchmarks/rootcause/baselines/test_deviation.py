"""Largest deviation, n-sigma and BARO on series whose scores are worked out by hand."""

from __future__ import annotations

import pytest

from tests.benchmarks.rootcause.baselines.deviation import BARO, LARGEST_DEVIATION, N_SIGMA
from tests.benchmarks.rootcause.baselines.protocol import BaselineQuestion
from tests.unit.benchmarks.rootcause.small import ONSET, Values, case, steady, store_fails


def asked(values: Values) -> BaselineQuestion:
    return BaselineQuestion(case(values), ONSET)


def test_deviation_is_in_standard_deviations_of_the_reference() -> None:
    """The reference alternates between 9 and 11: mean 10, standard deviation 1; 4 lies 6 below, 13 lies 3 above."""
    question = asked({("cart", "cpu"): steady(10, [10, 4, 13, 10, 10, 10, 10, 10])})

    assert LARGEST_DEVIATION.scores(question) == pytest.approx({"cart": 6.0})
    assert N_SIGMA.scores(question) == pytest.approx({"cart": 3.0})


def test_baro_is_in_interquartile_ranges_from_the_median() -> None:
    """1 to 12: median 6.5, quartiles 3.75 and 9.25; 28.5 lies 22 above, which is four ranges."""
    question = asked({("cart", "cpu"): [*map(float, range(1, 13)), 6, 7, 28.5, 6, 7, 6, 7, 6]})

    assert BARO.scores(question) == pytest.approx({"cart": 4.0})


def test_an_entity_has_the_score_of_its_worst_series() -> None:
    """The store's latency rises by 110 standard deviations."""
    found = LARGEST_DEVIATION.scores(asked(store_fails()))

    assert found is not None
    assert max(found, key=lambda name: found[name]) in {"web", "store"}
    assert found["store"] == pytest.approx(110.0)


def test_a_series_that_was_constant_is_no_evidence() -> None:
    """It has no spread to measure by."""
    question = asked({("cart", "cpu"): steady(10, [99.0] * 8, spread=0), ("web", "cpu"): steady(10, [12.0] * 8)})

    assert LARGEST_DEVIATION.scores(question) == pytest.approx({"web": 2.0})


def test_a_series_that_is_constant_afterwards_is_left_out_as_in_the_package() -> None:
    """The package drops constant columns of either part; the largest deviation keeps them."""
    question = asked({("web", "cpu"): steady(10, [12.0] * 8)})

    assert N_SIGMA.scores(question) == BARO.scores(question) == {}
    assert LARGEST_DEVIATION.scores(question) == pytest.approx({"web": 2.0})


def test_a_spread_that_is_only_rounding_counts_as_one() -> None:
    """Half of the reference is 0.3, the rest 0.1 + 0.2: the deviation is taken in the series' own unit."""
    question = asked({("cart", "cpu"): [0.3, 0.1 + 0.2] * 6 + [0.3, 0.8, 0.4, 0.3, 0.3, 0.3, 0.3, 0.3]})

    assert BARO.scores(question) == pytest.approx({"cart": 0.5})


def test_a_fault_in_the_reference_hides_it_from_the_mean_and_not_from_the_median() -> None:
    """With three of fifteen values of the reference at 100, 100 is two standard deviations off."""
    series = {("cart", "cpu"): [*steady(10, [], spread=1), 100, 100, 100, 100, 101, 100, 101, 100]}
    late = BaselineQuestion(case(series), ONSET + 3 * 10**9)
    by_mean, by_median = N_SIGMA.scores(late), BARO.scores(late)

    assert by_mean is not None
    assert by_median is not None
    assert by_mean["cart"] < 2.1
    assert by_median["cart"] > 40


def test_without_times_nothing_can_be_split() -> None:
    """The methods do not apply."""
    assert LARGEST_DEVIATION.scores(BaselineQuestion(case(store_fails()), None)) is None
