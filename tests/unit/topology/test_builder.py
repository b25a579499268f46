from __future__ import annotations

from aiops.model.entities import Edge, EdgeKind, Item
from topology.builder import GraphBuilder


def test_report_replaces_declared_edges() -> None:
    """Edges that the newest record does not list are gone."""
    builder = GraphBuilder()
    builder.report(Item("a", version=1), [Edge("a", "b"), Edge("a", "c")])
    builder.report(Item("a", version=2), [Edge("a", "c")])
    assert builder.snapshot(1).needs_of("a") == [("c", EdgeKind.CALLS)]


def test_older_record_is_ignored() -> None:
    """A late record of a lower version changes nothing."""
    builder = GraphBuilder()
    assert builder.report(Item("a", "new", version=2))
    assert not builder.report(Item("a", "old", version=1))
    assert builder.snapshot(1).kinds == ("new",)


def test_repeated_record_changes_nothing() -> None:
    """The same record twice is one, and the snapshot stays."""
    builder = GraphBuilder()
    builder.report(Item("a"), [Edge("a", "b")])
    before = builder.snapshot(1)
    assert not builder.report(Item("a"), [Edge("a", "b")])
    assert builder.snapshot(1) is before


def test_deleted_item_leaves_a_stub_where_others_need_it() -> None:
    """What was deleted but is still named by others is there as a stub, without its own edges."""
    builder = GraphBuilder()
    builder.report(Item("a"), [Edge("a", "b")])
    builder.report(Item("b"), [Edge("b", "c")])
    builder.report(Item("b", version=1, deleted=True))
    graph = builder.snapshot(1)
    assert (graph.names, graph.known.tolist(), builder.item("b")) == (("a", "b"), [True, False], None)


def test_observed_edges_age_out() -> None:
    """A call that spans have not shown for long is forgotten; a declared one is not."""
    builder = GraphBuilder(keep_observed=100)
    builder.report(Item("a"), [Edge("a", "b")])
    assert builder.observe([Edge("a", "c", origin="spans", seen_at=50), Edge("a", "d", origin="spans", seen_at=150)])
    assert builder.expire(200)
    assert [name for name, _ in builder.snapshot(1).needs_of("a")] == ["b", "d"]


def test_seen_again_is_no_growth() -> None:
    """An edge that is seen again is younger, but the graph is the same."""
    builder = GraphBuilder(keep_observed=100)
    builder.observe([Edge("a", "b", origin="spans", seen_at=50)])
    before = builder.snapshot(1)
    assert not builder.observe([Edge("a", "b", origin="spans", seen_at=150)])
    assert not builder.expire(200)
    assert builder.snapshot(1) is before


def test_nonsense_is_ignored() -> None:
    """Nameless items, nameless ends, loops and edges of somebody else's record do no harm."""
    builder = GraphBuilder()
    assert not builder.report(Item(""))
    builder.report(Item("a"), [Edge("b", "c"), Edge("a", ""), Edge("a", "a")])
    assert not builder.observe([Edge("", "x"), Edge("x", "x")])
    graph = builder.snapshot(1)
    assert (graph.names, graph.edge_count) == (("a",), 0)


def test_snapshot_carries_its_version() -> None:
    """The same content under another version is the same arrays."""
    builder = GraphBuilder()
    builder.report(Item("a"))
    assert [builder.snapshot(3).version, builder.snapshot(4).version] == [3, 4]
