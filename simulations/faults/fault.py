"""What a fault is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from aiops.model.plans import Action

if TYPE_CHECKING:
    from simulations.world.world import World


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Something that goes wrong; its fields are its settings, its state is the world's."""

    name: ClassVar[str]
    cured: ClassVar[bool] = True
    """A right action ends it; False: the cause goes on, and the action only keeps it from hurting."""
    target: str = ""
    """The entity it hits: a service, host, zone or site."""
    duration: int | None = None
    """Seconds until it ends by itself; None: never."""

    def parts(self) -> tuple[Fault, ...]:
        """The faults that come when this one is injected."""
        return (self,)

    def entity(self, world: World, /) -> str:
        """The root cause, by its name in the CMDB."""
        del world
        return self.target

    def entities(self, world: World, /) -> tuple[str, ...]:
        """Every right answer to "what is the root", the best one first."""
        return (self.entity(world),)

    def repairs(self, world: World, /) -> tuple[str, ...]:
        """Actions that truly help, as ``primitive target``, the best one first."""
        del world
        return ()

    def repaired_by(self, action: Action, world: World, /) -> bool:
        """Whether this action, having taken effect, repairs it."""
        return f"{action.primitive} {action.target}" in self.repairs(world)

    def begin(self, world: World, /) -> None:
        """Once, when it comes."""

    def hold(self, world: World, age: int, /) -> None:
        """Each second while it lasts: turn ``world.knobs``, which are at rest before; ``age`` in seconds."""

    def over(self, world: World, age: int, /) -> bool:
        """Whether it has ended by itself."""
        del world
        return self.duration is not None and age >= self.duration

    def end(self, world: World, /) -> None:
        """Once, when it has ended."""
