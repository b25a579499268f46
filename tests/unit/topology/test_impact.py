from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aiops.model.entities import Edge, EdgeKind, Item
from tests.unit.topology.estates import part_of, runs_on, shop
from topology.graph import Graph
from topology.impact import VALUE, WHOLE_DOMAIN, blast, counted_values, impact, spread

NAMES = st.sampled_from([f"n{at}" for at in range(8)])
EDGES = st.lists(st.builds(Edge, NAMES, NAMES, st.sampled_from(list(EdgeKind))), max_size=30)


def risk(graph: Graph, *failed: str) -> dict[str, float]:
    found = spread(graph, failed)
    return {name: round(float(found.risk[at]), 3) for at, name in enumerate(graph.names) if found.risk[at] > 0}


def test_callers_are_at_risk_and_callees_are_not() -> None:
    """Risk flows against the calls and falls with each."""
    graph = Graph.build([], [Edge("a", "b"), Edge("b", "c"), Edge("c", "d")])
    assert risk(graph, "c") == {"a": 0.64, "b": 0.8, "c": 1.0}


def test_one_host_of_two_degrades() -> None:
    """A service with replicas on other hosts loses a share, and all hosts together take it down."""
    graph = Graph.build([], [runs_on("s", "h1"), runs_on("s", "h2")])
    assert (risk(graph, "h1")["s"], risk(graph, "h1", "h2")["s"]) == (0.5, 1.0)


def test_zone_takes_its_hosts_and_what_runs_on_them() -> None:
    """A failed whole takes its parts along."""
    graph = Graph.build([], [part_of("h1", "z"), part_of("h2", "z"), runs_on("s", "h1")])
    assert risk(graph, "z") == {"h1": 1.0, "h2": 1.0, "s": 1.0, "z": 1.0}


def test_lost_part_spares_its_siblings() -> None:
    """A whole that lost one part is degraded, and its other parts are not at risk by that."""
    graph = Graph.build([], [part_of("h1", "z"), part_of("h2", "z"), runs_on("s", "h2")])
    assert risk(graph, "h1") == {"h1": 1.0, "z": 0.5}


RINGS = [
    Edge("n0", "n3", EdgeKind.PART_OF),
    Edge("n2", "n3", EdgeKind.PART_OF),
    Edge("n3", "n1", EdgeKind.RUNS_ON),
    Edge("n3", "n2", EdgeKind.RUNS_ON),
]
"""A whole that runs on its own part: risk goes round and grows for several rounds."""


@given(EDGES, st.lists(NAMES, min_size=1, max_size=3))
@example(RINGS, ["n1", "n0"])
def test_risk_is_a_share_and_grows_with_failures(edges: list[Edge], failed: list[str]) -> None:
    """Risk lies in [0, 1] in any graph, cycles included, and more failures never lower it."""
    graph = Graph.build([], edges)
    few, many = spread(graph, failed[:1]).risk, spread(graph, failed).risk
    assert np.all((many >= few - 1e-9) & (many <= 1.0) & (few >= 0.0))


@given(EDGES, NAMES)
def test_paths_end_at_the_failed_item(edges: list[Edge], failed: str) -> None:
    """Every item at risk can say along which needs."""
    graph = Graph.build([], edges)
    found = spread(graph, [failed])
    for at in np.flatnonzero(found.hops > 0).tolist():
        path = found.path(at)
        assert path[0] == graph.names[at]
        assert path[-1] == failed or len(path) > 12


def test_value_is_counted_once() -> None:
    """A service's own value is part of the value of the business service that needs it."""
    graph = shop()
    assert {n: v for n, v in zip(graph.names, counted_values(graph).tolist(), strict=True) if v} == {"sales": 100.0}


def test_values_of_services_count_where_no_business_service_stands_for_them() -> None:
    """Without business services, whatever has a value is counted."""
    graph = Graph.build([Item("a", value_per_minute=5.0), Item("b", value_per_minute=3.0)], [Edge("a", "b")])
    assert counted_values(graph).sum() == pytest.approx(8.0)


def test_impact_tells_the_dearest_first_with_its_path() -> None:
    """People read first what costs most, and why."""
    found = impact(shop(), ["db"], abnormal=["payment"])
    assert found[0].entity == "sales"
    assert found[0].how.endswith("sales needs web needs checkout needs payment needs db")
    assert found[0].business_service
    assert {i.entity: i.how for i in found}["payment"] == "abnormal: payment needs db"
    assert {i.entity for i in found} == {"db", "payment", "checkout", "web", "sales"}


def test_impact_of_an_unknown_item_is_empty() -> None:
    """Nothing is known of it, so nothing is said."""
    assert impact(shop(), ["nobody"]) == ()


def test_blast_states_shares_of_domain_and_value() -> None:
    """Restarting a service of two replicas spends their share of the zone, and the value behind it."""
    found = blast(["payment"], shop())
    assert found.shares["zone-a"] == pytest.approx(2 / 10)
    assert 0.0 < found.shares[VALUE] < 1.0
    assert found.entities[0] == "payment"


def test_blast_of_one_replica_at_a_time_is_smaller() -> None:
    """A rolling restart puts less at risk."""
    whole, rolling = blast(["payment"], shop()), blast(["payment"], shop(), share=0.5)
    assert rolling.shares["zone-a"] == pytest.approx(whole.shares["zone-a"] / 2)
    assert rolling.shares[VALUE] < whole.shares[VALUE]


def test_unwell_items_make_the_rest_dearer() -> None:
    """Where half of the capacity is abnormal already, the same target is a larger share of what is healthy."""
    before, after = blast(["payment"], shop()), blast(["payment"], shop(), abnormal=["basket", "web"])
    assert after.shares["zone-a"] > before.shares["zone-a"]


def test_blast_of_an_unknown_target_assumes_the_worst() -> None:
    """What nobody described may carry everything."""
    assert blast(["nobody"], shop()).shares[WHOLE_DOMAIN] == pytest.approx(1.0)
