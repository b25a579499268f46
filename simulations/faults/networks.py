"""Faults of the network and of external services: slow dependencies, packet loss, zone outages, DNS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from simulations.faults.fault import Fault
from simulations.world.arrays import DOWN, OFF, STARTING
from simulations.world.world import World


@dataclass(frozen=True, kw_only=True)
class DependencyLatency(Fault):
    """An external service becomes slow."""

    name: ClassVar[str] = "dependency-latency"
    cured: ClassVar[bool] = False
    target: str = "payment-gateway"
    seconds: float = 3.0
    duration: int | None = 1800

    def repairs(self, _world: World) -> tuple[str, ...]:
        return (f"fail-over {self.target}",)

    def hold(self, world: World, _age: int) -> None:
        world.knobs.io_extra[world.fixed.first[world.layout.index[self.target]]] += self.seconds


@dataclass(frozen=True, kw_only=True)
class PacketLoss(Fault):
    """Packets between two zones are lost, both ways."""

    name: ClassVar[str] = "packet-loss"
    cured: ClassVar[bool] = False
    target: str = "zone-a"
    other: str = "zone-b"
    share: float = 0.4
    duration: int | None = 1800

    def entities(self, _world: World) -> tuple[str, ...]:
        return (self.target, self.other)

    def repairs(self, _world: World) -> tuple[str, ...]:
        return (f"fail-over {self.target}", f"fail-over {self.other}")

    def hold(self, world: World, _age: int) -> None:
        a, b = world.layout.zones.index(self.target), world.layout.zones.index(self.other)
        world.knobs.loss[a, b] = world.knobs.loss[b, a] = self.share


@dataclass(frozen=True, kw_only=True)
class ZoneOutage(Fault):
    """A zone loses power; its instances start again when power returns."""

    name: ClassVar[str] = "zone-outage"
    cured: ClassVar[bool] = False
    target: str = "zone-b"
    duration: int | None = 1800

    def repairs(self, _world: World) -> tuple[str, ...]:
        return (f"fail-over {self.target}",)

    def hold(self, world: World, _age: int) -> None:
        dark = self._inside(world) & (world.state.phase != OFF) & (world.state.phase != DOWN)
        for i in np.flatnonzero(dark):
            world.kill(int(i), for_good=True)

    def end(self, world: World) -> None:
        dark = self._inside(world) & (world.state.phase == DOWN)
        world.state.phase[dark] = STARTING
        world.state.left[dark] = 30.0

    def _inside(self, world: World) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        ours = np.array([s.kind != "external" for s in world.layout.services])[world.fixed.service]
        inside: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
            world.fixed.zone == world.layout.zones.index(self.target)
        ) & ours
        return inside


@dataclass(frozen=True, kw_only=True)
class DnsAtSite(Fault):
    """DNS fails for the users of one site; all internal metrics are normal."""

    name: ClassVar[str] = "dns-at-site"
    target: str = "island"
    share: float = 0.95
    duration: int | None = 3600

    def repairs(self, _world: World) -> tuple[str, ...]:
        return (f"fail-over {self.target}",)

    def hold(self, world: World, _age: int) -> None:
        world.knobs.site_fails[world.layout.sites.index(self.target)] = self.share
