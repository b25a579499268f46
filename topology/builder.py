"""Keeps the graph as reports arrive: CMDB records replace their item and its edges, observed edges age out.

The outcome depends on what was told, not on the order of items and edges within a report. Nothing here fails: an
item without a name is ignored, cycles and unknown ends are ordinary.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aiops.model.entities import Edge, EdgeKind, Item
from topology.graph import Graph

DAY = 86_400 * 10**9


class GraphBuilder:
    """Folds reports into a graph.

    Args:
        keep_observed: how long an edge that only spans or a cluster showed is kept after it was last seen, ns.
    """

    def __init__(self, keep_observed: int = DAY) -> None:
        self._keep_observed = keep_observed
        self._items: dict[str, Item] = {}
        self._declared: dict[str, tuple[Edge, ...]] = {}
        self._observed: dict[tuple[str, str, EdgeKind, str], Edge] = {}
        self._snapshot: Graph | None = None

    def report(self, item: Item, edges: Iterable[Edge] = ()) -> bool:
        """An item and all its own declared edges; False: older than what is known, nothing changed."""
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
        """Edges that spans or a cluster showed; True: the graph has an edge it did not have."""
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
        """Forget observed edges that were last seen too long before ``at``; True: some were."""
        stale = [key for key, edge in self._observed.items() if edge.seen_at < at - self._keep_observed]
        for key in stale:
            del self._observed[key]
        if stale:
            self._snapshot = None
        return bool(stale)

    def item(self, name: str) -> Item | None:
        """What the CMDB says of one item; None: nothing, or that it is deleted."""
        held = self._items.get(name)
        return None if held is None or held.deleted else held

    def observed(self) -> tuple[Edge, ...]:
        """Observed edges that have not aged out, in the order of their ends."""
        return tuple(edge for _, edge in sorted(self._observed.items()))

    def snapshot(self, version: int) -> Graph:
        """The graph as it is now; built anew only when something changed."""
        if self._snapshot is None:
            edges = [edge for declared in self._declared.values() for edge in declared]
            edges.extend(self._observed.values())
            self._snapshot = Graph.build(self._items.values(), edges, version)
        elif self._snapshot.version != version:
            self._snapshot = replace(self._snapshot, version=version)
        return self._snapshot
