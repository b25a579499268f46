from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

from aiops.model.plans import Action
from simulations.faults.fault import Fault
from simulations.faults.loads import NoFault, TwoAtOnce
from simulations.faults.processes import Crash
from simulations.world.world import World
from tests.unit.simulations.faults.worlds import world


@dataclass(frozen=True, kw_only=True)
class Sticky(Fault):
    """A fault with two repairs."""

    name: ClassVar[str] = "sticky"
    target: str = "web"

    def repairs(self, _world: World) -> tuple[str, ...]:
        return ("restart web", "roll-back web")


def test_the_root_is_the_target() -> None:
    """Unless a fault says otherwise there is one right answer."""
    place = world()
    assert (Sticky().entity(place), Sticky().entities(place)) == ("web", ("web",))


@pytest.mark.parametrize(
    ("action", "repairs"),
    [
        (Action("restart", "web", {"at_once": True}), True),
        (Action("roll-back", "web"), True),
        (Action("restart", "cart"), False),
        (Action("scale", "web"), False),
        (Action("restart", "web "), False),
    ],
)
def test_an_action_repairs_by_primitive_and_target(action: Action, *, repairs: bool) -> None:
    """Parameters do not matter, the target does to the letter."""
    assert Sticky().repaired_by(action, world()) is repairs


@pytest.mark.parametrize(
    ("duration", "age", "over"), [(None, 10**9, False), (60, 59, False), (60, 60, True), (60, 61, True), (0, 0, True)]
)
def test_a_duration_ends_a_fault(duration: int | None, age: int, *, over: bool) -> None:
    """At its second, and never without one."""
    assert Sticky(duration=duration).over(world(), age) is over


def test_a_fault_that_does_nothing_has_no_parts() -> None:
    """And two at once have the parts of both, also when one of them is two."""
    one, two = Crash(target="web"), Crash(target="pricing")
    assert one.parts() == (one,)
    assert NoFault().parts() == ()
    assert TwoAtOnce(faults=(one, TwoAtOnce(faults=(NoFault(), two)))).parts() == (one, two)
