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


def test_an_item_without_an_environment_describes_the_service_in_each() -> None:
    """What the CMDB protects is protected in production and in staging."""
    builder = GraphBuilder()
    builder.report(Item("checkout", owner="shop"), [Edge("checkout", "db")])
    assert builder.meet("prod/checkout")
    builder.observe([Edge("staging/checkout", "mail", origin="spans", seen_at=1)])
    graph = builder.snapshot(1)
    assert graph.names == ("db", "mail", "prod/checkout", "staging/checkout")
    assert [graph.owners[graph.numbers[name]] for name in graph.names[2:]] == ["shop", "shop"]
    assert graph.needs_of("prod/checkout") == [("db", EdgeKind.CALLS)]
    assert graph.number("checkout") is None
    assert graph.number("prod/checkout") == 2


def test_an_items_own_name_goes_before_a_shorter_one() -> None:
    """The order of reports does not matter."""
    items = [Item("checkout", owner="all"), Item("prod/checkout", owner="production")]
    for order in (items, items[::-1]):
        builder = GraphBuilder()
        for item in order:
            builder.report(item)
        builder.meet("prod/checkout")
        builder.meet("test/checkout")
        graph = builder.snapshot(1)
        assert dict(zip(graph.names, graph.owners, strict=True)) == {
            "prod/checkout": "production",
            "test/checkout": "all",
        }


def test_a_fleet_with_bare_names_keeps_its_graph() -> None:
    """An item that telemetry names as the CMDB does stays as it is."""
    builder = GraphBuilder()
    builder.report(Item("checkout", owner="shop"))
    builder.meet("checkout")
    builder.observe([Edge("checkout", "db", origin="spans", seen_at=1)])
    assert builder.snapshot(1).names == ("checkout", "db")


def test_a_callers_address_is_an_edge_to_the_service() -> None:
    """Kubernetes names, ports and short names become what the graph knows, seen from the caller."""
    builder = GraphBuilder()
    builder.report(Item("pay"))
    builder.observe([Edge("staging/checkout", "pay", origin="spans", seen_at=1)])
    builder.observe([Edge("prod/checkout", "api.example.com", origin="spans", seen_at=1)])
    for target in ("checkout.prod.svc.cluster.local:80", "checkout.prod", "checkout", "pay:443"):
        builder.observe([Edge("prod/cart", target, origin="spans", seen_at=1)])
    graph = builder.snapshot(1)
    assert graph.needs_of("prod/cart") == [("pay", EdgeKind.CALLS), ("prod/checkout", EdgeKind.CALLS)]
    assert graph.needs_of("prod/checkout") == [("api.example.com", EdgeKind.CALLS)]


def test_entities_without_edges_are_bounded() -> None:
    """The oldest leave."""
    builder = GraphBuilder()
    builder.report(Item("x"))
    for number in range(20_001):
        builder.meet(f"{number}/x")
    assert len(builder.snapshot(1)) == 20_000


def test_a_forgotten_edge_takes_no_other_with_it() -> None:
    """Also one that was seen earlier."""
    builder = GraphBuilder()
    old, new = Edge("a", "b", origin="spans", seen_at=1), Edge("a", "c", origin="resources", seen_at=2)
    builder.observe([old, new])
    assert builder.forget(new)
    assert not builder.forget(new)
    assert builder.observed() == (old,)
    assert builder.snapshot(1).names == ("a", "b")


def test_what_an_edge_says_is_part_of_a_whole_is_an_instance() -> None:
    """Unless it is known as something else."""
    builder = GraphBuilder()
    builder.observe([Edge("pod", "web", EdgeKind.PART_OF), Edge("pod", "node", EdgeKind.RUNS_ON)])
    graph = builder.snapshot(1)
    assert list(zip(graph.names, graph.kinds, strict=True)) == [
        ("node", "host"),
        ("pod", "instance"),
        ("web", "unknown"),
    ]


def test_an_item_that_telemetry_names_in_both_ways_describes_both() -> None:
    """Such as while a fleet learns to state its environment."""
    builder = GraphBuilder()
    builder.report(Item("checkout", owner="shop"), [Edge("checkout", "db")])
    builder.observe([Edge("checkout", "mail", origin="spans"), Edge("prod/checkout", "mail", origin="spans")])
    graph = builder.snapshot(1)
    assert [graph.owners[graph.numbers[name]] for name in ("checkout", "prod/checkout")] == ["shop", "shop"]
    for name in ("checkout", "prod/checkout"):
        assert graph.needs_of(name) == [("db", EdgeKind.CALLS), ("mail", EdgeKind.CALLS)]
