"""Who tells of a trouble: figures of one host alone, which nobody elsewhere bears out, may be the sender's fault.

Everything that runs on a host is told of by that host's monitoring agent. If all signs of a trouble come through it,
while instances of the same services elsewhere, and those who call them, feel nothing, the figures are more likely wrong
than the world.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aiops.model.entities import EdgeKind
from aiops.model.episodes import Episode
from topology.graph import Graph
from topology.hints import Family, Hints, host_of

MANY = 2
"""So many unrelated kinds of figures a lone host must report at once: one may be a thing that nobody can feel yet."""
WORK = frozenset({Family.ERROR, Family.AVAILABILITY, Family.LATENCY, Family.TRAFFIC, Family.CPU, Family.QUEUE})
"""Related: an instance that is slow or has much to do shows in all of them."""
AGENT = "agent"
CALLED = (EdgeKind.CALLS, EdgeKind.USES)


@dataclass(frozen=True, slots=True)
class Doubt:
    """One host is the only one that speaks of trouble."""

    host: str
    suspect: str
    """What is to blame if the figures are wrong: the agent on the host, or the host where no agent is known."""
    quiet: tuple[str, ...]
    """Who would feel it elsewhere, and does not."""


def doubt(episodes: Iterable[Episode], graph: Graph, hints: Hints) -> Doubt | None:
    """Whether the trouble is told by one host only, against others' silence; None: it is borne out, or nobody could."""
    told = [(episode.entity, signal) for episode in episodes for signal in episode.signals]
    hosts = {host_of(signal) for _, signal in told}
    kinds = {Family.TRAFFIC if (kind := hints.family(signal)) in WORK else kind for _, signal in told}
    if len(hosts) != 1 or "" in hosts or len(kinds) < MANY:
        return None
    host = hosts.pop()
    unwell = {entity for entity, _ in told}
    quiet = sorted(name for entity in unwell for name in _elsewhere(entity, host, graph))
    if not quiet:
        return None
    agents = [name for name, how in graph.serves_of(host) if how is EdgeKind.RUNS_ON and _kind(graph, name) == AGENT]
    return Doubt(host, min(agents, default=host), tuple(dict.fromkeys(quiet)))


def _elsewhere(entity: str, host: str, graph: Graph) -> set[str]:
    """The entity itself where it runs on other hosts too, and those of its callers that do."""
    callers = [name for name, how in graph.serves_of(entity) if how in CALLED]
    return {name for name in (entity, *callers) if _hosts(graph, name) - {host}}


def _hosts(graph: Graph, entity: str) -> set[str]:
    parts = [name for name, how in graph.serves_of(entity) if how is EdgeKind.PART_OF]
    return {end for name in (entity, *parts) for end, how in graph.needs_of(name) if how is EdgeKind.RUNS_ON}


def _kind(graph: Graph, name: str) -> str:
    at = graph.number(name)
    return "" if at is None else graph.kinds[at]
