"""Where users feel that something is wrong: the services that they ask and that need it, directly or through others.

A leg through a queue passes nothing on to the sender: it has gone on before the message is taken.
"""

from __future__ import annotations

from collections.abc import Iterable

from simulations.range.estate_plan import (
    HAPROXY,
    POSTGRESQL,
    RABBITMQ,
    REDIS,
    REPLICA,
    EstatePlan,
    LinkKind,
)
from simulations.range.faults.kind import FaultKind, Place
from simulations.range.faults.targets import HOST


def root_entity(kind: FaultKind, target: str, plan: EstatePlan) -> str:
    """The entity that is the cause: the service of a table, both ends' source of a connection, else the target."""
    match kind.place:
        case Place.LINK:
            return target.partition("--")[0]
        case Place.TABLE | Place.WRITER:
            return POSTGRESQL
        case Place.USERS:
            return plan.entries[0].id
    return target


def felt_at(kind: FaultKind, target: str, plan: EstatePlan) -> tuple[str, ...]:
    """The services that users ask and at which they feel a fault, in call order."""
    if not kind.felt:
        return ()
    entries = tuple(service.id for service in plan.entries)
    if kind.place in (Place.USERS, Place.HOST, Place.ESTATE):
        return entries
    reached = needing(_hurt(target, plan), plan)
    return tuple(entry for entry in entries if entry in reached)


def needing(services: Iterable[str], plan: EstatePlan) -> frozenset[str]:
    """The services, and all that call them directly or through others."""
    found, waiting = set(services), list(services)
    while waiting:
        target = waiting.pop()
        for edge in plan.edges:
            if edge.target == target and not edge.queue and edge.source not in found:
                found.add(edge.source)
                waiting.append(edge.source)
    return frozenset(found)


def _hurt(target: str, plan: EstatePlan) -> list[str]:
    """Services that a fault of the target hurts at first hand."""
    if "--" in target:
        return [target.partition("--")[0]]
    if target in plan.by_id:
        return [target]
    kinds = {POSTGRESQL: LinkKind.DATABASE, REPLICA: LinkKind.REPLICA, REDIS: LinkKind.CACHE, RABBITMQ: LinkKind.QUEUE}
    if target in (HAPROXY, HOST):
        return [service.id for service in plan.services]
    return [link.source for link in plan.links if link.kind is kinds.get(target)]
