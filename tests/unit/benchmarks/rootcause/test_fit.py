"""The fit of the witnesses' weights: what it learns, what it keeps, and how places and probabilities are read."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from tests.benchmarks.rootcause.fit import (
    PRIOR,
    UNKNOWN_PRIOR,
    Row,
    ablation,
    calibrate,
    estate_of,
    fit,
    left_out,
    module,
    place,
)
from topology.testimony.witnesses import WITNESSES

MANY = len(WITNESSES)


def row(estate: str, right: int | None, *told: tuple[int, int, float]) -> Row:
    """Three candidates; ``told``: candidate, witness, nats. ``right`` None: no fault."""
    scores = np.zeros((4, MANY + 1))
    scores[3, -1] = 1.0
    for candidate, witness, nats in told:
        scores[candidate, witness] = nats
    truth = np.zeros(4, np.bool_)
    truth[3 if right is None else right] = True
    return Row("case", estate, "normal" if right is None else "given", scores, truth)


def test_no_cases_leave_the_prior() -> None:
    """Every weight is 1."""
    assert fit([]).tolist() == [PRIOR] * MANY + [UNKNOWN_PRIOR]


def test_a_witness_that_is_right_gains_and_one_that_is_wrong_loses() -> None:
    """Both speak equally loud, for different candidates."""
    weights = fit([row("a", 0, (0, 0, 2.0), (1, 1, 2.0))] * 40)
    assert weights[0] > PRIOR > weights[1] >= 0.0


def test_a_witness_that_lies_ends_at_zero_and_not_below() -> None:
    """Each states its sign."""
    assert fit([row("a", 0, (1, 0, 50.0))] * 40)[0] == pytest.approx(0.0, abs=0.2)


def test_an_estate_counts_the_same_whatever_its_cases() -> None:
    """Ten times the same cases move nothing."""
    case = row("a", 0, (0, 0, 2.0), (1, 1, 2.0))
    assert fit([case] * 4) == pytest.approx(fit([case] * 40), abs=1e-3)


def test_windows_without_a_fault_raise_unknown() -> None:
    """Noise of some nats is to be called unknown."""
    noisy = [row("a", None, (0, 0, 7.0))] * 40
    assert fit(noisy)[-1] > UNKNOWN_PRIOR


def test_a_tie_is_its_worst_place() -> None:
    """And "unknown" is no candidate."""
    weights = np.ones(MANY + 1)
    assert place(weights, row("a", 0, (0, 0, 2.0), (1, 1, 2.0))) == 2
    assert place(weights, row("a", 0, (0, 0, 2.0), (1, 1, 1.0))) == 1


def test_an_estate_is_graded_by_weights_of_the_others() -> None:
    """An estate in which the only witness lies does not unlearn it; the ablation says what each witness gave."""
    honest, liar = [row("a", 0, (0, 0, 2.0))] * 9, [row("b", 0, (1, 0, 2.0))] * 9
    found = left_out([*honest, *liar])
    assert [line.split() for line in found.lines] == [
        ["a", "given", "9", "1.00", "1.00", "1.00"],
        ["b", "given", "9", "0.00", "1.00", "1.00"],
    ]
    assert found.without[WITNESSES[0].name] == {"a": 1.0, "b": 0.0}
    assert "a: +1.00" in ablation(found.without)


def test_too_sure_probabilities_get_a_slope_below_one() -> None:
    """Ninety of a hundred at 0.99 are right."""
    slope, offset = calibrate([(0.99, at < 90) for at in range(100)] + [(0.5, at < 50) for at in range(100)])
    assert 0.0 < slope < 1.0
    assert 1.0 / (1.0 + np.exp(-(slope * np.log(99.0) + offset))) == pytest.approx(0.9, abs=0.02)


def test_sets_of_one_system_are_one_estate() -> None:
    """Their faults are not independent."""
    assert estate_of("nezha-boutique-day") == estate_of("nezha-boutique")
    assert estate_of("shop-resource") == estate_of("shop-network") == "shop"


def test_the_module_is_python_with_every_witness() -> None:
    """It is what ``topology.rankers.fitted`` holds."""
    text = module(np.full(MANY + 1, 2.0), 0.5, 0.1, command="make weights")
    assert "``make weights``" in text
    assert len(ast.parse(text).body) == 10
    assert all(f'"{witness.name}": 2.000' in text for witness in WITNESSES)
