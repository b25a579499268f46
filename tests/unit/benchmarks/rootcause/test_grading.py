"""Measures of rankings, on examples that were worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.entities import Edge, EdgeKind
from tests.benchmarks.rootcause.grading import (
    Answer,
    average_at_5,
    best_of,
    by_service,
    calibration_error,
    compare,
    place,
    reliability,
    share_within,
    wilson,
)

TRUTH = frozenset({"store"})


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ({"store": 0.9, "cart": 0.1}, 1),
        ({"store": 0.4, "cart": 0.5, "web": 0.1}, 2),
        ({"store": 0.5, "cart": 0.5}, 2),
        ({"store": 0.2, "cart": 0.2, "web": 0.2, "mail": 0.3}, 4),
        ({"cart": 1.0}, None),
        ({}, None),
    ],
)
def test_a_tie_is_the_worst_place_and_an_unlisted_truth_has_none(
    scores: dict[str, float], expected: int | None
) -> None:
    """The truth stands behind everything that has the same score."""
    assert place(scores, TRUTH) == expected


def test_any_true_entity_is_right_and_true_entities_do_not_tie_with_each_other() -> None:
    """Two roots at the same score share the first place."""
    assert place({"store": 0.5, "disk": 0.5, "web": 0.4}, frozenset({"store", "disk"})) == 1
    assert place({"store": 0.1, "web": 0.4, "disk": 0.3}, frozenset({"store", "disk"})) == 2


def test_shares_count_empty_answers_as_misses() -> None:
    """Places 1, 2, 4 and none: AC@1 1/4, AC@3 2/4, AC@5 3/4, Avg@5 (1 + 2 + 2 + 3 + 3) / 20."""
    places = [1, 2, 4, None]

    assert [share_within(places, top) for top in (1, 3, 5)] == [0.25, 0.5, 0.75]
    assert average_at_5(places) == pytest.approx(11 / 20)


def test_no_cases_have_no_hits() -> None:
    """An empty set neither divides by zero nor looks perfect."""
    assert share_within([], 1) == 0.0
    assert wilson(0, 0) == (0.0, 1.0)
    assert calibration_error([]) == 0.0
    assert best_of({}) is None


@pytest.mark.parametrize(
    ("hits", "cases", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662)],
)
def test_wilson_intervals_are_those_of_the_literature(hits: int, cases: int, low: float, high: float) -> None:
    """The last one is Newcombe's example (Statistics in Medicine 1998), method 3."""
    assert wilson(hits, cases) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 400).flatmap(lambda cases: st.tuples(st.integers(0, cases), st.just(cases))))
def test_a_wilson_interval_holds_the_share(counted: tuple[int, int]) -> None:
    """And it lies in [0, 1]."""
    low, high = wilson(*counted)
    assert 0.0 <= low <= counted[0] / counted[1] + 1e-12
    assert counted[0] / counted[1] - 1e-12 <= high <= 1.0


def test_calibration_error_weighs_bins_by_their_cases() -> None:
    """Three cases at 0.8 of which two are right, one case at 0.3 that is wrong: (3 * 2/15 + 1 * 0.3) / 4."""
    firsts = [(0.8, True), (0.8, True), (0.8, False), (0.3, False)]

    assert calibration_error(firsts) == pytest.approx((3 * (0.8 - 2 / 3) + 0.3) / 4)
    assert [(each.low, each.cases) for each in reliability(firsts)] == [(0.2, 1), (0.7, 3)]


def test_the_ends_of_probability_have_bins() -> None:
    """0 lies in the first bin and 1 in the last."""
    assert [(each.low, each.high) for each in reliability([(0.0, False), (1.0, True)])] == [(0.0, 0.1), (0.9, 1.0)]


def test_a_surely_wrong_answer_has_the_largest_calibration_error() -> None:
    """98 % sure and wrong is an error of 0.98."""
    assert calibration_error([(0.98, False)]) == pytest.approx(0.98)


def test_a_comparison_counts_first_places_case_by_case() -> None:
    """The product wins one case and loses four: three worse, which is more than two."""
    mine, theirs = [1, 2, 3, None, 2, 1], [2, 1, 1, 1, 1, 1]
    found = compare(mine, theirs, "baro")

    assert (found.wins, found.losses, found.worse_by, found.holds) == (1, 4, 3, False)


def test_two_cases_worse_still_hold() -> None:
    """And a product that is better is worse by none."""
    assert compare([2, 2, 1], [1, 1, 1], "baro").holds
    assert compare([1, 1], [2, None], "baro").worse_by == 0


def test_a_comparison_needs_the_same_cases() -> None:
    """Lists of different length are a mistake of the caller."""
    with pytest.raises(ValueError, match="shorter"):
        compare([1, 1], [1], "baro")


def test_the_best_baseline_is_best_in_the_first_place_and_then_over_five() -> None:
    """Equal AC@1 is decided by Avg@5."""
    assert best_of({"a": [1, None], "b": [1, 3], "c": [2, 2]}) == "b"


def test_parts_count_as_what_they_are_part_of() -> None:
    """A service has the best score of its pods and of itself."""
    edges = [Edge("cart-0", "cart", EdgeKind.PART_OF), Edge("cart-1", "cart", EdgeKind.PART_OF), Edge("web", "cart")]
    answer = Answer({"cart-0": 0.2, "cart-1": 0.5, "cart": 0.1, "web": 0.2}, unknown=True, seconds=2.0)

    assert by_service(answer, edges) == Answer({"cart": 0.5, "web": 0.2}, unknown=True, seconds=2.0)


def test_an_empty_answer_is_sure_of_nothing() -> None:
    """Its first hypothesis has probability 0."""
    assert Answer({}).first == 0.0
    assert Answer({"a": 0.2, "b": 0.7}).first == 0.7
