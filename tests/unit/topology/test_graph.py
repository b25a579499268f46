from __future__ import annotations

import pickle

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.entities import Edge, EdgeKind, Item
from topology.graph import CALLS, Graph

NAMES = st.sampled_from([f"n{at}" for at in range(8)])
EDGES = st.lists(
    st.builds(Edge, NAMES, NAMES, st.sampled_from(list(EdgeKind)), weight=st.floats(0.1, 9.0)), max_size=30
)


def test_empty_graph_knows_nothing() -> None:
    """An estate that nobody described has no items and no edges."""
    graph = Graph.empty()
    assert (len(graph), graph.edge_count, "a" in graph, graph.needs_of("a")) == (0, 0, False, [])


@given(EDGES)
def test_rows_hold_exactly_the_edges(edges: list[Edge]) -> None:
    """Both directions hold every distinct edge once, without those from an item to itself."""
    graph = Graph.build([], edges)
    expected = {(e.source, e.target, e.kind) for e in edges if e.source != e.target}
    down = {(name, end, kind) for name in graph.names for end, kind in graph.needs_of(name)}
    up = {(end, name, kind) for name in graph.names for end, kind in graph.serves_of(name)}
    assert (down, up, graph.edge_count) == (expected, expected, len(expected))


@given(EDGES, st.randoms(use_true_random=False))
def test_order_of_edges_does_not_matter(edges: list[Edge], random: object) -> None:
    """The same edges in another order give the same arrays."""
    shuffled = list(edges)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, two = Graph.build([], edges), Graph.build([], shuffled)
    assert one.names == two.names
    assert one.kinds == two.kinds
    for name in ("starts", "ends", "kinds", "weights"):
        assert np.array_equal(getattr(one.needs, name), getattr(two.needs, name))


@given(EDGES)
def test_pickle_keeps_everything(edges: list[Edge]) -> None:
    """A graph that was sent is the same graph."""
    graph = Graph.build([Item("n0", attributes={"team": "a"})], edges, version=7)
    assert graph.causes is not None
    copy = pickle.loads(pickle.dumps(graph))
    assert (copy.version, copy.names, copy.attributes) == (7, graph.names, {"n0": {"team": "a"}})
    assert np.array_equal(copy.effects.ends, graph.effects.ends)


def test_unknown_ends_become_stubs() -> None:
    """Items that only an edge named are there, marked, with the kind that the edge implies."""
    graph = Graph.build([Item("a")], [Edge("a", "b"), Edge("a", "h", EdgeKind.RUNS_ON)])
    assert dict(zip(graph.names, zip(graph.kinds, graph.known.tolist(), strict=True), strict=True)) == {
        "a": ("service", True), "b": ("service", False), "h": ("host", False),
    }  # fmt: skip


def test_newest_version_of_an_item_wins() -> None:
    """Of two records of one item the higher version counts, and a deleted item is gone."""
    graph = Graph.build([Item("a", "old", version=1), Item("a", "new", version=2), Item("b", deleted=True)], [])
    assert (graph.names, graph.kinds) == (("a",), ("new",))


def test_parallel_edges_keep_the_highest_weight() -> None:
    """An edge that CMDB and spans both tell of is one edge."""
    graph = Graph.build([], [Edge("a", "b"), Edge("a", "b", origin="spans", weight=40.0)])
    assert graph.needs.weights.tolist() == [40.0]
    assert graph.needs.kinds_of(0).tolist() == [CALLS]


def test_odd_numbers_are_made_harmless() -> None:
    """Infinite and negative weights and values do not reach the arrays."""
    graph = Graph.build([Item("a", value_per_minute=float("nan"))], [Edge("a", "b", weight=float("inf"))])
    assert (graph.values.tolist(), graph.needs.weights.tolist()) == ([0.0, 0.0], [1.0])


def test_causes_add_parts_and_leave_out_business_services() -> None:
    """A whole suffers from its parts; what is sold harms nobody."""
    items = [Item("sales", "business_service"), Item("web"), Item("pod")]
    graph = Graph.build(items, [Edge("web", "sales", EdgeKind.PART_OF), Edge("pod", "web", EdgeKind.PART_OF)])
    found = {name: [graph.names[end] for end in graph.causes.of(at)] for at, name in enumerate(graph.names)}
    assert found == {"pod": ["web"], "sales": ["web"], "web": ["pod"]}


def test_within_counts_hops() -> None:
    """Only what can be reached in so many edges is within them."""
    graph = Graph.build([], [Edge("a", "b"), Edge("b", "c"), Edge("c", "d"), Edge("d", "a")])
    within = graph.causes.within(graph.numbers_of(["a", "nobody"]), 2)
    assert [graph.names[at] for at in within] == ["a", "b", "c"]


def test_networkx_has_the_same_edges() -> None:
    """People and extensions see what the arrays hold."""
    graph = Graph.build([Item("a", "database")], [Edge("b", "a"), Edge("b", "a", EdgeKind.USES)])
    peer = graph.networkx()
    assert sorted((s, t, k) for s, t, k in peer.edges(keys=True)) == [("b", "a", "calls"), ("b", "a", "uses")]
    assert peer.nodes["a"]["kind"] == "database"
