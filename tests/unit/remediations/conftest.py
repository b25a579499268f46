"""Small plans that the tests of this room share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aiops.model.plans import Action, BlastRadius, Plan, Step
from aiops.model.prose import Prose


def make_step(name: str, *, undo: bool = True, **fields: float | bool | None) -> Step:
    """A step on target ``name`` that scales it; ``undo=False`` makes it irreversible."""
    action = Action("scale", name, {"replicas": 4})
    back = Action("scale", name, {"replicas": 2}) if undo else None
    return Step(name, action, back, BlastRadius({"zone-a": 0.1}, (name,)), **fields)  # type: ignore[arg-type]


def make_plan(*steps: Step) -> Plan:
    """A plan of these steps."""
    return Plan("p", "inc-1", "runbook", steps, "web", ("pay",), Prose("because"), Prose("better"), 60.0, 300.0, 0.9)


@pytest.fixture
def step() -> Callable[..., Step]:
    """Maker of steps."""
    return make_step


@pytest.fixture
def plan() -> Callable[..., Plan]:
    """Maker of plans."""
    return make_plan
