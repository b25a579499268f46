"""What a fault of a kind can happen to in an estate."""

from __future__ import annotations

from collections.abc import Iterable

from aiops.model.errors import PermanentError
from simulations.range.estate_plan import (
    COLLECTOR,
    LOAD,
    POSTGRESQL,
    REDIS,
    REPLICA,
    EstatePlan,
    Service,
    StepKind,
)
from simulations.range.faults.kind import FaultKind, Place

HOST = "host"
"""Target word of the machine, whose name is not in the plan."""


def targets(kind: FaultKind, plan: EstatePlan) -> tuple[str, ...]:
    """Names that a fault of the kind can be given, in call order. Empty: the estate has no such place."""
    match kind.place:
        case Place.LINK:
            return tuple(link.name for link in plan.links)
        case Place.DATABASE:
            return (POSTGRESQL,)
        case Place.REPLICA:
            return (REPLICA,)
        case Place.CACHE:
            return (REDIS,)
        case Place.USERS:
            return (LOAD,)
        case Place.COLLECTOR:
            return (COLLECTOR,)
        case Place.HOST:
            return (HOST,)
        case Place.ESTATE:
            return (plan.name,)
        case _:
            fitting = (service.id for service in plan.services if _fits(kind.place, service, plan))
            return tuple(fitting)


def checked(kind: FaultKind, target: str, plan: EstatePlan) -> str:
    """The target, or the first possible one if it is empty.

    Raises:
        PermanentError: the fault cannot happen to it; the message lists where it can.
    """
    possible = targets(kind, plan)
    if not possible:
        raise PermanentError(f"{kind.name} needs a {kind.place}, and {plan.name} has none")
    if not target:
        return possible[0]
    if target not in possible:
        raise PermanentError(f"{kind.name} cannot happen to {target!r}; it can to {', '.join(possible)}")
    return target


def _fits(place: Place, service: Service, plan: EstatePlan) -> bool:
    kinds = set(_kinds(service))
    match place:
        case Place.TABLE:
            return bool(service.database_pool) and StepKind.READ in kinds
        case Place.WRITER:
            return StepKind.WRITE in kinds
        case Place.CONSUMER:
            return bool(service.consumes)
        case Place.DEPENDENT:
            return bool(plan.links_of(service.id))
        case Place.RETRIED:
            callers = (edge.source for edge in plan.edges if edge.target == service.id and not edge.queue)
            return any(plan.by_id[caller].retries for caller in callers)
    return True


def _kinds(service: Service) -> Iterable[StepKind]:
    return (step.kind for route in service.routes for step in route.steps)
