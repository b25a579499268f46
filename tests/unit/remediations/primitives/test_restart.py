from __future__ import annotations

import pytest

from aiops.model.errors import PermanentError
from aiops.model.plans import Action
from remediations.primitives.protocol import Facts
from remediations.primitives.restart import Restart

RESTART = Restart()


@pytest.mark.parametrize(
    ("replicas", "share"), [(0, 1.0), (1, 1.0), (2, 1 / 2), (3, 1 / 3), (4, 2 / 4), (9, 3 / 9), (10, 4 / 10)]
)
def test_a_third_of_the_instances_rounded_up_is_out_of_work(replicas: int, share: float) -> None:
    """The share at risk is ceil(replicas / 3) of the replicas, and everything if there are fewer than two."""
    assert RESTART.effect(Facts("cart", replicas=replicas), {}).at_risk == pytest.approx(share)


def test_at_once_puts_everything_at_risk() -> None:
    """A restart of all instances together leaves no capacity, and the action says so to its executor."""
    effect = RESTART.effect(Facts("cart", replicas=9), {"at_once": True})
    assert effect.at_risk == 1.0
    assert effect.action == Action("restart", "cart", {"at_once": True})


def test_at_once_false_is_a_rolling_restart() -> None:
    """``at_once: false`` is the same as leaving the parameter out."""
    facts = Facts("cart", replicas=9)
    assert RESTART.effect(facts, {"at_once": False}).at_risk == RESTART.effect(facts, {}).at_risk


def test_it_leaves_nothing_to_undo() -> None:
    """A restart has no undo and is marked transient, so a saga counts it as undone."""
    effect = RESTART.effect(Facts("cart", replicas=3), {})
    assert (effect.undo, effect.transient, effect.undo_either_way) == (None, True, True)


@pytest.mark.parametrize("kind", ["external", "zone", "site", "business_service"])
def test_what_runs_no_process_of_ours_is_refused(kind: str) -> None:
    """The objection names the target and its kind."""
    assert RESTART.objections(Facts("pay-api", kind=kind), {}) == (f"pay-api is a {kind}: there is nothing to restart",)


@pytest.mark.parametrize("kind", ["service", "worker", "database", "cache", "queue", "host", "deployment"])
def test_what_runs_processes_is_accepted(kind: str) -> None:
    """Every kind with processes of its own can be restarted."""
    assert RESTART.objections(Facts("thing", kind=kind), {}) == ()


@pytest.mark.parametrize("value", ["yes", 1, 0, 1.0])
def test_at_once_is_a_boolean(value: str | float) -> None:
    """A text or a number in place of the boolean is refused with the value, not taken as true."""
    assert RESTART.objections(Facts("cart"), {"at_once": value}) == (f"parameter at_once: {value!r} is not a bool",)


def test_every_objection_is_in_the_error() -> None:
    """An effect that is asked in spite of two objections raises with both."""
    with pytest.raises(PermanentError, match="no parameter force; known: at_once; dns is a zone"):
        RESTART.effect(Facts("dns", kind="zone"), {"force": True})
