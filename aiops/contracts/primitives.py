"""Rules for every primitive. The subject is a primitive under its own name."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Final

from aiops.contracts.rule import BrokenContractError, require
from aiops.model.errors import PermanentError
from aiops.model.plans import Parameter
from remediations.primitives.protocol import Facts, Primitive

KINDS: Final = (
    "service", "worker", "database", "cache", "queue", "zone", "site", "host", "external", "business_service",
    "instance",
)  # fmt: skip
TEXTS: Final = ("", "zone-a", "zone-b", "41", "x" * 300)
VALUES: Final[tuple[Parameter, ...]] = (
    True, False, -200, -1, 0, 1, 3, 200, 0.3, -0.5, 1e300, float("nan"), float("inf"), *TEXTS,
)  # fmt: skip
CASES: Final = 300


def objects_or_states_a_bounded_effect(primitive: Primitive) -> None:
    """For all generated facts and parameters."""
    for facts, parameters in _cases(primitive):
        answers(primitive, facts, parameters)


def answers(primitive: Primitive, facts: Facts, parameters: Mapping[str, Parameter]) -> None:
    """A primitive either objects and raises ``PermanentError``, or states an effect.

    The effect is on the target itself, with ``at_risk`` in [0, 1] and a postcondition.
    """
    given = f"with {facts} and {dict(parameters)}"
    objections = primitive.objections(facts, parameters)
    if objections:
        require(all(objections), f"an objection is empty {given}")
        try:
            primitive.effect(facts, parameters)
        except PermanentError:
            return
        raise BrokenContractError(f"it objects, and states an effect nevertheless {given}")
    effect = primitive.effect(facts, parameters)
    require(effect == primitive.effect(facts, parameters), f"the same facts give two effects {given}")
    for action in filter(None, (effect.action, effect.undo)):
        own = (primitive.name, facts.target)
        require((action.primitive, action.target) == own, f"{action} is not an action of {own} {given}")
    require(0.0 <= effect.at_risk <= 1.0, f"at_risk is {effect.at_risk} {given}")
    require(effect.postcondition, f"no postcondition is stated {given}")
    require(not (effect.transient and effect.undo), f"it is transient and has an undo {given}")
    if effect.undo is not None:
        require(effect.undo.parameters != effect.action.parameters, f"its undo equals its action {given}")


def applies_to_something(primitive: Primitive) -> None:
    """It accepts at least one kind of target with some of its own parameters."""
    accepted = any(not primitive.objections(facts, parameters) for facts, parameters in _cases(primitive))
    require(accepted, "it objects to every tried target and parameter")


def unknown_parameters_are_refused(primitive: Primitive) -> None:
    """An unknown parameter gives an objection that names it."""
    objections = primitive.objections(Facts("thing"), {"odd": 1})
    require(any("odd" in one for one in objections), f"no objection names the unknown parameter 'odd': {objections}")


RULES: Final = (objects_or_states_a_bounded_effect, applies_to_something, unknown_parameters_are_refused)


def _cases(primitive: Primitive) -> Iterator[tuple[Facts, dict[str, Parameter]]]:
    """Targets of all kinds, with the primitive's own parameters inside and outside their bounds, and an unknown one."""
    draw = random.Random(7)  # noqa: S311 (seeded cases, no secret)
    plain: tuple[dict[str, Parameter], ...] = ({}, {"by": 1}, {"share": 0.3}, {"to": "zone-b"})
    for kind in KINDS:
        for parameters in plain:
            known = {name: value for name, value in parameters.items() if name in primitive.bounds}
            yield Facts("thing", kind=kind, replicas=3, zone="zone-a", changed=True), known
    names = (*primitive.bounds, "odd")
    for _ in range(CASES):
        facts = Facts(
            "thing",
            kind=draw.choice(KINDS),
            replicas=draw.randint(1, 30),
            zone=draw.choice(TEXTS),
            version=draw.choice(TEXTS),
            previous=draw.choice(TEXTS),
            changed=draw.random() < 0.5,
        )
        yield facts, {name: draw.choice(VALUES) for name in draw.sample(names, draw.randrange(len(names) + 1))}
