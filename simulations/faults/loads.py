"""Faults of load: surges, expired caches, queues that do not drain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simulations.faults.fault import Fault
from simulations.world.arrays import READY
from simulations.world.world import World


@dataclass(frozen=True, kw_only=True)
class Surge(Fault):
    """Far more users than usual come to one front; overload that remains afterwards is caused by retries."""

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
    """All cache entries expire at once, and all callers load them from the database."""

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
    """Messages need more work than the workers' capacity, and the queue grows."""

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
    """One message kills each worker that takes it and is redelivered; purging the queue or a person repairs it."""

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
    """No fault: every incident is a false alarm."""

    name: ClassVar[str] = "none"

    def parts(self) -> tuple[Fault, ...]:
        return ()


@dataclass(frozen=True, kw_only=True)
class TwoAtOnce(Fault):
    """Two unrelated faults."""

    name: ClassVar[str] = "two-at-once"
    faults: tuple[Fault, ...] = ()

    def parts(self) -> tuple[Fault, ...]:
        return tuple(part for fault in self.faults for part in fault.parts())
