"""The benchmark of a fleet that replaces its pods, small."""

from __future__ import annotations

from itertools import pairwise

from tests.benchmarks.fleet.churn import FLAT, Fleet, growth, watch


def test_a_fleet_that_replaces_all_pods_every_hour_takes_no_more_memory() -> None:
    """Sixty pods for fourteen hours: after the ring has filled nothing grows, and nothing is refused."""
    hours = list(watch(Fleet(pods=60, otlp_pods=6, hours=14, settled=9)))
    assert [hour.dead_letters for hour in hours] == [0] * 14
    assert growth(hours, 9, "snapshot_bytes") <= FLAT
    assert all(after.live == before.live for before, after in pairwise(hours[5:]))
    assert hours[-1].rows <= 1.2 * hours[-1].live
    assert hours[-1].aliases <= hours[-1].live
    # Four generations of six pods, and those that are half-way: a histogram each.
    assert hours[-1].distributions <= 30
