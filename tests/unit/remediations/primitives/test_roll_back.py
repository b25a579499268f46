from __future__ import annotations

import pytest

from aiops.model.errors import PermanentError
from aiops.model.plans import Action
from remediations.primitives.protocol import Facts
from remediations.primitives.roll_back import RollBack

ROLL_BACK = RollBack()
CART = Facts("cart", replicas=4, version="42", previous="41", changed=True)


def test_to_the_version_before() -> None:
    """Without a stated version it is the one before; the undo is the version that runs now."""
    effect = ROLL_BACK.effect(CART, {})
    assert effect.action == Action("roll-back", "cart", {"version": "41"})
    assert effect.undo == Action("roll-back", "cart", {"version": "42"})
    assert effect.undo_either_way
    assert effect.postcondition == "every instance of cart runs 41"


def test_a_stated_version_wins() -> None:
    """A runbook may go further back than one version."""
    assert ROLL_BACK.effect(CART, {"version": "39"}).action.parameters == {"version": "39"}


@pytest.mark.parametrize(("replicas", "share"), [(0, 1.0), (1, 1.0), (2, 0.5), (4, 0.25)])
def test_one_instance_after_the_other(replicas: int, share: float) -> None:
    """The share of one instance is at risk; all of it if there is one instance or none."""
    facts = Facts("cart", replicas=replicas, version="42", previous="41", changed=True)
    assert ROLL_BACK.effect(facts, {}).at_risk == share


def test_without_versions_the_target_decides() -> None:
    """Nothing known of versions: the action names none, and there is no undo to promise."""
    effect = ROLL_BACK.effect(Facts("cart", replicas=2, changed=True), {})
    assert effect.action == Action("roll-back", "cart", {})
    assert (effect.undo, effect.undo_either_way, effect.transient) == (None, False, False)
    assert effect.postcondition == "every instance of cart runs the version before"


def test_an_unknown_present_cannot_be_restored() -> None:
    """A stated version alone gives an action, but no undo."""
    effect = ROLL_BACK.effect(Facts("cart", changed=True, previous="41"), {})
    assert effect.action.parameters == {"version": "41"}
    assert effect.undo is None


def test_without_a_suspected_change_it_is_refused() -> None:
    """A healthy version is not taken back on a guess."""
    facts = Facts("cart", version="42", previous="41")
    assert ROLL_BACK.objections(facts, {}) == ("no reversible change of cart is suspected",)


def test_never_to_what_runs_now() -> None:
    """Stated or known as "before", the present version is refused."""
    told = ("cart runs version 42 already",)
    assert ROLL_BACK.objections(CART, {"version": "42"}) == told
    same = Facts("cart", version="42", previous="42", changed=True)
    assert ROLL_BACK.objections(same, {}) == told


@pytest.mark.parametrize("version", ["", "9" * 201, 41, True])
def test_a_version_is_a_short_text(version: str | int) -> None:
    """An empty, an endless or a numeric version is refused before anything else sees it."""
    objections = ROLL_BACK.objections(CART, {"version": version})
    assert objections[0].startswith("parameter version: ")
    with pytest.raises(PermanentError, match="parameter version"):
        ROLL_BACK.effect(CART, {"version": version})


def test_a_configuration_is_rolled_back_apart_from_the_release() -> None:
    """The known versions are the release's: the target knows the configuration before, and restores it at the undo."""
    effect = ROLL_BACK.effect(CART, {"part": "configuration"})
    assert effect.action == Action("roll-back", "cart", {"part": "configuration"})
    assert effect.undo == Action("roll-back", "cart", {"part": "configuration", "back": True})
    assert effect.postcondition == "every instance of cart runs with the configuration before"


def test_another_part_is_refused() -> None:
    """Release and configuration are all that has versions."""
    told = ROLL_BACK.objections(CART, {"part": "colour"})
    assert told == ("part is 'colour': only release and configuration can be rolled back",)
