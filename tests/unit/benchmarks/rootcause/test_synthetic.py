"""Synthetic cases are the same for a seed, and hold what their description says."""

from __future__ import annotations

from itertools import islice

import polars as pl
import pytest

from aiops.model.entities import EdgeKind
from tests.benchmarks.rootcause.labelled import CaseSet
from tests.benchmarks.rootcause.synthetic import releases, shop


def sets() -> list[CaseSet]:
    return [shop.load("resource"), shop.load("network"), releases.load()]


@pytest.mark.parametrize("made", sets(), ids=lambda made: made.name)
def test_a_seed_makes_the_same_cases(made: CaseSet) -> None:
    """Cases and windows are made anew each time, and they are marked as synthetic."""
    one, other = next(made.cases()), next(made.cases())

    assert made.synthetic
    assert one.case.metrics.equals(other.case.metrics)
    assert (one.truth, one.onset, one.case.changes) == (other.truth, other.onset, other.case.changes)
    assert next(made.normal()).truth == frozenset()


def test_another_seed_makes_other_cases() -> None:
    """The names stay."""
    one, other = next(shop.load("resource", 1).cases()), next(shop.load("resource", 2).cases())

    assert one.case.id == other.case.id
    assert not one.case.metrics.equals(other.case.metrics)


def test_the_shop_has_38_series_and_every_kind_in_every_target() -> None:
    """Sixty cases of resources, forty of the network."""
    made = shop.load("resource")
    assert next(made.cases()).case.metrics.select("entity", "metric").n_unique() == 38
    found = [(each.kind, *each.truth) for each in made.cases()]
    assert len(found) == 60
    assert set(found) == {(kind, target) for kind in ("cpu", "mem", "disk") for target in shop.TARGETS}


def test_a_busy_processor_rises_from_the_onset_on() -> None:
    """At least by half a core on average, and not before."""
    one = next(shop.load("resource").cases())
    own = one.case.metrics.filter((pl.col("entity") == next(iter(one.truth))) & (pl.col("metric") == "cpu"))
    before, after = own.filter(pl.col("ts") < one.onset)["value"], own.filter(pl.col("ts") >= one.onset)["value"]

    assert one.kind == "cpu"
    assert float(after.mean() or 0) > 3 * float(before.mean() or 0)  # type: ignore[arg-type]


def test_a_delay_reaches_the_callers() -> None:
    """The front end is slower, and the load that all services see falls."""
    one = next(each for each in shop.load("network").cases() if each.truth == {"currencyservice"})
    means = {
        (entity, metric): (before, after)
        for entity, metric, before, after in one.case.metrics.group_by("entity", "metric")
        .agg(
            pl.col("value").filter(pl.col("ts") < one.onset).median().alias("before"),
            pl.col("value").filter(pl.col("ts") >= one.onset).median().alias("after"),
        )
        .iter_rows()
    }

    assert means["frontend", "latency"][1] > 2 * means["frontend", "latency"][0]
    assert means["paymentservice", "cpu"][1] < 0.9 * means["paymentservice", "cpu"][0]


def test_a_bad_release_is_one_of_several_changes_and_begins_before_the_onset() -> None:
    """The truth is a service whose pods are parts of it; its change names those that were replaced."""
    for one in islice(releases.load().cases(), 12):
        bad = [change for change in one.case.changes if change.entity in one.truth]
        pods = {edge.source for edge in one.case.edges if edge.kind is EdgeKind.PART_OF and edge.target in one.truth}

        assert len(bad) == 1
        assert len(one.case.changes) > 1
        assert one.onset is not None
        assert bad[0].at <= one.onset
        assert set(bad[0].instances) <= pods


def test_good_releases_come_before_and_after_the_bad_one() -> None:
    """So that the latest change is often innocent."""
    latest = [
        max(
            (change for change in one.case.changes if change.at <= (one.onset or 0)), key=lambda change: change.at
        ).entity
        in one.truth
        for one in releases.load().cases()
    ]

    assert 0.2 < sum(latest) / len(latest) < 0.6


def test_windows_of_releases_hold_changes_too() -> None:
    """A change alone is no fault."""
    assert all(window.case.changes for window in islice(releases.load().normal(), 10))
