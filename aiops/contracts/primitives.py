"""What every primitive must do. The subject is a primitive; the table's name must be its own."""

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
)  # fmt: skip
TEXTS: Final = ("", "zone-a", "zone-b", "41", "x" * 300)
VALUES: Final[tuple[Parameter, ...]] = (
    True, False, -200, -1, 0, 1, 3, 200, 0.3, -0.5, 1e300, float("nan"), float("inf"), *TEXTS,
)  # fmt: skip
CASES: Final = 300


def objects_or_states_a_bounded_effect(primitive: Primitive) -> None:
    """For anything it is given."""
    for facts, parameters in _cases(primitive):
        answers(primitive, facts, parameters)


def answers(primitive: Primitive, facts: Facts, parameters: Mapping[str, Parameter]) -> None:
    """Objections and a PermanentError, or an effect on the target itself with a stated risk and a postcondition."""
    given = f"with {facts} and {dict(parameters)}"
    objections = primitive.objections(facts, parameters)
    if objections:
        require(all(objections), f"an objection is empty {given}")
        try:
            primitive.effect(facts, parameters)
        except PermanentError:
            return
        raise BrokenContractError(f"it objects and states an effect all the same {given}")
    effect = primitive.effect(facts, parameters)
    require(effect == primitive.effect(facts, parameters), f"the same facts give two effects {given}")
    for action in filter(None, (effect.action, effect.undo)):
        own = (primitive.name, facts.target)
        require((action.primitive, action.target) == own, f"{action} is not of {own} {given}")
    require(0.0 <= effect.at_risk <= 1.0, f"at_risk is {effect.at_risk} {given}")
    require(effect.postcondition, f"no postcondition is stated {given}")
    require(not (effect.transient and effect.undo), f"it leaves nothing behind and has an undo {given}")
    if effect.undo is not None:
        require(effect.undo.parameters != effect.action.parameters, f"its undo is the action itself {given}")


def applies_to_something(primitive: Primitive) -> None:
    """It accepts at least one kind of target with some of the parameters that it names."""
    accepted = any(not primitive.objections(facts, parameters) for facts, parameters in _cases(primitive))
    require(accepted, "it objects to every target and every parameter that was tried")


def unknown_parameters_are_refused(primitive: Primitive) -> None:
    """A misspelt parameter is an objection that names it, never ignored."""
    told = primitive.objections(Facts("thing"), {"odd": 1})
    require(any("odd" in one for one in told), f"the parameter 'odd' is not objected to: {told}")


RULES: Final = (objects_or_states_a_bounded_effect, applies_to_something, unknown_parameters_are_refused)


def _cases(primitive: Primitive) -> Iterator[tuple[Facts, dict[str, Parameter]]]:
    """Targets of all kinds; parameters of its own names within and without bounds, and one that it does not know."""
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
