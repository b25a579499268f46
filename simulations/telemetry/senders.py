"""Senders of telemetry: a resource for each instance, for each service as a whole, and for every other sender."""

from __future__ import annotations

from simulations.telemetry.frames import Resource
from simulations.world.world import World

Attributes = tuple[tuple[str, str], ...]
SeriesSource = tuple[int, str, Attributes, int]
"""Resource, entity, attributes, and the position in what a block of metrics reads."""


class SimulatedSenders:
    """Numbers the resources of a world.

    Args:
        world: whose.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.resources: list[Resource] = []
        self.hosts: list[int] = []
        """Host of each resource, -1: none."""
        self.instance_of: list[int] = []
        """Instance of each resource, -1: none."""
        self.instances = self._senders()
        """Pairs of instance and resource, of every instance that sends telemetry."""
        self.services = self._service_senders()
        """Resource of each service as a whole."""

    def _senders(self) -> list[tuple[int, int]]:
        """A resource for each instance that can exist; returns (instance, resource)."""
        world, layout = self.world, self.world.layout
        found = []
        for i, name in enumerate(layout.instances):
            service = layout.services[world.fixed.service[i]]
            if not service.telemetry:
                continue
            host = int(world.fixed.host[i])
            attributes = (
                ("service.name", service.id), ("service.instance.id", name),
                ("host.name", layout.hosts[host]), ("cloud.availability_zone", layout.zones[world.fixed.zone[i]]),
            )  # fmt: skip
            found.append((i, self.resource(service.id, attributes, host, instance=i)))
        return found

    def _service_senders(self) -> dict[str, int]:
        """A resource for each service as a whole."""
        ours = [s.id for s in self.world.layout.services if s.telemetry]
        return {name: self.resource(name, (("service.name", name),)) for name in ours}

    def resource(
        self, entity: str, attributes: tuple[tuple[str, str], ...], host: int = -1, *, instance: int = -1
    ) -> int:
        self.resources.append(Resource(entity, attributes))
        self.hosts.append(host)
        self.instance_of.append(instance)
        return len(self.resources) - 1

    def each(self, *kinds: str) -> list[SeriesSource]:
        services, of = self.world.layout.services, self.world.fixed.service
        return [
            (resource, services[of[i]].id, (), i)
            for i, resource in self.instances
            if not kinds or services[of[i]].kind in kinds
        ]
