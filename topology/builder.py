"""Builds the graph from reports: a CMDB record replaces its item and the item's edges; observed edges expire.

The graph does not depend on the order of items and edges within a report. No input is an error: an item without a name
is ignored, cycles and unknown ends of edges are allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from aiops.model.durations import DAY
from aiops.model.entities import RESOURCES, Edge, EdgeKind, Item
from topology.entity_index import EntityIndex
from topology.graph import Graph

_MOST_MET = 20_000
"""Entities without edges that are remembered; the oldest leave."""


class GraphBuilder:
    """Accumulates reports and makes snapshots of the graph.

    Args:
        keep_observed: an observed edge (from spans or a cluster) is kept for this time after it was last seen, ns.
    """

    def __init__(self, keep_observed: int = DAY) -> None:
        self._keep_observed = keep_observed
        self._items: dict[str, Item] = {}
        self._declared: dict[str, tuple[Edge, ...]] = {}
        self._observed: dict[tuple[str, str, EdgeKind, str], Edge] = {}
        self._met: dict[str, None] = {}
        """Entities of several parts that telemetry named."""
        self._snapshot: Graph | None = None

    def meet(self, entity: str) -> bool:
        """Takes the name of an entity that telemetry named; True: an item of a shorter name may describe it now."""
        if "/" not in entity or entity in self._met:
            return False
        if len(self._met) >= _MOST_MET:
            del self._met[next(iter(self._met))]
        self._met[entity] = None
        self._snapshot = None
        return True

    def report(self, item: Item, edges: Iterable[Edge] = ()) -> bool:
        """Takes an item and all its declared edges; False: the report is older or equal, and nothing changed."""
        held = self._items.get(item.id)
        if not item.id or (held is not None and item.version < held.version):
            return False
        declared = () if item.deleted else tuple(e for e in edges if e.source == item.id and e.target)
        if held == item and self._declared.get(item.id, ()) == declared:
            return False
        self._items[item.id] = item
        self._declared[item.id] = declared
        self._snapshot = None
        return True

    def observe(self, edges: Iterable[Edge]) -> bool:
        """Takes edges observed in spans or a cluster; True: the graph has a new edge."""
        grew = False
        for edge in edges:
            if not edge.source or not edge.target or edge.source == edge.target:
                continue
            key = (edge.source, edge.target, edge.kind, edge.origin)
            held = self._observed.get(key)
            if held is None or edge.seen_at >= held.seen_at:
                self._observed[key] = edge
            grew = grew or held is None
        if grew:
            self._snapshot = None
        return grew

    def expire(self, at: int) -> bool:
        """Drops observed edges last seen more than ``keep_observed`` before ``at``, ns; True: there were some."""
        stale = [key for key, edge in self._observed.items() if edge.seen_at < at - self._keep_observed]
        for key in stale:
            del self._observed[key]
        if stale:
            self._snapshot = None
        return bool(stale)

    def forget(self, edge: Edge) -> bool:
        """Drops an observed edge; True: it was there."""
        gone = self._observed.pop((edge.source, edge.target, edge.kind, edge.origin), None) is not None
        if gone:
            self._snapshot = None
        return gone

    def item(self, name: str) -> Item | None:
        """The CMDB's record of an item; None: there is none, or the item is deleted."""
        held = self._items.get(name)
        return None if held is None or held.deleted else held

    def observed(self) -> tuple[Edge, ...]:
        """Observed edges that have not expired, ordered by source, target, kind and origin."""
        return tuple(edge for _, edge in sorted(self._observed.items()))

    def snapshot(self, version: int) -> Graph:
        """The current graph with this version; it is rebuilt only after a change."""
        if self._snapshot is None:
            self._snapshot = Graph.build(*self._named(), version)
        elif self._snapshot.version != version:
            self._snapshot = replace(self._snapshot, version=version)
        return self._snapshot

    def _named(self) -> tuple[list[Item], list[Edge]]:
        """Items and edges under the names that telemetry uses.

        An item of a less specific name describes every entity that ends in this name and has no item of its own, so
        that what a CMDB protects stays protected in each environment. Ends of observed edges that are no entity are
        what their names stand for, seen from the other end.
        """
        known = {name for name, item in self._items.items() if not item.deleted}
        spoken = {*self._met, *(edge.source for edge in self._observed.values())}
        spoken.update(edge.target for edge in self._observed.values() if edge.origin == RESOURCES)
        index = EntityIndex(spoken - known)
        entities = {name: index.described(name) for name in known}
        covering: dict[str, str] = {}
        for name, found in entities.items():
            for entity in found:
                covering[entity] = max(covering.get(entity, ""), name, key=len)
        entities = {name: (*found, *({name} & spoken)) for name, found in entities.items() if found}
        items = [item for name, item in self._items.items() if name in spoken or name not in entities]
        items += [replace(self._items[name], id=entity) for entity, name in covering.items()]
        names = EntityIndex(spoken | {item.id for item in items if not item.deleted})
        edges = [made for declared in self._declared.values() for edge in declared for made in _spread(edge, entities)]
        return items, [_resolved(edge, names) for edge in (*edges, *self._observed.values())]


def _spread(edge: Edge, entities: Mapping[str, tuple[str, ...]]) -> Iterator[Edge]:
    """A declared edge for each entity that its source's item describes."""
    for source in entities.get(edge.source) or (edge.source,):
        yield edge if source == edge.source else replace(edge, source=source)


def _resolved(edge: Edge, names: EntityIndex) -> Edge:
    target = names.resolve(edge.target, edge.source)
    return edge if target is None or target == edge.target else replace(edge, target=target)
