from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from aiops.model.entities import Edge, Item
from tests.unit.topology.estates import SECOND, START, part_of, runs_on, shop
from topology.correlation import Correlator
from topology.graph import Graph


def follow(correlator: Correlator, entities: Iterable[str], gap: int = SECOND // 100) -> set[str]:
    """Live incidents after the entities became abnormal one after another, as the orchestrator does it."""
    live: set[str] = set()
    for order, entity in enumerate(entities):
        at = START + order * gap
        placed = correlator.place(entity, at)
        name = placed[0] if placed else f"i{order}"
        one = correlator.join(name, entity, at) if placed else correlator.open(name, entity, at)
        live.add(name)
        for gone in one[1:]:
            correlator.merge(one[0], gone)
            live.discard(gone)
    return live


def test_caller_and_callee_belong_together() -> None:
    """Who needs an abnormal entity, and what it needs, joins its incident."""
    correlator = Correlator(shop())
    correlator.open("i1", "checkout", START)
    assert [correlator.place(name, START + SECOND) for name in ("web", "payment", "db")] == [("i1",)] * 3


def test_common_need_joins_and_common_caller_does_not() -> None:
    """Two callers of one service may have one cause; two services behind one caller need not."""
    correlator = Correlator(Graph.build([], [Edge("a", "c"), Edge("b", "c"), Edge("top", "x"), Edge("top", "y")]))
    correlator.open("i1", "a", START)
    correlator.open("i2", "x", START)
    assert (correlator.place("b", START), correlator.place("y", START)) == (("i1",), ())


def test_business_service_is_no_common_cause() -> None:
    """That two services are sold together does not make their troubles one."""
    graph = Graph.build([Item("sales", "business_service")], [part_of("a", "sales"), part_of("b", "sales")])
    correlator = Correlator(graph)
    correlator.open("i1", "a", START)
    assert correlator.place("b", START) == ()


def test_same_entity_belongs_whatever_the_time() -> None:
    """A member's next episode is of its incident, also late, also when the graph does not know it."""
    correlator = Correlator(Graph.empty())
    correlator.open("i1", "a", START)
    assert correlator.place("a", START + 10_000 * SECOND) == ("i1",)


def test_neighbours_belong_within_the_window_only() -> None:
    """Trouble nearby but much later is another incident."""
    correlator = Correlator(shop(), window=300 * SECOND)
    correlator.open("i1", "payment", START)
    assert [correlator.place("checkout", START + s * SECOND) for s in (299, 301, -301)] == [("i1",), (), ()]


def test_hops_bound_the_reach() -> None:
    """With one hop only direct neighbours belong."""
    correlator = Correlator(shop(), hops=1)
    correlator.open("i1", "payment", START)
    assert (correlator.place("checkout", START), correlator.place("web", START)) == (("i1",), ())


def test_healthy_host_does_not_glue() -> None:
    """Two services on one healthy host are two incidents; when the host is abnormal they are one."""
    graph = Graph.build([], [runs_on("a", "h"), runs_on("b", "h")])
    healthy, sick = Correlator(graph), Correlator(graph)
    healthy.open("i1", "a", START)
    sick.open("i1", "h", START)
    assert (healthy.place("b", START), sick.place("b", START)) == ((), ("i1",))


def test_hub_becomes_hot_and_merges() -> None:
    """Enough services of a silent host, abnormal together, are one incident; the rest then joins it at once."""
    graph = Graph.build([], [runs_on(f"s{at}", "h") for at in range(6)])
    correlator = Correlator(graph)
    assert follow(correlator, ["s0", "s1", "s2"]) == {"i0"}
    assert correlator.place("s5", START) == ("i0",)


def test_slow_drip_does_not_heat_a_hub() -> None:
    """The same services abnormal minutes apart are chance."""
    graph = Graph.build([], [runs_on(f"s{at}", "h") for at in range(6)])
    assert len(follow(Correlator(graph), ["s0", "s1", "s2", "s3"], gap=120 * SECOND)) == 4


def test_storm_of_one_database_is_one_incident() -> None:
    """Thousands of services behind one database, which is a hub, end in one incident."""
    graph = Graph.build([], [Edge(f"s{at}", "db") for at in range(2000)])
    assert len(follow(Correlator(graph), [f"s{at}" for at in range(2000)])) == 1


def test_late_dependant_brings_its_incident_to_the_hot_cause() -> None:
    """One that joined a neighbour's incident after the cause became hot shows that the two are one; a lone one not."""
    edges = [*(Edge(f"s{at}", "db") for at in range(30)), Edge("caller", "s29")]
    together, apart = Correlator(Graph.build([], edges)), Correlator(Graph.build([], edges))
    for correlator, later in ((together, 0), (apart, 120 * SECOND)):
        follow(correlator, [f"s{at}" for at in range(15)])
        correlator.open("near", "caller", START + later)
        assert correlator.join("near", "s29", START + later) == (("i0", "near") if correlator is together else ())


def test_two_zones_stay_two_incidents() -> None:
    """Storms in two zones that share nothing are not glued."""
    edges = [runs_on(f"{zone}s{at}", f"{zone}h{at % 5}") for zone in "ab" for at in range(50)]
    edges += [part_of(f"{zone}h{at}", zone) for zone in "ab" for at in range(5)]
    services = [f"{zone}s{at}" for at in range(50) for zone in "ab"]
    hosts = [f"{zone}h{at}" for at in range(5) for zone in "ab"]
    graph = Graph.build([], edges)
    assert len(follow(Correlator(graph), services)) == 2
    assert len(follow(Correlator(graph), ["a", "b", *hosts, *services])) == 2


def test_nearer_incident_comes_first() -> None:
    """The best place is the one with fewest hops."""
    correlator = Correlator(shop())
    correlator.open("far", "db", START)
    correlator.open("near", "web", START)
    assert correlator.place("checkout", START) == ("near", "far")


def test_merge_keeps_members_and_reach() -> None:
    """After a merge the kept incident has what both had."""
    correlator = Correlator(shop())
    correlator.open("i1", "db", START)
    correlator.open("i2", "cache", START)
    correlator.merge("i1", "i2")
    assert (correlator.place("basket", START), correlator.place("cache", START)) == (("i1",), ("i1",))


def test_closed_incident_takes_nobody() -> None:
    """After closing, everything about an incident is forgotten."""
    correlator = Correlator(shop())
    correlator.open("i1", "db", START)
    correlator.close("i1")
    correlator.close("i1")
    assert correlator.place("db", START) == ()
    assert (correlator._covering, correlator._member_of, correlator._abnormal_on) == ({}, {}, {})


def test_graph_change_finds_reach_anew() -> None:
    """A new edge counts for incidents that are open already."""
    correlator = Correlator(Graph.empty())
    correlator.open("i1", "a", START)
    assert correlator.place("b", START) == ()
    correlator.graph_changed(Graph.build([], [Edge("b", "a")]))
    assert correlator.place("b", START) == ("i1",)


def test_unknown_incidents_are_ignored() -> None:
    """Joining or merging what is not open changes nothing."""
    correlator = Correlator(shop())
    assert correlator.join("nobody", "db", START) == ()
    correlator.merge("nobody", "neither")
    assert correlator.place("db", START) == ()


@given(st.lists(st.tuples(st.sampled_from(shop().names), st.integers(0, 500), st.booleans()), max_size=25))
def test_indexes_agree_with_open_incidents(steps: list[tuple[str, int, bool]]) -> None:
    """Whatever happens, the indexes hold exactly what the open incidents hold."""
    correlator = Correlator(shop())
    for order, (entity, after, close) in enumerate(steps):
        at = START + after * SECOND
        placed = correlator.place(entity, at)
        if close and placed:
            correlator.close(placed[-1])
        elif placed:
            correlator.join(placed[0], entity, at)
        else:
            correlator.open(f"i{order}", entity, at)
    covering: dict[int, set[str]] = {}
    members: dict[str, set[str]] = {}
    for name, held in correlator._open.items():
        for entity in held.members:
            members.setdefault(entity, set()).add(name)
        for item in {*held.reach[0], *held.reach[1]}:
            covering.setdefault(item, set()).add(name)
    assert {key: set(value) for key, value in correlator._covering.items()} == covering
    assert {key: set(value) for key, value in correlator._member_of.items()} == members
