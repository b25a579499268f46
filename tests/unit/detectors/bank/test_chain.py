"""Further views in one pair of functions."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.bank.chain import judge_all, judge_none, learn_all, learn_none, modules_of
from detectors.bank.layout import FIRST_VIEW, Record
from detectors.views import shift
from tests.unit.detectors.bank.rows import row

VERDICT = (0.5, 1, -1)


def view(ratio: float, learned: list[Any] | None = None) -> Any:
    """A view that always says the same, and tells what it learned."""
    held = [] if learned is None else learned
    return SimpleNamespace(
        judge=lambda state, _row, _at, relative: ratio * relative * (1 + state),
        learn=lambda state, _row, at, relative: held.append((state, at, relative)),
    )


def judged(*ratios: float, states: Any = None, found: tuple[float, int, int] = VERDICT) -> tuple[float, int, int]:
    judge = judge_all([view(ratio) for ratio in ratios])
    return judge(states or [[0.0]] * len(ratios), 0, row(), 7, 1.0, found)


def test_without_views_the_verdict_stands() -> None:
    """And nothing is learned."""
    assert judged() == VERDICT
    assert judge_all([]) is judge_none
    assert learn_all([]) is learn_none


@given(st.lists(st.floats(-5, 5), max_size=5), st.floats(0, 5))
def test_the_loudest_wins_and_of_equals_the_first(ratios: list[float], before: float) -> None:
    """A later view must be louder than all before it; the sign of its ratio is the direction."""
    found = judged(*ratios, found=(before, 1, -1))
    expected = (before, 1, -1)
    for place, ratio in enumerate(ratios):
        if abs(ratio) > expected[0]:
            expected = abs(ratio), FIRST_VIEW + place, 1 if ratio > 0 else -1
    assert found == expected


def test_each_view_sees_its_own_state_of_the_series() -> None:
    """States are by view and then by series."""
    states = [[0.0, 9.0], [0.0, 1.0]]
    judge = judge_all([view(1.0), view(1.0)])
    assert judge(states, 1, row(), 7, 1.0, VERDICT) == (10.0, FIRST_VIEW, 1)
    assert judge([[0.0, 1.0], [0.0, 9.0]], 1, row(), 7, 1.0, VERDICT) == (10.0, FIRST_VIEW + 1, 1)


def test_every_view_learns_in_order() -> None:
    """Whoever won."""
    learned: list[Any] = []
    learn = learn_all([view(1.0, learned), view(2.0, learned)])
    learn([["a"], ["b"]], 0, row(), 7, 0.5)
    assert learned == [("a", 7, 0.5), ("b", 7, 0.5)]


def test_a_ratio_that_is_no_number_changes_nothing() -> None:
    """A view that divided by 0 is not the loudest."""
    assert judged(float("nan"), 0.7) == (0.7, FIRST_VIEW + 1, 1)


@pytest.mark.parametrize("views", [[], [shift], [shift, np]])
def test_modules_are_named_so_that_the_cache_knows_their_source(views: list[ModuleType]) -> None:
    """Their functions come to the loop as values, which no import shows."""
    assert modules_of(views) == tuple(view.__name__ for view in views)


def test_a_record_is_the_banks_row() -> None:
    """What a view reads and must not write."""
    assert Record is not None
    assert row(centre=3.0)["centre"] == 3.0
