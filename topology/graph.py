"""The graph of items as one immutable snapshot of arrays. Walking or sending 100,000 items takes milliseconds.

Items are numbered in the order of their names. Edges are stored twice, as compressed rows: ``needs`` lists for each
item what it needs, ``serves`` lists for each item what needs it. All arrays are read-only. A pickle holds the arrays
and the columns of the items, and no Python object an edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aiops.model.entities import Criticality, Edge, EdgeKind, Item
from topology.entity_index import EntityIndex

if TYPE_CHECKING:
    import networkx as nx

Ints = npt.NDArray[np.int32]
Codes = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float64]

KINDS: tuple[EdgeKind, ...] = tuple(EdgeKind)
"""Edge kinds by their code."""
CALLS, RUNS_ON, PART_OF, USES = (
    KINDS.index(k) for k in (EdgeKind.CALLS, EdgeKind.RUNS_ON, EdgeKind.PART_OF, EdgeKind.USES)
)
TIERS: tuple[Criticality, ...] = tuple(Criticality)
"""Business tiers by their code, most important first."""
BUSINESS_SERVICE = "business_service"
"""Kind of items that stand for a service to customers or staff."""

_CODE_OF_KIND = {kind: code for code, kind in enumerate(KINDS)}
_CODE_OF_TIER = {tier: code for code, tier in enumerate(TIERS)}


@dataclass(frozen=True, slots=True, eq=False)
class CompressedRows:
    """Compressed rows: the neighbours of item ``i`` are ``ends[starts[i]:starts[i + 1]]``."""

    starts: Ints
    """(items + 1,)"""
    ends: Ints
    """(edges,) neighbour of each edge, rising within a row."""
    kinds: Codes
    """(edges,) index into ``KINDS``."""
    weights: Floats
    """(edges,) calls per second for observed calls, else 1."""

    def of(self, item: int) -> Ints:
        """(degree,) neighbours of one item; a neighbour with edges of two kinds is listed twice."""
        return self.ends[self.starts[item] : self.starts[item + 1]]

    def kinds_of(self, item: int) -> Codes:
        """(degree,) kinds of the edges to ``of(item)``."""
        return self.kinds[self.starts[item] : self.starts[item + 1]]

    def degree(self, item: int) -> int:
        """Number of edges of one item."""
        return int(self.starts[item + 1] - self.starts[item])

    def around(self, items: Ints) -> tuple[Ints, Ints]:
        """All edges of ``items``: for each edge the position of its item in ``items``, and its index in ``ends``."""
        counts = self.starts[items + 1] - self.starts[items]
        owner = np.repeat(np.arange(len(items), dtype=np.int32), counts)
        offset = self.starts[items] - (np.cumsum(counts) - counts)
        return owner, (np.arange(len(owner), dtype=np.int32) + offset[owner]).astype(np.int32)

    def within(self, items: Ints, hops: int) -> Ints:
        """Numbers of the items within ``hops`` edges of ``items``, including ``items``, in rising order."""
        seen = np.zeros(len(self.starts) - 1, np.bool_)
        seen[items] = True
        front = np.unique(items)
        for _ in range(hops):
            ends = self.ends[self.around(front)[1]]
            front = np.unique(ends[~seen[ends]])
            if not len(front):
                break
            seen[front] = True
        return np.flatnonzero(seen).astype(np.int32)

    @property
    def degrees(self) -> Ints:
        """(items,) number of edges of each row."""
        return np.diff(self.starts)


@dataclass(frozen=True, eq=False)
class Graph:
    """Items with their attributes and edges. Build it with ``Graph.build`` or a ``GraphBuilder``."""

    version: int
    names: tuple[str, ...]
    """Sorted; the position is the item's number."""
    needs: CompressedRows
    """Source to target: what an item needs."""
    serves: CompressedRows
    """Target to source: what needs an item."""
    kinds: tuple[str, ...]
    """Kind of each item."""
    known: npt.NDArray[np.bool_]
    """(items,) False for a stub: an item that only an edge names."""
    values: Floats
    """(items,) business value per minute."""
    replicas: Ints
    tiers: Codes
    """(items,) index into ``TIERS``."""
    domains: tuple[str, ...]
    """Failure domain of each item; empty: none is stated."""
    owners: tuple[str, ...]
    attributes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By item name; items without attributes are missing."""

    @classmethod
    def empty(cls) -> Graph:
        """A graph without items."""
        return cls.build((), ())

    @classmethod
    def build(cls, items: Iterable[Item], edges: Iterable[Edge], version: int = 0) -> Graph:
        """Snapshot of ``items`` and ``edges``; their order does not matter.

        A deleted item is left out. Of two items with one id the higher version wins. An edge from an item to itself is
        dropped. Parallel edges of one kind become one with the highest weight. An undescribed end becomes a stub.
        """
        described: dict[str, Item] = {}
        for item in items:
            held = described.get(item.id)
            if held is None or _newer(item, held):
                described[item.id] = item
        described = {name: item for name, item in described.items() if not item.deleted}
        merged: dict[tuple[str, str, int], float] = {}
        for edge in edges:
            key = (edge.source, edge.target, _CODE_OF_KIND[edge.kind])
            if edge.source != edge.target:
                merged[key] = max(merged.get(key, 0.0), _positive(edge.weight, 1.0))
        stubs: dict[str, str] = {}
        for source, target, code in merged:
            as_source, as_target = {CALLS: "service", PART_OF: "instance"}.get(code, "unknown"), _STUB_TARGET[code]
            stubs[source] = min(stubs.get(source, as_source), as_source, key=_STUB_ORDER.index)
            stubs[target] = min(stubs.get(target, as_target), as_target, key=_STUB_ORDER.index)
        return cls._assemble(described, stubs, merged, version=version)

    @classmethod
    def _assemble(
        cls,
        described: dict[str, Item],
        stubs: dict[str, str],
        merged: dict[tuple[str, str, int], float],
        *,
        version: int,
    ) -> Graph:
        names = tuple(sorted(described.keys() | stubs.keys()))
        number = {name: at for at, name in enumerate(names)}
        rows = [described.get(name) or Item(id=name, kind=stubs[name]) for name in names]
        count = len(merged)
        sources = np.fromiter((number[key[0]] for key in merged), np.int32, count)
        targets = np.fromiter((number[key[1]] for key in merged), np.int32, count)
        codes = np.fromiter((key[2] for key in merged), np.int8, count)
        weights = np.fromiter(merged.values(), np.float64, count)
        return cls(
            version=version,
            names=names,
            needs=_rows(len(names), (sources, targets, codes, weights)),
            serves=_rows(len(names), (targets, sources, codes, weights)),
            kinds=tuple(item.kind for item in rows),
            known=_frozen(np.array([name in described for name in names], np.bool_)),
            values=_frozen(np.array([_positive(item.value_per_minute, 0.0) for item in rows], np.float64)),
            replicas=_frozen(np.array([min(max(item.replicas, 0), 2**31 - 1) for item in rows], np.int32)),
            tiers=_frozen(np.array([_CODE_OF_TIER[item.criticality] for item in rows], np.int8)),
            domains=tuple(item.failure_domain for item in rows),
            owners=tuple(item.owner for item in rows),
            attributes={item.id: dict(item.attributes) for item in rows if item.attributes},
        )

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.numbers

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Name to number."""
        return {name: at for at, name in enumerate(self.names)}

    @cached_property
    def _index(self) -> EntityIndex:
        return EntityIndex(self.names)

    @cached_property
    def causes(self) -> CompressedRows:
        """Item to the items that may affect it: what it needs, and its parts. A business service affects no item."""
        return _rows(len(self), self._harm())

    @cached_property
    def effects(self) -> CompressedRows:
        """Item to the items that it may affect: the edges of ``causes``, reversed."""
        harmed, harming, codes, weights = self._harm()
        return _rows(len(self), (harming, harmed, codes, weights))

    def _harm(self) -> tuple[Ints, Ints, Codes, Floats]:
        sources = np.repeat(np.arange(len(self), dtype=np.int32), self.needs.degrees)
        targets, codes, weights = self.needs.ends, self.needs.kinds, self.needs.weights
        business = np.array([kind == BUSINESS_SERVICE for kind in self.kinds], np.bool_)
        down = ~business[targets]
        part = codes == PART_OF
        return (
            np.concatenate((sources[down], targets[part])),
            np.concatenate((targets[down], sources[part])),
            np.concatenate((codes[down], codes[part])),
            np.concatenate((weights[down], weights[part])),
        )

    @property
    def edge_count(self) -> int:
        """Number of distinct edges."""
        return len(self.needs.ends)

    def resolve(self, name: str, near: str = "") -> str | None:
        """The item that a name stands for, also a shorter one or an address; see ``EntityIndex.resolve``."""
        return name if name in self.numbers else self._index.resolve(name, near)

    def number(self, name: str) -> int | None:
        """The number of the item that a name stands for; None: the graph does not have it."""
        return self.numbers.get(self.resolve(name) or name)

    def numbers_of(self, names: Iterable[str]) -> Ints:
        """Numbers of those ``names`` that the graph has, in their order."""
        found = (self.numbers.get(name) for name in names)
        return np.array([at for at in found if at is not None], np.int32)

    def needs_of(self, name: str) -> list[tuple[str, EdgeKind]]:
        """(name, edge kind) of what one item needs."""
        return self._named(self.needs, name)

    def serves_of(self, name: str) -> list[tuple[str, EdgeKind]]:
        """(name, edge kind) of what needs one item."""
        return self._named(self.serves, name)

    def _named(self, rows: CompressedRows, name: str) -> list[tuple[str, EdgeKind]]:
        at = self.numbers.get(name)
        if at is None:
            return []
        pairs = zip(rows.of(at).tolist(), rows.kinds_of(at).tolist(), strict=True)
        return [(self.names[end], KINDS[code]) for end, code in pairs]

    def networkx(self) -> nx.MultiDiGraph[str]:
        """The graph as a networkx graph, for extensions: nodes by name, edges keyed by kind."""
        import networkx as nx  # noqa: PLC0415 (20 MB that most processes do not use)

        graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(version=self.version)
        for at, name in enumerate(self.names):
            graph.add_node(
                name, kind=self.kinds[at], value_per_minute=float(self.values[at]), known=bool(self.known[at])
            )
        sources = np.repeat(np.arange(len(self)), self.needs.degrees).tolist()
        columns = (sources, self.needs.ends.tolist(), self.needs.kinds.tolist(), self.needs.weights.tolist())
        for source, target, code, weight in zip(*columns, strict=True):
            graph.add_edge(self.names[source], self.names[target], key=str(KINDS[code]), weight=weight)
        return graph

    def __getstate__(self) -> dict[str, Any]:
        """State to pickle, without the cached properties that the receiver recomputes."""
        return {name: value for name, value in self.__dict__.items() if name not in _MADE_AGAIN}


_MADE_AGAIN = ("numbers", "_index", "causes", "effects")
_STUB_TARGET = {CALLS: "service", RUNS_ON: "host", PART_OF: "unknown", USES: "unknown"}
"""Kind of a stub that is the target of an edge, by the kind of the edge."""
_STUB_ORDER = ("service", "host", "instance", "unknown")
"""If the edges of a stub imply several kinds, the first of these counts."""


def _newer(item: Item, held: Item) -> bool:
    """Whether ``item`` replaces ``held``. Content breaks ties, so the order of reports does not matter."""
    return (item.version, item.deleted, repr(item)) > (held.version, held.deleted, repr(held))


def _positive(number: float, otherwise: float) -> float:
    return number if 0.0 < number < float("inf") else otherwise


def _frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    array.flags.writeable = False
    return array


def _rows(count: int, edges: tuple[Ints, Ints, Codes, Floats]) -> CompressedRows:
    """Compressed rows of edges given as heads, tails, codes and weights, each (edges,)."""
    heads, tails, codes, weights = edges
    order = np.lexsort((codes, tails, heads))
    starts = np.zeros(count + 1, np.int32)
    np.cumsum(np.bincount(heads, minlength=count), out=starts[1:])
    return CompressedRows(_frozen(starts), _frozen(tails[order]), _frozen(codes[order]), _frozen(weights[order]))
