"""Small estates and episodes that the tests of this room share."""

from __future__ import annotations

from aiops.model.entities import Edge, EdgeKind, Item
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from topology.graph import Graph

SECOND = 10**9
START = 1_700_000_000 * SECOND


def episode(
    entity: str, after: float = 0.0, metric: str = "errors", score: float = 0.95, peer: str | None = None
) -> Episode:
    """``entity`` became abnormal ``after`` seconds from the start."""
    at = START + round(after * SECOND)
    signal = Signal(metric, metric, SignalDirection.UP, Source.METRIC, at, score, 1.0, 0.1, peer=peer)
    return Episode(f"{entity}@{at}", entity, at, 1, score, (signal,), 1, at + 60 * SECOND)


def runs_on(source: str, target: str) -> Edge:
    """A service on a host."""
    return Edge(source, target, EdgeKind.RUNS_ON)


def part_of(source: str, target: str) -> Edge:
    """A host in a zone, an instance of a service, a service of a business service."""
    return Edge(source, target, EdgeKind.PART_OF)


def shop() -> Graph:
    """Web → checkout → (payment → db, basket → cache), mobile → basket; two hosts in one zone; sold as ``sales``."""
    items = [
        Item("sales", "business_service", value_per_minute=100.0),
        Item("checkout", value_per_minute=60.0),
        *(Item(name, replicas=2, failure_domain="zone-a") for name in ("web", "payment", "basket", "mobile")),
        Item("db", "database"),
        Item("cache", "cache"),
        Item("h1", "host", failure_domain="zone-a"),
        Item("h2", "host", failure_domain="zone-a"),
        Item("zone-a", "zone"),
    ]
    calls = [("web", "checkout"), ("checkout", "payment"), ("checkout", "basket"), ("payment", "db"),
             ("basket", "cache"), ("mobile", "basket")]  # fmt: skip
    edges = [Edge(*pair) for pair in calls]
    edges += [runs_on("payment", "h1"), runs_on("basket", "h1"), runs_on("basket", "h2"), runs_on("cache", "h2")]
    edges += [part_of("h1", "zone-a"), part_of("h2", "zone-a"), part_of("web", "sales")]
    return Graph.build(items, edges)
