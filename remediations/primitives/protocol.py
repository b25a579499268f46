"""What every primitive can answer, and the facts it answers from.

All are pure and idempotent: the same facts and parameters give the same answer, and carrying out an action twice with
one key changes nothing the second time. Parameters from runbooks are checked here, against bounds, before anything
else sees them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from aiops.model.entities import Criticality
from aiops.model.plans import Action, Parameter


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a target, as plain data."""

    target: str
    kind: str = "service"
    replicas: int = 1
    zone: str = ""
    """Its failure domain, or where its active instance is."""
    version: str = ""
    """The version that runs now."""
    previous: str = ""
    """The version before it."""
    criticality: Criticality = Criticality.MEDIUM
    attributes: Mapping[str, str] = field(default_factory=dict)
    unwell: bool = True
    changed: bool = False
    """A change that can be taken back is suspected."""


@dataclass(frozen=True, slots=True)
class ParameterBounds:
    """What one parameter may be."""

    kind: type[str | int | float | bool]
    least: float | None = None
    most: float | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """What a primitive would do: the action, its undo, and how it shows. Making it changes nothing."""

    action: Action
    undo: Action | None
    """None: irreversible, unless ``transient``."""
    transient: bool
    """Nothing stays behind that could be undone."""
    undo_either_way: bool
    """The undo is safe whether or not the action happened."""
    at_risk: float
    """Share of the target's capacity out of work at one time, in [0, 1]; the graph makes a blast radius of it."""
    postcondition: str
    """What is true of the target once it worked."""


class Primitive(Protocol):
    """One way to heal."""

    name: str
    bounds: Mapping[str, ParameterBounds]

    def objections(self, facts: Facts, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """Why it may not be done to this target: eligibility, preconditions, parameters. Empty: it may."""
        ...

    def effect(self, facts: Facts, parameters: Mapping[str, Parameter]) -> Effect:
        """What it would do; ``PermanentError`` where ``objections`` has some. This is the dry run."""
        ...


def check_parameters(bounds: Mapping[str, ParameterBounds], parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
    """What is wrong with the parameters: unknown, missing, of another type, out of bounds, not a number."""
    wrong = [f"no parameter {name}; known: {', '.join(sorted(bounds))}" for name in parameters if name not in bounds]
    wrong += [f"parameter {name} is missing" for name, b in bounds.items() if b.required and name not in parameters]
    for name, value in parameters.items():
        if name in bounds and (told := _out_of_bounds(bounds[name], value)):
            wrong.append(f"parameter {name}: {told}")
    return tuple(wrong)


def _out_of_bounds(bounds: ParameterBounds, value: Parameter) -> str:
    if isinstance(value, bool) is not (bounds.kind is bool):
        return f"{value!r} is not a {bounds.kind.__name__}"
    if isinstance(value, int) and bounds.kind is float:
        value = float(value)
    if not isinstance(value, bounds.kind):
        return f"{value!r} is not a {bounds.kind.__name__}"
    if isinstance(value, str):
        return "" if 0 < len(value) <= 200 else "a text of 1 to 200 characters is needed"
    least = bounds.least if bounds.least is not None else value
    most = bounds.most if bounds.most is not None else value
    return "" if least <= value <= most else f"{value} is not within {bounds.least} to {bounds.most}"
