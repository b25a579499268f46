"""Random entities, counted alerts and the latest change."""

from __future__ import annotations

from dataclasses import replace
from math import log

import polars as pl
import pytest

from aiops.model.durations import SECOND
from aiops.model.reports import Change
from tests.benchmarks.rootcause.baselines.alert_counts import AlertCounts
from tests.benchmarks.rootcause.baselines.catalogue import BASELINES
from tests.benchmarks.rootcause.baselines.control import RandomEntity
from tests.benchmarks.rootcause.baselines.latest_change import LatestChange
from tests.benchmarks.rootcause.baselines.protocol import BaselineQuestion
from tests.unit.benchmarks.rootcause.small import ONSET, case, store_fails
from topology.cases.case import ALERTS, Case


def test_random_scores_are_the_same_in_every_run_and_differ_between_cases() -> None:
    """All entities of the case have one, also those without series."""
    one = RandomEntity().scores(BaselineQuestion(case({}), ONSET))

    assert one == RandomEntity().scores(BaselineQuestion(case({}), ONSET))
    assert set(one) == {"web", "cart", "store"}
    assert one != RandomEntity().scores(BaselineQuestion(case({}, "another"), ONSET))
    assert all(0.0 <= score < 1.0 for score in one.values())


def test_a_rare_alert_weighs_more_and_a_call_counts_for_the_callee() -> None:
    """A kind in one of nine cases weighs log 10, a kind in all of them log 2."""
    rows = [
        (None, "web", "metric", "cpu:up", None),
        (None, "web", "metric", "cpu:up", None),
        (None, "web", "trace", "get:ERROR", "store"),
    ]
    alerts = pl.DataFrame(rows, schema=ALERTS, orient="row")
    held = Case(id="alerts", from_at=0, to_at=0, step=SECOND, alerts=alerts)
    kinds = {("metric", "cpu:up"): 9, ("trace", "get:ERROR"): 1}
    found = AlertCounts().scores(BaselineQuestion(held, None, alert_kinds=kinds, cases=9))

    assert found == pytest.approx({"web": 2 * log(2), "store": log(10)})


def test_the_latest_change_before_the_stated_time_is_blamed() -> None:
    """A change after it cannot be the cause."""
    changes = (
        Change("1", "cart", ONSET - 9 * SECOND, "deploy"),
        Change("2", "store", ONSET - 5 * SECOND, "deploy"),
        Change("3", "web", ONSET + SECOND, "deploy"),
    )
    found = LatestChange().scores(BaselineQuestion(replace(case({}), changes=changes), ONSET))

    assert found == {"cart": ONSET - 9 * SECOND, "store": ONSET - 5 * SECOND}


def test_methods_say_where_they_do_not_apply() -> None:
    """Series only: no alerts, no changes. Nothing at all: only names are left."""
    by_name = {each.name: each for each in BASELINES}
    series, nothing = BaselineQuestion(case(store_fails()), ONSET), BaselineQuestion(case({}), ONSET)

    assert {name for name, each in by_name.items() if each.scores(series) is None} == {"alert-counts", "latest-change"}
    assert {name for name, each in by_name.items() if each.scores(nothing) is not None} == {"random"}
