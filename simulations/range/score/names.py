"""The names of an estate's entities, as telemetry and people spell them, and what a fault of one can reach."""

from __future__ import annotations

from aiops.model.entity_names import less_specific
from simulations.range.estate_plan import BACKING, COLLECTOR, EstatePlan
from simulations.range.faults.impact import needing
from simulations.range.faults.targets import HOST
from simulations.range.faults.truth import FaultTruth


class EntityNames:
    """Names of one estate.

    Args:
        plan: of the estate.
        host: name of the machine in telemetry.
    """

    def __init__(self, plan: EstatePlan, host: str) -> None:
        self._plan = plan
        self._known = {name: name for name in (*BACKING, COLLECTOR, HOST, *plan.by_id)} | {host: HOST}
        for service in plan.services:
            self._known |= dict.fromkeys((instance.id for instance in service.instances), service.id)

    def of(self, entity: str) -> str:
        """The service, backing service or host of an entity of the telemetry; an unknown entity itself.

        Namespaces before the name, and what stands behind it (an instance, a process), do not matter.
        """
        for name in less_specific(entity):
            if name in self._known:
                return self._known[name]
        for part in reversed(entity.split("/")):
            if part in self._known:
                return self._known[part]
        return entity

    def roots(self, fault: FaultTruth) -> frozenset[str]:
        """Entities that are right as the cause: the root, and the service whose connection or table it is."""
        return frozenset({self.of(fault.root), *([fault.target] if fault.target in self._plan.by_id else [])})

    def reach(self, fault: FaultTruth) -> frozenset[str]:
        """Entities that can be abnormal by the fault: what needs its root, and what these call or send messages to."""
        begun = set(self.roots(fault)) | set(fault.felt_at)
        if HOST in begun:
            return frozenset(self._known.values())
        users = {link.source for link in self._plan.links if link.target in begun}
        up = needing(begun | users, self._plan)
        found, waiting = set(up), list(up)
        while waiting:
            source = waiting.pop()
            targets = {edge.target for edge in self._plan.edges if edge.source == source}
            targets |= {link.target for link in self._plan.links if link.source == source}
            waiting.extend(targets - found)
            found |= targets
        return frozenset(found)
