"""Faults of hosts: processor contention, slow or full disks, and an agent that reports wrong values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from simulations.faults.fault import Fault
from simulations.world.world import World


@dataclass(frozen=True, kw_only=True)
class _HostFault(Fault):
    target: str = "host-a1"

    def host(self, world: World) -> int:
        """Its number."""
        return world.layout.hosts.index(self.target)


@dataclass(frozen=True, kw_only=True)
class CpuHog(_HostFault):
    """Another process on the host uses its processors."""

    name: ClassVar[str] = "cpu-hog"
    cores: float = 14.5
    duration: int | None = 2400

    def repairs(self, _world: World) -> tuple[str, ...]:
        return (f"restart {self.target}",)

    def hold(self, world: World, _age: int) -> None:
        world.knobs.hog[self.host(world)] += self.cores


@dataclass(frozen=True, kw_only=True)
class _StoreDisk(Fault):
    """A disk under a store; ``host`` empty: the one under its active instance when the fault comes."""

    target: str = "orders-db"
    host: str = ""

    def number(self, world: World) -> int:
        """The host: the given one, else the first of the store's (where it was active at the start)."""
        return world.layout.hosts.index(self.entity(world))

    def entity(self, world: World) -> str:
        if self.host:
            return self.host
        return world.layout.hosts[int(world.fixed.host[world.fixed.first[world.layout.index[self.target]]])]

    def entities(self, world: World) -> tuple[str, ...]:
        return (self.entity(world), self.target, f"{self.target}-0")


@dataclass(frozen=True, kw_only=True)
class SlowDisk(_StoreDisk):
    """Each read and write takes many times longer."""

    name: ClassVar[str] = "slow-disk"
    cured: ClassVar[bool] = False
    factor: float = 60.0
    duration: int | None = 3600

    def repairs(self, _world: World) -> tuple[str, ...]:
        return (f"fail-over {self.target}",)

    def hold(self, world: World, _age: int) -> None:
        world.knobs.disk_slow[self.number(world)] *= self.factor


@dataclass(frozen=True, kw_only=True)
class DiskFilling(_StoreDisk):
    """A disk fills, and from then on writes fail."""

    name: ClassVar[str] = "disk-filling"
    target: str = "catalog-db"
    minutes: float = 8.0
    fails: float = 0.7
    """Share of requests that fail once it is full."""

    def repairs(self, world: World) -> tuple[str, ...]:
        return (f"clear-cache {self.entity(world)}", f"fail-over {self.target}")

    def hold(self, world: World, age: int) -> None:
        h = self.number(world)
        world.disk[h] = min(1.0, 0.45 + 0.55 * age / (60 * self.minutes))
        if world.disk[h] >= 1.0:
            for i in world.instances(self.target):
                if world.fixed.host[i] == h:
                    world.knobs.errors[i] += self.fails

    def end(self, world: World) -> None:
        world.disk[self.number(world)] = 0.4


@dataclass(frozen=True, kw_only=True)
class LyingTelemetry(_HostFault):
    """The host's agent repeats old values (frozen) or reports wrong values, while the host is normal."""

    name: ClassVar[str] = "lying-telemetry"
    mode: Literal["frozen", "nonsense"] = "nonsense"
    duration: int | None = 3600

    def entity(self, _world: World) -> str:
        return f"agent-{self.target}"

    def repairs(self, _world: World) -> tuple[str, ...]:
        return (f"restart agent-{self.target}",)

    def hold(self, world: World, _age: int) -> None:
        world.lying[self.host(world)] = 1 if self.mode == "frozen" else 2

    def end(self, world: World) -> None:
        world.lying[self.host(world)] = 0
