"""Stop, drain, limit load, end blocker, cancel query, set aside: what each may touch, its risk and its undo."""

from __future__ import annotations

import pytest

from aiops.model.errors import PermanentError
from aiops.model.plans import Action, Parameter
from remediations.primitives.cancel_query import CancelQuery
from remediations.primitives.drain import Drain
from remediations.primitives.end_blocker import EndBlocker
from remediations.primitives.limit_load import LimitLoad
from remediations.primitives.protocol import Facts, Primitive
from remediations.primitives.set_aside import SetAside
from remediations.primitives.stop import Stop

DATABASE = Facts("orders-db", kind="database")
QUEUE = Facts("jobs", kind="queue")


def test_a_stop_puts_all_of_it_at_risk_and_can_be_taken_back() -> None:
    """Its processes are started again."""
    effect = Stop().effect(Facts("report", kind="job"), {})
    assert (effect.action, effect.undo) == (Action("stop", "report", {}), Action("stop", "report", {"back": True}))
    assert (effect.at_risk, effect.undo_either_way, effect.transient) == (1.0, True, False)


@pytest.mark.parametrize("kind", ["database", "cache", "queue", "host", "zone", "external"])
def test_stores_and_hosts_are_not_stopped(kind: str) -> None:
    """Their data would be out of reach."""
    assert "can be stopped" in Stop().objections(Facts("x", kind=kind), {})[0]


def test_an_instance_is_drained_by_its_own_name() -> None:
    """All of it is at risk, and the undo gives it its usual share."""
    effect = Drain().effect(Facts("cart-2", kind="instance"), {})
    assert effect.action == Action("drain", "cart-2", {"keep": 0.0})
    assert effect.undo == Action("drain", "cart-2", {"keep": 1.0})
    assert effect.at_risk == 1.0


def test_an_instance_of_a_service_is_named() -> None:
    """Its part of the service is at risk, less what it keeps."""
    effect = Drain().effect(Facts("cart", replicas=4), {"instance": "cart-2", "keep": 0.5})
    assert effect.action == Action("drain", "cart", {"instance": "cart-2", "keep": 0.5})
    assert effect.undo == Action("drain", "cart", {"instance": "cart-2", "keep": 1.0})
    assert effect.at_risk == 0.125
    assert effect.postcondition == "cart-2 gets 50% of its usual requests"


@pytest.mark.parametrize(
    ("facts", "parameters", "why"),
    [
        (Facts("cart", replicas=4), {}, "state which instance of cart"),
        (Facts("cart", replicas=1), {"instance": "cart-1"}, "nothing would serve its requests"),
        (DATABASE, {"instance": "a"}, "no proxy divides requests"),
        (Facts("cart-2", kind="instance"), {"keep": 0.95}, "not within 0.0 to 0.9"),
    ],
)
def test_what_cannot_be_drained(facts: Facts, parameters: dict[str, Parameter], why: str) -> None:
    """Nobody else would serve, or nothing would change."""
    assert why in Drain().objections(facts, parameters)[0]


def test_a_limit_names_what_it_bounds() -> None:
    """The undo sets what was there before, which only the target knows."""
    effect = LimitLoad().effect(Facts("cart"), {"connections": 20, "rate": 90})
    assert effect.action.parameters == {"connections": 20, "rate": 90}
    assert effect.undo == Action("limit-load", "cart", {"back": True})
    assert effect.postcondition == "cart is limited to 20 connections and 90 rate"


@pytest.mark.parametrize(
    ("facts", "parameters", "why"),
    [
        (Facts("cart"), {}, "state connections"),
        (Facts("cart"), {"rate": 0}, "not within 1"),
        (QUEUE, {"rate": 5}, "it serves no requests that could be limited"),
    ],
)
def test_what_cannot_be_limited(facts: Facts, parameters: dict[str, Parameter], why: str) -> None:
    """A limit of nothing would stop it."""
    assert why in LimitLoad().objections(facts, parameters)[0]


@pytest.mark.parametrize(
    ("primitive", "parameters"), [(EndBlocker(), {}), (CancelQuery(), {"older_than_seconds": 30.0})]
)
def test_sessions_and_statements_leave_nothing_to_undo(primitive: Primitive, parameters: dict[str, Parameter]) -> None:
    """Their users ask again; few of them are at risk."""
    effect = primitive.effect(DATABASE, parameters)
    assert (effect.undo, effect.transient, effect.undo_either_way, effect.at_risk) == (None, True, True, 0.1)
    assert effect.action == Action(primitive.name, "orders-db", parameters)


def test_only_the_runbook_knows_which_statement_is_long() -> None:
    """The age is required."""
    assert CancelQuery().objections(DATABASE, {}) == ("parameter older_than_seconds is missing",)


def test_a_message_is_set_aside_and_can_be_put_back() -> None:
    """One message of the queue's work is at risk."""
    effect = SetAside().effect(QUEUE, {"redeliveries": 5})
    assert effect.action == Action("set-aside", "jobs", {"redeliveries": 5})
    assert effect.undo == Action("set-aside", "jobs", {"back": True})
    assert (effect.at_risk, effect.transient) == (0.01, False)


@pytest.mark.parametrize(
    ("primitive", "facts"),
    [(EndBlocker(), QUEUE), (CancelQuery(), Facts("cart")), (SetAside(), DATABASE), (SetAside(), Facts("cart"))],
)
def test_another_kind_of_target_is_refused(primitive: Primitive, facts: Facts) -> None:
    """And the effect cannot be had nevertheless."""
    assert primitive.objections(facts, {})
    with pytest.raises(PermanentError):
        primitive.effect(facts, {})
