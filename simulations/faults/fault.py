"""The base class of faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from aiops.model.plans import Action

if TYPE_CHECKING:
    from simulations.world.world import World


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault of the simulated world. Its fields are its settings; its state is in the world."""

    name: ClassVar[str]
    cured: ClassVar[bool] = True
    """Whether a right action ends the fault; False: the cause continues, and the action only relieves its effect."""
    target: str = ""
    """The entity it hits: a service, host, zone or site."""
    duration: int | None = None
    """Seconds until it ends by itself; None: never."""

    def parts(self) -> tuple[Fault, ...]:
        """The faults that begin when this one is injected."""
        return (self,)

    def entity(self, world: World, /) -> str:
        """The root cause, by its name in the CMDB."""
        del world
        return self.target

    def entities(self, world: World, /) -> tuple[str, ...]:
        """All correct root causes, best first."""
        return (self.entity(world),)

    def repairs(self, world: World, /) -> tuple[str, ...]:
        """Actions that repair or relieve the fault, as ``primitive target``, best first."""
        del world
        return ()

    def repaired_by(self, action: Action, world: World, /) -> bool:
        """Whether this action, after it took effect, repairs or relieves the fault."""
        return f"{action.primitive} {action.target}" in self.repairs(world)

    def begin(self, world: World, /) -> None:
        """Called once, when the fault begins."""

    def hold(self, world: World, age: int, /) -> None:
        """Called each second while the fault lasts: sets ``world.knobs``, reset before; ``age`` in seconds."""

    def over(self, world: World, age: int, /) -> bool:
        """Whether the fault has ended by itself; ``age`` in seconds."""
        del world
        return self.duration is not None and age >= self.duration

    def end(self, world: World, /) -> None:
        """Called once, when the fault has ended."""
