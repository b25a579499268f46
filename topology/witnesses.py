"""Detection of faulty telemetry: anomalies that one host alone reports, without confirmation from other hosts.

A host's monitoring agent sends the figures of everything that runs on the host. If all signals of an incident come from
one host, while instances of the same services elsewhere and their callers are normal, the figures are probably wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aiops.model.entities import EdgeKind
from aiops.model.episodes import Episode
from topology.graph import Graph
from topology.hints import Family, Hints, host_of

MANY = 2
"""Least number of unrelated families that the host must report: a single one may be real and not noticeable yet."""
WORK = frozenset({Family.ERROR, Family.AVAILABILITY, Family.LATENCY, Family.TRAFFIC, Family.CPU, Family.QUEUE})
"""Families that count as one: a slow or busy instance shows in all of them."""
AGENT = "agent"
CALLED = (EdgeKind.CALLS, EdgeKind.USES)


@dataclass(frozen=True, slots=True)
class Doubt:
    """One host is the only one that reports anomalies."""

    host: str
    suspect: str
    """The source of the wrong figures: the agent on the host, or the host if no agent is known."""
    quiet: tuple[str, ...]
    """Entities that also run on other hosts, would be affected there, and are normal."""


def doubt(episodes: Iterable[Episode], graph: Graph, hints: Hints) -> Doubt | None:
    """The doubt if one host alone reports the incident; None: other hosts confirm it, or no entity elsewhere could."""
    reported = [(episode.entity, signal) for episode in episodes for signal in episode.signals]
    hosts = {host_of(signal) for _, signal in reported}
    kinds = {Family.TRAFFIC if (kind := hints.family(signal)) in WORK else kind for _, signal in reported}
    if len(hosts) != 1 or "" in hosts or len(kinds) < MANY:
        return None
    host = hosts.pop()
    abnormal = {entity for entity, _ in reported}
    quiet = sorted(name for entity in abnormal for name in _elsewhere(entity, host, graph))
    if not quiet:
        return None
    agents = [name for name, how in graph.serves_of(host) if how is EdgeKind.RUNS_ON and _kind(graph, name) == AGENT]
    return Doubt(host, min(agents, default=host), tuple(dict.fromkeys(quiet)))


def _elsewhere(entity: str, host: str, graph: Graph) -> set[str]:
    """The entity and its callers, as far as they run on hosts other than ``host``."""
    callers = [name for name, how in graph.serves_of(entity) if how in CALLED]
    return {name for name in (entity, *callers) if _hosts(graph, name) - {host}}


def _hosts(graph: Graph, entity: str) -> set[str]:
    parts = [name for name, how in graph.serves_of(entity) if how is EdgeKind.PART_OF]
    return {end for name in (entity, *parts) for end, how in graph.needs_of(name) if how is EdgeKind.RUNS_ON}


def _kind(graph: Graph, name: str) -> str:
    at = graph.number(name)
    return "" if at is None else graph.kinds[at]
