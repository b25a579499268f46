"""Which series get a detector of their own: by the settings' patterns, by objectives, and while there is room."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from aiops.agents.monitor.models import OBJECTIVES, Chosen, Models
from aiops.agents.monitor.signals import MODEL
from aiops.model.entities import Objective
from aiops.model.metric_semantics.semantics import MetricRole, MetricSemantics, Worse
from aiops.settings import DataPlane, DetectorChoice
from detectors.bank.layout import ValueKind, ViewCode
from detectors.transitions import OPENED
from detectors.wire.identity import SeriesIdentity

GOALS = {"pay": (Objective("fast", 0.99, indicator="latency", threshold_ms=200.0),)}
LATENCY, OTHER = MetricSemantics(MetricRole.LATENCY, Worse.UP), MetricSemantics(MetricRole.OTHER, Worse.NEITHER)
GAUGE = int(ValueKind.GAUGE)


class Fixed:
    """A detector whose score is the value, if that is one."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    @property
    def expected(self) -> float:
        return 0.25

    def update(self, at: int, value: float) -> float:
        self.seen.append(value)
        return value

    def snapshot(self) -> dict[str, npt.NDArray[Any]]:
        return {"seen": np.array(self.seen, np.float64)}

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        self.seen = arrays["seen"].tolist()


def chosen(name: str, *metrics: str, series: int = 10) -> Chosen:
    """The settings name a detector for these metrics."""
    return Chosen(DetectorChoice(name=name, metrics=metrics or ("*",), series=series), Fixed)


def models(*found: Chosen, model_series: int = 10, code: int = 20) -> Models:
    """The tiers of a slot; ``pay`` has an objective on its latency."""
    return Models(found, DataPlane(model_series=model_series), GOALS, code=code)


def watched(made: Models) -> dict[str, int]:
    """Number of series by tier."""
    return {name: len(tier) for name, tier in made.tiers.items() if len(tier)}


def watch(made: Models, series: int, metric: str, entity: str = "pay", *, latency: bool = False) -> None:
    """A new series appeared."""
    made._watch(series, GAUGE, SeriesIdentity(entity, metric), meaning=LATENCY if latency else OTHER)


def points(*values: float, series: int = 1) -> tuple[Any, Any, Any, Any]:
    """Points of one series, a second apart."""
    count = len(values)
    at = (1 + np.arange(count, dtype=np.int64)) * 10**9
    return np.full(count, series, np.int32), at, np.array(values, np.float64), np.zeros(count, np.int64)


# ------------------------------------------------------------------------------------------------------ who gets one


def test_a_series_gets_the_first_detector_that_fits() -> None:
    """By the pattern of its metric's name."""
    made = models(chosen("a", "queue.*"), chosen("b", "*"))
    watch(made, 1, "queue.length")
    watch(made, 2, "memory.used")
    assert watched(made) == {"a": 1, "b": 1}


@pytest.mark.parametrize(
    ("pattern", "metric", "fits"),
    [
        ("queue.*", "queue.length", True),
        ("queue.*", "Queue.length", False),
        ("queue.*", "queue", False),
        ("*.length", "queue.length", True),
        ("queue.?", "queue.length", False),
        ("[q]ueue.length", "queue.length", True),
        ("", "queue.length", False),
    ],
)
def test_patterns_are_of_the_shell_and_mind_case(pattern: str, metric: str, fits: bool) -> None:  # noqa: FBT001 (a parameter)
    """The whole name must fit."""
    made = models(chosen("a", pattern))
    watch(made, 1, metric, "shop")
    assert watched(made) == ({"a": 1} if fits else {})
    assert made._wanted(["shop"], [metric]) == ([False], [fits])


def test_a_full_tier_passes_a_series_to_no_other_choice() -> None:
    """The second choice is for other metrics; the bank scores the series all the same."""
    made = models(chosen("a", "queue.*", series=1), chosen("b", "*"))
    for series in (1, 2):
        watch(made, series, "queue.length")
    assert watched(made) == {"a": 1}


def test_a_full_tier_leaves_room_for_an_objective() -> None:
    """What users were promised is watched before what the settings wish for."""
    made = models(chosen("a", "*", series=1))
    watch(made, 1, "x", "shop")
    watch(made, 2, "request.latency", latency=True)
    assert watched(made) == {"a": 1, OBJECTIVES: 1}


@pytest.mark.parametrize(
    ("identity", "meaning"),
    [
        (SeriesIdentity("shop", "request.latency"), LATENCY),
        (SeriesIdentity("pay", "memory.used"), OTHER),
        (SeriesIdentity("pay", "request.latency", (("peer", "db"),), peer="db"), LATENCY),
    ],
    ids=["no-objective", "another-meaning", "of-a-call"],
)
def test_only_what_shows_the_objective_itself_is_watched_for_it(
    identity: SeriesIdentity, meaning: MetricSemantics
) -> None:
    """Not another entity, not another figure, not what it sees of its callees."""
    made = models()
    made._watch(1, GAUGE, identity, meaning=meaning)
    assert watched(made) == {}


def test_the_tier_of_objectives_has_a_limit() -> None:
    """None at all is a limit too."""
    made = models(model_series=0)
    watch(made, 1, "request.latency", latency=True)
    assert watched(made) == {}
    assert made._wanted(["pay"], []) == ([False], [])


def test_what_may_be_watched_is_told_by_entity_and_metric() -> None:
    """So that a table of a million names is asked once."""
    made = models(chosen("a", "queue.*", series=1))
    assert made._wanted(["pay", "shop"], ["queue.length", "memory"]) == ([True, False], [True, False])
    watch(made, 1, "queue.length")
    assert made._wanted(["pay"], ["queue.length"]) == ([True], [False])


# ------------------------------------------------------------------------------------------------------------ scores


def test_a_detector_s_transitions_carry_its_code() -> None:
    """Codes follow the first one, in the order of the settings."""
    made = models(chosen("a", "x"), chosen("b", "queue.*"), code=20)
    watch(made, 1, "queue.length")
    (told,) = made.update(points(*[0.1] * 30, *[0.999999] * 30))
    assert OPENED in told.what.tolist()
    assert set(told.detector.tolist()) == {21}
    assert set(told.track.tolist()) == {MODEL}


def test_series_without_a_detector_are_not_scored_here() -> None:
    """No tier has any: nothing is computed."""
    made = models(chosen("a", "queue.*"))
    assert made.update(points(0.999, 0.999)) == []
    watch(made, 1, "queue.length")
    (told,) = made.update(points(*[0.999999] * 40, series=2))
    assert len(told.series) == 0


@pytest.mark.parametrize("score", [float("nan"), 1.5, -0.1])
def test_a_detector_that_gives_no_score_is_ended_and_told(score: float) -> None:
    """The others go on."""

    class Odd(Fixed):
        def update(self, at: int, value: float) -> float:
            return score

    made = models(Chosen(DetectorChoice(name="odd", metrics=("*",)), Odd), chosen("b", "x"))
    assert made.error == ""
    watch(made, 1, "y")
    made.update(points(1.0))
    assert made.error.startswith("detector odd ended: ")


# --------------------------------------------------------------------------------------------------------- snapshots


def test_restored_tiers_go_on_as_the_old_ones() -> None:
    """The same further points give the same transitions."""
    made = models(chosen("a"))
    watch(made, 1, "queue.length")
    made.update(points(*[0.1] * 30))
    again = models(chosen("a"))
    again.restore({name: tier.to_arrays() for name, tier in made.tiers.items()})
    assert watched(again) == watched(made)
    (left,), (right,) = (one.update(points(*[0.999999] * 20)) for one in (made, again))
    assert left.score.tolist() == right.score.tolist()
    assert left.what.tolist() == right.what.tolist()


def test_a_tier_that_the_settings_dropped_is_dropped() -> None:
    """And one that they added begins empty."""
    made = models(chosen("a"))
    watch(made, 1, "queue.length")
    again = models(chosen("b"))
    again.restore({name: tier.to_arrays() for name, tier in made.tiers.items()})
    assert watched(again) == {}


def test_the_objectives_tier_is_of_the_bank_s_model_view() -> None:
    """Its signals are told under that code."""
    assert models()._codes[OBJECTIVES] == int(ViewCode.MODEL)
