"""PRISM: trouble inside and outside beats more trouble outside alone."""

from __future__ import annotations

from math import log1p

import pytest

from tests.benchmarks.rootcause.baselines.prism import Prism, is_internal
from tests.benchmarks.rootcause.baselines.protocol import BaselineQuestion
from tests.unit.benchmarks.rootcause.small import ONSET, case, steady


def test_the_score_is_the_dampened_sum_of_both_classes() -> None:
    """The cart: inside 4, outside 20; the web: inside 1, outside 22."""
    values = {
        ("cart", "cpu"): steady(10, [14, 12, 11, 10, 10, 10, 10, 10]),
        ("cart", "latency"): steady(50, [70, 60, 60, 60, 60, 60, 60, 60]),
        ("web", "memory"): steady(10, [11, 10, 10, 10, 10, 10, 10, 10]),
        ("web", "latency"): steady(90, [112, 99, 99, 99, 99, 99, 99, 99]),
    }
    found = Prism().scores(BaselineQuestion(case(values), ONSET))

    assert found == pytest.approx({"cart": 24 - log1p(24), "web": 23 - log1p(23)})


def test_a_metric_of_neither_class_does_not_count() -> None:
    """Only the latency is left."""
    values = {("web", "latency"): steady(90, [93.0, *[90.0] * 7]), ("web", "threads"): steady(10, [99.0, *[10.0] * 7])}

    assert Prism().scores(BaselineQuestion(case(values), ONSET)) == pytest.approx({"web": 3 - log1p(3)})


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("CpuUsage(m)", True),
        ("memory_rss", True),
        ("diskio", True),
        ("PodServerLatencyP95(s)", False),
        ("availability_Average", False),
        ("error_rate", False),
        ("threads", None),
    ],
)
def test_classes_are_read_from_words_of_the_name(metric: str, expected: bool | None) -> None:  # noqa: FBT001 - a table
    """Resources are internal, what callers see is external."""
    assert is_internal(metric) is expected
