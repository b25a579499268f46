"""Faults of load: too much at once, caches gone, queues that do not empty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simulations.faults.fault import Fault
from simulations.world.arrays import READY
from simulations.world.world import World


@dataclass(frozen=True, kw_only=True)
class Surge(Fault):
    """Many more users than ever come to one front; what stays after they have gone is the retries' doing."""

    name: ClassVar[str] = "surge"
    target: str = "web"
    factor: float = 4.0
    duration: int | None = 120

    def repairs(self, _world: World) -> tuple[str, ...]:
        return (f"shed-load {self.target}",)

    def hold(self, world: World, _age: int) -> None:
        world.knobs.surge[world.fixed.front == world.layout.index[self.target]] *= self.factor


@dataclass(frozen=True, kw_only=True)
class CacheStampede(Fault):
    """All entries expire at once and everybody loads them from the database."""

    name: ClassVar[str] = "cache-stampede"
    cured: ClassVar[bool] = False
    target: str = "catalog-cache"
    duration: int | None = 90

    def repairs(self, _world: World) -> tuple[str, ...]:
        return tuple(f"shed-load {name}" for name in ("web", "mobile-api", "catalog"))

    def hold(self, world: World, _age: int) -> None:
        world.state.hit[world.layout.index[self.target]] = 0.0


@dataclass(frozen=True, kw_only=True)
class QueueBacklog(Fault):
    """Messages need more work than the workers can do, and wait."""

    name: ClassVar[str] = "queue-backlog"
    cured: ClassVar[bool] = False
    target: str = "order-worker"
    factor: float = 2.6
    duration: int | None = 3600

    def entities(self, world: World) -> tuple[str, ...]:
        queue = world.layout.services[world.layout.index[self.target]].consumes
        return (self.target, *((queue,) if queue else ()))

    def repairs(self, _world: World) -> tuple[str, ...]:
        return (f"scale {self.target}",)

    def hold(self, world: World, _age: int) -> None:
        world.knobs.slow[world.instances(self.target)] *= self.factor


@dataclass(frozen=True, kw_only=True)
class PoisonMessage(Fault):
    """One message kills whichever worker takes it, and comes again; throwing the queue away, or a person, helps."""

    name: ClassVar[str] = "poison-message"
    target: str = "order-events"

    def entities(self, world: World) -> tuple[str, ...]:
        return (self.target, *self._workers(world))

    def repairs(self, _world: World) -> tuple[str, ...]:
        return (f"clear-cache {self.target}",)

    def hold(self, world: World, age: int) -> None:
        for worker in self._workers(world):
            for rank, i in enumerate(world.instances(worker)):
                if world.state.phase[i] == READY and (age + 2 * rank) % 6 == 0:
                    world.kill(int(i))

    def _workers(self, world: World) -> list[str]:
        return [service.id for service in world.layout.services if service.consumes == self.target]


@dataclass(frozen=True, kw_only=True)
class NoFault(Fault):
    """Nothing happens: whatever is found is a false alarm."""

    name: ClassVar[str] = "none"

    def parts(self) -> tuple[Fault, ...]:
        return ()


@dataclass(frozen=True, kw_only=True)
class TwoAtOnce(Fault):
    """Two faults that have nothing to do with each other."""

    name: ClassVar[str] = "two-at-once"
    faults: tuple[Fault, ...] = ()

    def parts(self) -> tuple[Fault, ...]:
        return tuple(part for fault in self.faults for part in fault.parts())
