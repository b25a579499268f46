"""Ranked correlation and traversal, both of which begin at the symptom."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest

from aiops.model.entities import Edge, EdgeKind
from tests.benchmarks.rootcause.baselines.correlation import RankedCorrelation, surprise
from tests.benchmarks.rootcause.baselines.protocol import BaselineQuestion
from tests.benchmarks.rootcause.baselines.symptom import symptom
from tests.benchmarks.rootcause.baselines.traversal import Traversal
from tests.unit.benchmarks.rootcause.small import ONSET, case, steady, store_fails


def asked() -> BaselineQuestion:
    return BaselineQuestion(case(store_fails()), ONSET, "latency")


def test_the_symptom_is_the_stated_series_and_abnormal_is_five_median_deviations() -> None:
    """The reference deviates by 1: 110 above a median of 100 is 110 / 1.4826."""
    found = symptom(asked())

    assert found is not None
    assert (found.entity, found.metric) == ("web", "latency")
    assert found.abnormal == pytest.approx({"web": 110 / 1.4826, "cart": 41 / 1.4826, "store": 110 / 1.4826})


def test_an_unstated_symptom_is_the_most_deviating_series_of_who_is_called_by_nobody() -> None:
    """The store deviates as much, but it is called."""
    found = symptom(BaselineQuestion(replace(case(store_fails()), symptom=None), ONSET))

    assert found is not None
    assert (found.entity, found.metric) == ("web", "latency")


def test_correlation_ranks_by_the_surprise_of_moving_alike() -> None:
    """The store's latency follows the web's, the cart's wanders."""
    found = RankedCorrelation().scores(asked())

    assert found is not None
    assert set(found) == {"store", "cart"}
    assert found["store"] > found["cart"]


def test_the_surprise_of_a_correlation_is_that_of_students_t() -> None:
    """Over five pairs r = 0.5: t = 1 with three degrees of freedom, whose two-sided p is 0.391."""
    x = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    noise = np.array([1.0, -2.0, 2.0, -2.0, 1.0])  # uncorrelated with x
    y = 0.5 * x / np.sqrt(10) + np.sqrt(0.75) * noise / np.sqrt(14)

    assert np.corrcoef(x, y)[0, 1] == pytest.approx(0.5)
    assert surprise(x, y) == pytest.approx(-log(0.39100), abs=1e-4)


def test_two_pairs_always_fit_a_line() -> None:
    """They are no surprise, and a constant side says nothing."""
    gaps = np.array([1.0, np.nan, 3.0])

    assert surprise(np.array([1.0, 2.0, 4.0]), gaps) == 0.0
    assert surprise(np.array([1.0, 1.0, 1.0]), np.array([1.0, 2.0, 3.0])) is None


def test_traversal_ends_at_the_abnormal_entity_without_abnormal_callees() -> None:
    """The path web, cart, store adds up."""
    assert Traversal().scores(asked()) == pytest.approx({"store": (110 + 41 + 110) / 1.4826})


def test_traversal_does_not_pass_a_normal_entity() -> None:
    """With a calm cart the path ends at the web itself."""
    values = store_fails() | {("cart", "latency"): steady(50, [50.0, 51.0] * 4)}

    assert Traversal().scores(BaselineQuestion(case(values), ONSET, "latency")) == pytest.approx({"web": 110 / 1.4826})


def test_a_calm_symptom_gives_no_answer() -> None:
    """Both methods return an empty ranking, as the published code does."""
    question = BaselineQuestion(case({("web", "latency"): steady(9, [9.0, 10.0] * 4)}), ONSET, "latency")

    assert RankedCorrelation().scores(question) == {}
    assert Traversal().scores(question) == {}


def test_a_case_without_a_graph_has_no_traversal() -> None:
    """The method does not apply."""
    question = asked()
    assert Traversal().scores(replace(question, case=replace(question.case, edges=()))) is None


def test_pods_are_judged_as_their_service() -> None:
    """Two pods of the web average to the symptom."""
    values = {("web-0", "latency"): steady(100, [190.0] * 8), ("web-1", "latency"): steady(100, [210.0] * 8)}
    edges = (*(Edge(pod, "web", EdgeKind.PART_OF) for pod in ("web-0", "web-1")), Edge("web", "cart"))
    question = BaselineQuestion(replace(case(values), edges=edges), ONSET)

    assert Traversal().scores(question) == pytest.approx({"web": 100 / 1.4826})
