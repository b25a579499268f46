from __future__ import annotations

import pytest

from aiops.model.errors import PermanentError
from aiops.model.plans import Action
from remediations.primitives.fail_over import FailOver
from remediations.primitives.protocol import Facts

FAIL_OVER = FailOver()
DATABASE = Facts("orders-db", kind="database", replicas=2, zone="zone-a")


def test_a_store_fails_back_to_where_it_was() -> None:
    """From zone-a to zone-b: the undo is zone-a, is not right either way, and the whole store is at risk."""
    effect = FAIL_OVER.effect(DATABASE, {"to": "zone-b"})
    assert effect.action == Action("fail-over", "orders-db", {"to": "zone-b"})
    assert effect.undo == Action("fail-over", "orders-db", {"to": "zone-a"})
    assert (effect.at_risk, effect.undo_either_way, effect.transient) == (1.0, False, False)
    assert effect.postcondition == "orders-db is served from zone-b"


def test_a_store_of_unknown_place_has_no_undo() -> None:
    """Where the active instance is unknown, nothing can be promised."""
    effect = FAIL_OVER.effect(Facts("cache", kind="cache", replicas=2), {})
    assert effect.undo is None
    assert effect.postcondition == "cache is served from elsewhere"


@pytest.mark.parametrize("kind", ["zone", "site"])
@pytest.mark.parametrize(("abnormal", "share"), [(True, 0.3), (False, 1.0)])
def test_a_place_that_is_abnormal_has_little_left_to_lose(kind: str, share: float, *, abnormal: bool) -> None:
    """Of an abnormal place 0.3 is at risk, of a healthy one all; the undo takes traffic back, right either way."""
    effect = FAIL_OVER.effect(Facts("zone-a", kind=kind, abnormal=abnormal), {})
    assert effect.at_risk == share
    assert effect.undo == Action("fail-over", "zone-a", {"back": True})
    assert effect.undo_either_way


@pytest.mark.parametrize("kind", ["service", "worker", "host", "external", "business_service"])
def test_what_has_no_stand_by_is_refused(kind: str) -> None:
    """Only stores and places have something to fail over to."""
    facts = Facts("web", kind=kind, replicas=5)
    assert FAIL_OVER.objections(facts, {}) == (f"web is a {kind}: it has no stand-by",)


@pytest.mark.parametrize("kind", ["database", "cache", "queue"])
@pytest.mark.parametrize("replicas", [0, 1])
def test_a_single_instance_has_no_stand_by(kind: str, replicas: int) -> None:
    """A store needs a second instance."""
    facts = Facts("orders", kind=kind, replicas=replicas)
    assert FAIL_OVER.objections(facts, {}) == ("orders has one instance and no stand-by",)


@pytest.mark.parametrize(
    ("facts", "to"),
    [
        (DATABASE, "zone-a"),
        (DATABASE, "orders-db"),
        (Facts("zone-a", kind="zone"), "zone-a"),
        (Facts("queue", kind="queue", replicas=3), "queue"),
    ],
)
def test_never_to_where_it_is(facts: Facts, to: str) -> None:
    """Failing over to the present place, or to the target itself, is refused."""
    with pytest.raises(PermanentError, match=f"{facts.target} is in {to} already"):
        FAIL_OVER.effect(facts, {"to": to})


@pytest.mark.parametrize("to", ["", "z" * 201, 7, False])
def test_a_destination_is_a_short_text(to: str | int) -> None:
    """An empty, an endless or a numeric destination is refused."""
    assert FAIL_OVER.objections(DATABASE, {"to": to})[0].startswith("parameter to: ")
