"""The loop closes in the simulator, with fixed seeds: healed unattended, after approval, escalated; no harm done."""

from __future__ import annotations

from functools import lru_cache

import pytest

from aiops.adapters.bundle.loading import load_bundle
from aiops.model.incidents import IncidentState
from simulations.running.simulation import Run, Simulation, Who
from simulations.scenarios.scenario import ExpectedEnding, find
from simulations.scorecards.grades import Grade, grade
from simulations.scorecards.relations import FaultRelations

BUNDLE = load_bundle()

pytestmark = pytest.mark.scenario


@lru_cache(maxsize=16)
def played(name: str, seed: int, who: Who = Who.PRODUCT) -> tuple[Run, Grade]:
    """A shipped scenario, light."""
    scenario = find(name)
    plot = scenario.plot()
    run = Simulation(plot, BUNDLE, who, seed).run()
    return run, grade(scenario, run, FaultRelations(plot.estate))


def first(run: Run) -> str:
    """The first action that took effect."""
    return next(action.act.action for action in run.actions if action.effect)


def test_healed_unattended() -> None:
    """A service whose certificate was renewed is restarted without asking, at once, and stays well."""
    run, found = played("certificate-expiry", 1)
    _, left = played("certificate-expiry", 1, Who.NONE)
    assert first(run) == "restart user-profile"
    assert run.incidents[0].state is IncidentState.RESOLVED
    assert found.ending is ExpectedEnding.HEALED
    assert found.unsafe == 0
    assert found.violated_minutes < 0.1 * left.violated_minutes


def test_healed_after_approval() -> None:
    """A bad deploy is rolled back once a person agrees, verified, and closed."""
    run, found = played("crash-loop", 1)
    _, left = played("crash-loop", 1, Who.NONE)
    incident = run.incidents[0]
    assert incident.root == "inventory"
    assert first(run) == "roll-back inventory"
    assert incident.state is IncidentState.RESOLVED
    assert any(line.what.startswith("approves") for line in incident.story)
    assert found.value_lost < 0.2 * left.value_lost


def test_escalated_where_nobody_answers() -> None:
    """What needs an approval is not done without one; people were told."""
    run, found = played("bad-deploy-nobody-there", 1)
    assert found.ending is ExpectedEnding.ESCALATED
    assert found.actions == 0
    assert run.incidents[0].root == "payment"
    assert run.pages


def test_escalated_what_only_people_can_do() -> None:
    """Users of one site cannot find the shop: somebody is told, and no service is touched because of it."""
    run, found = played("dns-at-site", 1)
    assert found.ending is ExpectedEnding.ESCALATED
    assert any("island" in one.entities for one in run.incidents)
    assert not any(action.act.action.startswith(("restart", "fail-over")) for action in run.actions)
