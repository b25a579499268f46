"""What a ruling on a plan leads to."""

from __future__ import annotations

import pytest

from aiops.model.incidents import IncidentState
from aiops.model.plans import Oversight
from tests.unit.control.fakes import FakeRouting, Loop, settings

UNATTENDED, ONE, TWO = Oversight.UNATTENDED, Oversight.ONE_APPROVER, Oversight.TWO_APPROVERS


def loop_of(routing: Oversight, policy: Oversight = UNATTENDED) -> Loop:
    """A loop in which a plan was made, with what routing and policy require."""
    router = FakeRouting()
    router.level = routing
    loop = Loop(settings(), routing=router)
    loop.oversight.level = policy
    loop.abnormal("web")
    loop.wait(5)
    return loop


@pytest.mark.parametrize(
    ("routing", "policy", "needed"),
    [
        (UNATTENDED, UNATTENDED, UNATTENDED),
        (ONE, UNATTENDED, ONE),
        (TWO, ONE, TWO),
        (UNATTENDED, ONE, ONE),
        (ONE, TWO, TWO),
    ],
)
def test_the_stricter_level_of_routing_and_policy_counts(
    routing: Oversight, policy: Oversight, needed: Oversight
) -> None:
    """Routing asks for a person if the cause is not probable enough, also where policy permits unattended actions."""
    loop = loop_of(routing, policy)
    (incident,) = loop.runtime.orchestrator.state.incidents.values()
    waits = incident.state is IncidentState.AWAITING_APPROVAL
    begun = bool(loop.target.done)
    assert (incident.level, waits, begun) == (needed, needed is not UNATTENDED, needed is UNATTENDED)


def test_the_page_says_that_routing_asks() -> None:
    """Who is asked to approve sees why policy alone was not enough."""
    loop = loop_of(ONE)
    assert "routing requires one-approver, because the cause is not probable enough" in loop.target.pages[0].asks


def test_one_approval_satisfies_the_level_of_routing() -> None:
    """Policy permits each step unattended, so the plan runs once the person agreed."""
    loop = loop_of(ONE)
    loop.runtime.command("approve", "INC-1", "kim")
    loop.wait(60)
    assert loop.runtime.orchestrator.state.incidents["INC-1"].state is IncidentState.RESOLVED
