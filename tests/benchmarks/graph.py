"""Impact and root-cause ranking on large graphs, networkx beside: ``python -m tests.benchmarks.graph``.

An estate of services in tiers that call towards the lower ones, on hosts in zones. The storm makes one database of the
lowest tier bad and up to 5,000 of those that need it abnormal. Peers: networkx' breadth-first search for impact, and
its personalised PageRank over the same region for ranking. Times are the best of three, in seconds.
"""

from __future__ import annotations

import argparse
import json
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np

from aiops.model.entities import Edge, EdgeKind, Item
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from aiops.plugins import BUILT_INS, ExtensionKind
from topology.correlation import Correlator
from topology.graph import Graph
from topology.impact import blast, impact
from topology.rankers.protocol import RankingQuestion

SIZES = (1_000, 10_000, 100_000)
MOST_UNWELL = 5_000
SECOND = 10**9
START = 1_700_000_000 * SECOND


def estate(size: int, seed: int = 1) -> tuple[list[Item], list[Edge]]:
    """About ``size`` items and three times as many edges."""
    draw = np.random.default_rng(seed)
    hosts, zones = max(size // 20, 2), 3
    services = size - hosts - zones
    items = [Item(f"s{at}", value_per_minute=float(at < 20), replicas=3) for at in range(services)]
    items += [Item(f"h{at}", "host") for at in range(hosts)] + [Item(f"z{at}", "zone") for at in range(zones)]
    edges = [Edge(f"h{at}", f"z{at % zones}", EdgeKind.PART_OF) for at in range(hosts)]
    for at in range(services - 1):
        below = draw.integers(at + 1, min(at + 1 + max(services // 10, 2), services), 2)
        edges += [Edge(f"s{at}", f"s{end}") for end in set(below.tolist())]
        edges.append(Edge(f"s{at}", f"h{draw.integers(hosts)}", EdgeKind.RUNS_ON))
    return items, edges


def storm(graph: Graph, root: str) -> tuple[Episode, ...]:
    """The root and the nearest that need it become abnormal, those further away later."""
    found = [graph.number(root)]
    seen = set(found)
    for item in found:
        fresh = [end for end in graph.effects.of(item).tolist() if end not in seen] if item is not None else []
        found += fresh
        seen.update(fresh)
        if len(found) >= MOST_UNWELL:
            break
    named = [graph.names[item] for item in found[:MOST_UNWELL] if item is not None]
    return tuple(_episode(name, START + order * 2_000_000) for order, name in enumerate(named))


def _episode(name: str, at: int) -> Episode:
    signal = Signal("http.errors", "http.errors", SignalDirection.UP, Source.METRIC, at, 0.95, 1.0, 0.0)
    return Episode(f"{name}@{at}", name, at, 1, 0.95, (signal,), 1, at + SECOND)


def measure(size: int) -> dict[str, Any]:
    """All figures of one size."""
    items, edges = estate(size)
    build, graph = best(lambda: Graph.build(items, edges), 1)
    root = f"s{len(items) - len(items) // 20 - 10}"
    episodes = storm(graph, root)
    question = RankingQuestion(episodes, graph, START)
    peer = graph.networkx()
    ranking_seconds, ranked = best(lambda: BUILT_INS.make(ExtensionKind.RANKER, "walk").rank(question))
    weights = {episode.entity: 1.0 for episode in episodes}
    region = peer.subgraph(graph.names[at] for at in graph.causes.within(graph.numbers_of(weights), 5).tolist())
    peer_seconds, peer_ranked = best(lambda: nx.pagerank(nx.DiGraph(region), personalization=weights), 1)
    place_seconds, incidents = best(lambda: correlate(graph, episodes), 1)
    order = sorted(peer_ranked, key=lambda name: -peer_ranked[name])
    names = [candidate.entity for candidate in ranked.candidates]
    return {
        "items": len(graph),
        "edges": graph.edge_count,
        "abnormal": len(episodes),
        "build": build,
        "impact": best(lambda: impact(graph, [root]))[0],
        "impact_networkx_bfs": best(lambda: list(nx.bfs_tree(peer, root, reverse=True)))[0],
        "blast": best(lambda: blast([root], graph))[0],
        "rank": ranking_seconds,
        "rank_place_of_root": names.index(root) + 1 if root in names else None,
        "rank_networkx_pagerank": peer_seconds,
        "networkx_place_of_root": order.index(root) + 1,
        "correlate_storm": place_seconds,
        "incidents": incidents,
        "pickle_megabytes": len(pickle.dumps(graph)) / 1e6,
    }


def correlate(graph: Graph, episodes: tuple[Episode, ...]) -> int:
    """Place the storm's episodes as the orchestrator does; how many incidents are left."""
    correlator, opened = Correlator(graph), 0
    live: set[str] = set()
    for episode in episodes:
        at, entity = episode.opened_at, episode.entity
        placed = correlator.place(entity, at)
        if placed:
            one = correlator.join(placed[0], entity, at)
        else:
            opened += 1
            live.add(f"i{opened}")
            one = correlator.open(f"i{opened}", entity, at)
        for gone in one[1:]:
            correlator.merge(one[0], gone)
            live.discard(gone)
    return len(live)


def best(work: Callable[[], Any], times: int = 3) -> tuple[float, Any]:
    """Shortest time of several, and the last result."""
    shortest, result = float("inf"), None
    for _ in range(times):
        begin = time.perf_counter()
        result = work()
        shortest = min(shortest, time.perf_counter() - begin)
    return shortest, result


def main() -> int:
    """Print a table, write JSON where asked."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, help="file for JSON")
    given = arguments.parse_args()
    results = [measure(size) for size in SIZES]
    for name in results[0]:
        shown = (f"{row[name]:.4g}" if isinstance(row[name], float) else str(row[name]) for row in results)
        print(f"{name:<26}" + "".join(value.rjust(12) for value in shown))
    if given.out:
        given.out.write_text(json.dumps(results, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
