"""The kinds of faults, and what each can happen to."""

from __future__ import annotations

import pytest

from aiops.apps.range.faults.acts import ACTS
from aiops.model.errors import PermanentError
from simulations.range.estate_plan import REDIS, StepKind
from simulations.range.faults.kind import FaultKind, Harm, Place
from simulations.range.faults.registry import KINDS, kind_of
from simulations.range.faults.targets import checked, targets
from simulations.range.generation import generate

PLAN = generate(7)


def test_there_are_at_least_24_faults_and_four_harmless_ones() -> None:
    """The harmless ones must stay quiet."""
    harmless = {name for name, kind in KINDS.items() if kind.harmless}
    assert harmless == {"calm", "harmless-deployment", "harmless-scale-out", "backup"}
    assert len(KINDS) - len(harmless) >= 24


def test_each_can_be_made_to_happen() -> None:
    """No kind is only a description, and no way of acting has no description."""
    assert set(ACTS) == set(KINDS)


def test_what_people_type_is_understood() -> None:
    """And a wrong word lists the right ones."""
    assert kind_of("kill") is KINDS["killed"]
    with pytest.raises(PermanentError, match="no fault 'kil'; known: killed, crash-loop"):
        kind_of("kil")


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_large_estate_has_a_place_for_each(name: str) -> None:
    """Of some seeds at least one."""
    assert any(targets(KINDS[name], generate(seed, size=12)) for seed in range(6))


def test_a_target_must_fit() -> None:
    """The message lists what fits; without a target it is the first."""
    kind = KINDS["row-lock"]
    writers = targets(kind, PLAN)
    assert checked(kind, "", PLAN) == writers[0]
    assert checked(kind, writers[-1], PLAN) == writers[-1]
    with pytest.raises(PermanentError, match=f"cannot happen to 'redis'; it can to {writers[0]}"):
        checked(kind, REDIS, PLAN)


def test_writers_update_rows() -> None:
    """A locked row is felt only by a service that updates it."""
    for service in targets(KINDS["row-lock"], PLAN):
        steps = [step.kind for route in PLAN.by_id[service].routes for step in route.steps]
        assert StepKind.WRITE in steps


def test_an_estate_without_the_place_says_so() -> None:
    """Not every estate has a consumer or a table."""
    nowhere = FaultKind("odd", "odd", Place.CONSUMER, Harm.QUEUE)
    lonely = type(PLAN)(PLAN.seed, "lonely", PLAN.services[:1], (), (), PLAN.ports, PLAN.traffic)
    with pytest.raises(PermanentError, match="odd needs a service that takes messages, and lonely has none"):
        checked(nowhere, "", lonely)
