"""The harness on a made-up case: every ranker is asked the same, and what does not apply is left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from aiops.model.entities import Edge, EdgeKind
from tests.benchmarks.rootcause.baselines.catalogue import BASELINES
from tests.benchmarks.rootcause.grading import Answer
from tests.benchmarks.rootcause.labelled import CaseSet, LabelledCase, shifted
from tests.benchmarks.rootcause.report import (
    blame_line,
    calibration,
    false_blame,
    figures,
    firsts,
    reliability_table,
    table,
)
from tests.benchmarks.rootcause.run import Graded, Results, grade, normal, run
from tests.unit.benchmarks.rootcause.small import labelled, metrics, steady

RANKER = "walk"


def cases() -> Iterator[LabelledCase]:
    yield labelled()
    yield labelled()


def calm() -> Iterator[LabelledCase]:
    yield labelled({("web", "latency"): steady(100, [99.0, 101.0] * 4), ("cart", "cpu"): steady(5, [6.0, 4.0] * 4)})


SMALL = CaseSet("small", cases, shifted(2), normal=calm)


def test_every_ranker_answers_every_case_under_every_protocol() -> None:
    """Alerts and changes are not there, so that their methods are left out."""
    given, found = run(SMALL, ranker=RANKER, baselines=BASELINES)

    assert (given.protocol, found.protocol) == ("given", "found+2")
    assert len(given.answers[RANKER]) == 2
    assert set(given.baselines) == {
        *("random", "largest-deviation", "n-sigma", "baro", "prism", "ranked-correlation", "traversal")
    }
    assert given.places("traversal") == [1, 1]


def test_the_cases_can_be_limited() -> None:
    """To the first so many."""
    assert [len(results.answers[RANKER]) for results in run(SMALL, ranker=RANKER, baselines=(), most=1)] == [1, 1]


def test_figures_are_the_same_in_every_run_but_for_time() -> None:
    """Nothing is drawn without a seed."""

    def without_time() -> str:
        found = [figures(results) for results in run(SMALL, ranker=RANKER, baselines=BASELINES)]
        for figure in found:
            for row in figure["rankers"].values():
                del row["ms_a_case"]
        return json.dumps(found)

    assert without_time() == without_time()


def results() -> Results:
    """Two cases: the product is wrong at 0.9 and right at 0.7, the baseline is right twice, another saw one case."""
    held = Results("small", "given", "product")
    held.answers["product"] = [
        Graded("1", "cpu", Answer({"web": 0.9, "store": 0.1}, seconds=0.002), 2),
        Graded("2", "loss", Answer({"store": 0.7}, unknown=True, seconds=0.004), 1),
    ]
    held.answers["baro"] = [
        Graded("1", "cpu", Answer({"store": 9.0}), 1),
        Graded("2", "loss", Answer({"store": 8.0}), 1),
    ]
    held.answers["latest-change"] = [Graded("1", "cpu", Answer({}), None)]
    return held


def test_figures_hold_shares_counts_and_the_comparison() -> None:
    """A baseline that did not apply to every case is not compared."""
    found = figures(results())

    assert set(found["rankers"]) == {"product", "baro"}
    product = found["rankers"]["product"]
    assert (product["ac@1"], product["ac@3"], product["unknown"], product["empty"]) == (0.5, 1.0, 1, 0)
    assert product["ms_a_case"] == pytest.approx(3.0)
    assert found["against_best"] == {"baseline": "baro", "wins": 0, "losses": 1, "holds": True}
    assert found["by_kind"]["loss"]["ac@1"] == 1.0
    assert found["places"]["product"] == {"1": 2, "2": 1}


def test_what_is_wrong_above_the_bar_is_counted() -> None:
    """Both are at or above 0.6, one is wrong: ECE (0.9 + 0.3) / 2."""
    found = calibration(firsts(results().answers["product"]))

    assert (found["above_bar"], found["wrong_above_bar"]) == (2, 1)
    assert found["ece"] == pytest.approx(0.6)


def test_the_tables_name_what_they_show() -> None:
    """A person finds the product, the best baseline and the verdict."""
    text = table(figures(results()))

    assert "* product" in text
    assert "against baro, the best baseline: 0 won, 1 lost" in text
    assert "ECE 0.600; 2 at or above 0.6, 1 of them wrong" in text
    assert "(0.8, 0.9]" in reliability_table(calibration(firsts(results().answers["product"])))


def test_false_blame_is_the_share_of_calm_windows_with_a_sure_hypothesis() -> None:
    """An answer that is called unknown blames nobody."""
    found = false_blame([Answer({"web": 0.85}), Answer({"web": 0.95}, unknown=True), Answer({"web": 0.5}), Answer({})])

    assert [found[f"at_least_{bar}"]["share"] for bar in (0.4, 0.6, 0.8, 0.9)] == [0.5, 0.25, 0.25, 0.0]
    assert found["unknown"] == 1
    assert "0.6: 0.250" in blame_line("small", found).replace(">= ", "")


def test_calm_windows_are_asked_without_an_onset() -> None:
    """One window, one answer."""
    assert len(normal(SMALL, ranker=RANKER)) == 1


def test_the_truth_is_graded_by_service() -> None:
    """A truth that is a pod is right when its service is named."""
    one = labelled()
    edges = (Edge("store-0", "store", EdgeKind.PART_OF),)
    pods = replace(one, case=replace(one.case, edges=edges, metrics=metrics({})), truth=frozenset({"store-0"}))

    assert grade(pods, Answer({"web": 0.4, "store-0": 0.5, "store": 0.1})).place == 1
