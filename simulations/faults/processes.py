"""Faults inside a service's processes: they die, die again, or grow."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from simulations.faults.fault import Fault
from simulations.world.arrays import DOWN, READY
from simulations.world.world import World


@dataclass(frozen=True, kw_only=True)
class Crash(Fault):
    """Instances die and their supervisor does not start them again."""

    name: ClassVar[str] = "crash"
    target: str = "pricing"
    share: float = 1.0
    """Of the instances."""

    def repairs(self, _world: World) -> tuple[str, ...]:
        return (f"restart {self.target}",)

    def begin(self, world: World) -> None:
        group = world.instances(self.target)
        for i in group[: math.ceil(self.share * len(group))]:
            world.kill(int(i), for_good=True)

    def over(self, world: World, age: int) -> bool:
        alive = not (world.state.phase[world.instances(self.target)] == DOWN).any()
        return age > 0 and (alive or super().over(world, age))


@dataclass(frozen=True, kw_only=True)
class CrashLoop(Fault):
    """A new version dies soon after each start."""

    name: ClassVar[str] = "crash-loop"
    target: str = "inventory"
    lives: int = 12
    """Seconds an instance serves before it dies."""

    def repairs(self, _world: World) -> tuple[str, ...]:
        return (f"roll-back {self.target}",)

    def begin(self, world: World) -> None:
        world.deploy(self.target)
        world.state.uptime[world.instances(self.target)] = 0.0

    def hold(self, world: World, _age: int) -> None:
        for rank, i in enumerate(world.instances(self.target)):
            if world.state.phase[i] == READY and world.state.uptime[i] >= self.lives + 3 * rank:
                world.kill(int(i))


@dataclass(frozen=True, kw_only=True)
class MemoryLeak(Fault):
    """Memory grows until collecting garbage slows everything, then the instance is killed and begins anew."""

    name: ClassVar[str] = "memory-leak"
    target: str = "search"
    minutes: float = 10.0
    """From a fresh start to the limit."""

    def repairs(self, _world: World) -> tuple[str, ...]:
        return (f"restart {self.target}", f"roll-back {self.target}")

    def hold(self, world: World, _age: int) -> None:
        limit = 0.6 * world.fixed.memory[world.layout.index[self.target]]
        for rank, i in enumerate(world.instances(self.target)):
            world.knobs.leak[i] += limit / (60 * self.minutes) * (1 - 0.07 * rank)
