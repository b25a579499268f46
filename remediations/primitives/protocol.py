"""The interface of primitives, and the facts about a target that they use.

Primitives are pure: the same facts and parameters give the same answer. Actions are idempotent: running an action twice
with one key changes nothing the second time. ``check_parameters`` checks parameters from runbooks against bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from aiops.model.entities import Criticality
from aiops.model.plans import Action, Parameter


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts about a target, as plain data."""

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
    abnormal: bool = True
    changed: bool = False
    """Whether a reversible change is suspected."""


@dataclass(frozen=True, slots=True)
class ParameterBounds:
    """Type and range of one parameter; ``least`` and ``most`` are allowed values."""

    kind: type[str | int | float | bool]
    least: float | None = None
    most: float | None = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """What a primitive would do: the action, its undo, its risk and its postcondition. Building it changes nothing."""

    action: Action
    undo: Action | None
    """None: irreversible, unless ``transient``."""
    transient: bool
    """The action leaves nothing to undo."""
    undo_either_way: bool
    """The undo is safe whether or not the action happened."""
    at_risk: float
    """Share of the target's capacity that is out of service at one time, in [0, 1]; used for the blast radius."""
    postcondition: str
    """Statement that is true of the target after success."""


class Primitive(Protocol):
    """One kind of action."""

    name: str
    bounds: Mapping[str, ParameterBounds]

    def objections(self, facts: Facts, parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
        """Reasons against the action on this target: eligibility, preconditions, parameters. Empty: there is none."""
        ...

    def effect(self, facts: Facts, parameters: Mapping[str, Parameter]) -> Effect:
        """The dry run: what the action would do; ``PermanentError`` if there are ``objections``."""
        ...


def check_parameters(bounds: Mapping[str, ParameterBounds], parameters: Mapping[str, Parameter]) -> tuple[str, ...]:
    """Problems of the parameters: unknown, missing, of another type, out of bounds, not a number."""
    wrong = [f"no parameter {name}; known: {', '.join(sorted(bounds))}" for name in parameters if name not in bounds]
    wrong += [f"parameter {name} is missing" for name, b in bounds.items() if b.required and name not in parameters]
    for name, value in parameters.items():
        if name in bounds and (problem := _out_of_bounds(bounds[name], value)):
            wrong.append(f"parameter {name}: {problem}")
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
