from __future__ import annotations

from aiops.model.entities import Objective
from detectors.slo import Budget, bad
from detectors.spans.flows import Flow
from tests.unit.detectors.spans.test_spans import bucket

AVAILABLE = Objective("ok", 0.99)


def test_a_budget_burns_only_when_both_windows_do() -> None:
    """Ten percent errors of a one percent budget are no breach at 14.4, all errors are; recovery ends it."""
    budget = Budget(AVAILABLE)
    rates = [budget.add(number, Flow(100, 0)).ratio for number in range(100)]
    assert max(rates) == 0.0
    burns = [budget.add(100 + number, Flow(100, 100)) for number in range(60)]
    assert burns[0].ratio < 1.0
    assert burns[-1].ratio > 1.0
    assert 0.5 < burns[-1].score < 1.0
    calm = [budget.add(160 + number, Flow(100, 0)).ratio for number in range(200)]
    assert calm[-1] < 1.0


def test_few_calls_say_nothing() -> None:
    """One failed call of a service that is hardly used burns no budget."""
    assert Budget(AVAILABLE).add(1, Flow(1, 1)).ratio == 0.0


def test_a_latency_objective_counts_slow_calls() -> None:
    """Calls over the threshold are bad, errors are not looked at."""
    flow = Flow(10, 5, {bucket(10_000_000): 7, bucket(900_000_000): 3})
    assert bad(flow, Objective("fast", 0.99, "latency", 500.0)) == 3


def test_a_restart_changes_nothing() -> None:
    """A budget from a snapshot goes on as the one it was taken of."""
    left, right = Budget(AVAILABLE), Budget(AVAILABLE)
    for number in range(50):
        left.add(number, Flow(100, number % 7))
    right.restore(left.to_json())
    assert left.add(51, Flow(100, 3)) == right.add(51, Flow(100, 3))
