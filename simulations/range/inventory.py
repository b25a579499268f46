"""The estate's configuration items, and a CMDB that is incomplete or wrong in parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

from aiops.model import cloudevents
from aiops.model.entities import Criticality, Edge, EdgeKind, Item, Objective
from aiops.model.prose import Prose
from aiops.model.reports import Change
from simulations.range.estate_plan import (
    BACKING,
    HAPROXY,
    POSTGRESQL,
    RABBITMQ,
    REDIS,
    REPLICA,
    EstatePlan,
    LinkKind,
    Service,
)
from simulations.range.generation import TEAMS

PLATFORM = "team-platform"
_KINDS = {POSTGRESQL: "database", REPLICA: "database", REDIS: "cache", RABBITMQ: "queue", HAPROXY: "load-balancer"}
_VALUE = 120.0
"""Per minute, of a service that users ask."""


def items(plan: EstatePlan, host: str) -> list[Item]:
    """Services, instances, backing services and the host, as they are."""
    found = [Item(host, "host", PLATFORM, Criticality.HIGH)]
    found += [Item(name, _KINDS[name], PLATFORM, Criticality.HIGH) for name in BACKING]
    entries = {service.id for service in plan.entries}
    for service in plan.services:
        found.append(_service(service, asked=service.id in entries))
        found += [
            Item(instance.id, "instance", service.owner, service.tier)
            for instance in service.instances
            if not instance.spare
        ]
    return found


def edges(plan: EstatePlan, host: str) -> list[Edge]:
    """Dependencies as they are; ``source`` needs ``target``."""
    found = [Edge(name, host, EdgeKind.RUNS_ON) for name in BACKING]
    found.append(Edge(REPLICA, POSTGRESQL, EdgeKind.USES))
    for service in plan.services:
        links = plan.links_of(service.id)
        for link in links:
            kind = EdgeKind.CALLS if link.kind is LinkKind.SERVICE else EdgeKind.USES
            found.append(Edge(service.id, link.target, kind))
        if any(link.kind is LinkKind.SERVICE for link in links):
            found.append(Edge(service.id, HAPROXY, EdgeKind.USES))
        for instance in service.instances:
            if not instance.spare:
                found.append(Edge(instance.id, service.id, EdgeKind.PART_OF))
                found.append(Edge(instance.id, host, EdgeKind.RUNS_ON))
    return found


def recorded(plan: EstatePlan, host: str, *, missing: float = 0.0, wrong: float = 0.0) -> tuple[list[Item], list[Edge]]:
    """What the CMDB holds of the estate.

    Args:
        plan: the estate.
        host: name of the machine.
        missing: share of items, and of edges, that it lacks. An item's edges are missing with it.
        wrong: share of items with another owner, tier or number of replicas, and of edges with another target.
    """
    random = Random(f"range/{plan.seed}/cmdb")
    kept = [item for item in items(plan, host) if random.random() >= missing]
    ids = [item.id for item in kept]
    held = [edge for edge in edges(plan, host) if random.random() >= missing and {edge.source, edge.target} <= set(ids)]
    return (
        [_mistaken(item, random) if random.random() < wrong else item for item in kept],
        [_misdirected(edge, ids, random) if random.random() < wrong else edge for edge in held],
    )


def events(found: tuple[Sequence[Item], Sequence[Edge]], at: int) -> list[dict[str, Any]]:
    """CloudEvents for the topic of configuration items, one an item."""
    listed, needs = found
    return [cloudevents.of_item(item, tuple(edge for edge in needs if edge.source == item.id), at) for item in listed]


def deployment(service: Service, version: str, *, at: int, author: str = "pipeline") -> Change:
    """The change that a release of a service is."""
    summary = Prose(f"{service.id} {version} released")
    return Change(f"{service.id}-{version}-{at}", service.id, at, "deploy", summary, author=author, version=version)


def _service(service: Service, *, asked: bool) -> Item:
    objectives = (Objective("availability", 0.99), Objective("latency", 0.95, "latency", 1_000.0)) if asked else ()
    return Item(
        service.id,
        "service",
        service.owner,
        service.tier,
        value_per_minute=_VALUE if asked else 0.0,
        objectives=objectives,
        replicas=service.replicas,
        attributes={"language": service.language.value, "version": service.version},
    )


def _mistaken(item: Item, random: Random) -> Item:
    match random.choice(("owner", "tier", "replicas")):
        case "owner":
            return replace(item, owner=random.choice([team for team in (*TEAMS, PLATFORM) if team != item.owner]))
        case "tier":
            return replace(item, criticality=random.choice([tier for tier in Criticality if tier != item.criticality]))
        case _:
            return replace(item, replicas=item.replicas + random.choice((1, 2)))


def _misdirected(edge: Edge, ids: Sequence[str], random: Random) -> Edge:
    others = [one for one in ids if one not in {edge.source, edge.target}]
    return replace(edge, target=random.choice(others)) if others else edge
