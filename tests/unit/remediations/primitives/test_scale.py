from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.model.errors import PermanentError
from aiops.model.plans import Action, Parameter
from remediations.primitives.protocol import Facts
from remediations.primitives.scale import MOST_REPLICAS, Scale

SCALE = Scale()
CART = Facts("cart", replicas=4)


def test_by_becomes_the_absolute_number() -> None:
    """Two more than four is six: an executor that gets the action twice still ends at six."""
    effect = SCALE.effect(CART, {"by": 2})
    assert effect.action == Action("scale", "cart", {"replicas": 6})
    assert effect.undo == Action("scale", "cart", {"replicas": 4})
    assert (effect.transient, effect.undo_either_way) == (False, True)


def test_more_instances_put_nothing_at_risk() -> None:
    """Scaling out costs no capacity."""
    assert SCALE.effect(CART, {"replicas": 8}).at_risk == 0.0


def test_fewer_instances_put_the_difference_at_risk() -> None:
    """From four to one: three quarters of the capacity go."""
    assert SCALE.effect(CART, {"by": -3}).at_risk == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("replicas", "wanted", "allowed"), [(1, 3, True), (1, 4, False), (4, 8, True), (4, 9, False), (2, 4, True)]
)
def test_at_most_the_double_or_three(replicas: int, wanted: int, *, allowed: bool) -> None:
    """The most that is allowed is max(3, 2 × replicas)."""
    facts = Facts("cart", replicas=replicas)
    assert (SCALE.objections(facts, {"replicas": wanted}) == ()) is allowed


def test_the_limit_is_told() -> None:
    """An objection to a number states the number and the limits."""
    assert SCALE.objections(CART, {"replicas": 9}) == ("9 instances are not within 1 to 8, twice what runs now",)


@pytest.mark.parametrize("by", [-4, -10])
def test_never_to_nothing(by: int) -> None:
    """Scaling down ends at one instance: zero or less is refused."""
    assert "not within 1 to 8" in SCALE.objections(CART, {"by": by})[0]


def test_to_the_present_number_is_refused() -> None:
    """A step without an effect would be verified against nothing."""
    told = ("cart runs 4 instances already",)
    assert SCALE.objections(CART, {"replicas": 4}) == told
    assert SCALE.objections(CART, {"by": 0}) == told


@pytest.mark.parametrize("parameters", [{}, {"replicas": 5, "by": 1}])
def test_either_replicas_or_by(parameters: dict[str, Parameter]) -> None:
    """Neither and both are refused."""
    assert SCALE.objections(CART, parameters) == ("state either replicas or by",)


@pytest.mark.parametrize("kind", ["database", "cache", "queue", "host", "zone", "external", ""])
def test_only_stateless_things(kind: str) -> None:
    """A store that is scaled splits its data: the objection lists what can be scaled."""
    told = SCALE.objections(Facts("db", kind=kind, replicas=2), {"by": 1})
    assert told == (f"db is a {kind}: only deployment, service, worker can be scaled",)


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"replicas": 0}, "0 is not within 1 to 100"),
        ({"replicas": MOST_REPLICAS + 1}, "101 is not within 1 to 100"),
        ({"by": 11}, "11 is not within -10 to 10"),
        ({"replicas": True}, "True is not a int"),
        ({"replicas": 2.5}, "2.5 is not a int"),
        ({"by": "2"}, "'2' is not a int"),
        ({"replicas": 10**400}, "not within 1 to 100"),
    ],
)
def test_parameters_have_bounds(parameters: dict[str, Parameter], told: str) -> None:
    """A parameter of another type or out of its bounds is refused with the value."""
    assert told in SCALE.objections(CART, parameters)[0]


def test_an_effect_in_spite_of_an_objection_raises() -> None:
    """Nobody gets an action out of a primitive that objects."""
    with pytest.raises(PermanentError, match="cart runs 4 instances already"):
        SCALE.effect(CART, {"replicas": 4})


@settings(max_examples=50)
@given(replicas=st.integers(1, 50), by=st.integers(-10, 10))
def test_the_undo_restores_what_ran(replicas: int, by: int) -> None:
    """Whatever is allowed: action and undo are absolute, and the undo is the number that ran before."""
    facts = Facts("cart", replicas=replicas)
    if SCALE.objections(facts, {"by": by}):
        return
    effect = SCALE.effect(facts, {"by": by})
    assert effect.undo is not None
    assert effect.action.parameters == {"replicas": replicas + by}
    assert effect.undo.parameters == {"replicas": replicas}
    assert effect.at_risk == pytest.approx(max(0, -by) / replicas)
