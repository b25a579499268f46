from __future__ import annotations

import pytest

from aiops.adapters.bundle.loading import load_bundle
from aiops.agents.analysis import AnalysisAgent
from aiops.agents.composition import CONTROL_ROLES, control_agent, control_agents
from aiops.agents.oversight import OversightAgent
from aiops.agents.resolution import ResolutionAgent
from aiops.agents.routing import RoutingAgent
from aiops.agents.triage import TriageAgent
from aiops.model.errors import PermanentError
from aiops.model.handoffs import Diagnosed, Intent, Planned, Role, Routed, Ruling, StepRequest
from aiops.model.incidents import IncidentState
from aiops.model.plans import StepDirection
from aiops.settings import Settings
from remediations.bundle import Bundle
from remediations.policy import PolicySet
from remediations.runbooks import Catalogue
from remediations.windows import Problem, Windows
from tests.unit.agents.faulty_estate import NOW, S, diagnosis, episode, handoff, routed, view

SHIPPED = load_bundle()
EMPTY = Bundle(PolicySet(), Catalogue(), Windows())


@pytest.mark.parametrize(
    ("role", "kind"),
    [
        (Role.ANALYSIS, AnalysisAgent),
        (Role.ROUTING, RoutingAgent),
        (Role.RESOLUTION, ResolutionAgent),
        (Role.OVERSIGHT, OversightAgent),
        (Role.TRIAGE, TriageAgent),
    ],
)
def test_each_role_has_its_agent(role: Role, kind: type) -> None:
    """The agent of a role is of the role's class and says the same role of itself."""
    agent = control_agent(role, Settings(), EMPTY)
    assert isinstance(agent, kind)
    assert agent.role is role


@pytest.mark.parametrize("role", [Role.MONITORING, Role.ORCHESTRATOR])
def test_roles_outside_of_the_control_plane_are_refused(role: Role) -> None:
    """The data plane's agent and the orchestrator are made elsewhere."""
    with pytest.raises(PermanentError, match=f"{role} is no agent of the control plane"):
        control_agent(role, Settings(), EMPTY)


def test_every_role_is_made_once() -> None:
    """All five roles, each with its own agent."""
    agents = control_agents(Settings(), EMPTY)
    assert tuple(agents) == CONTROL_ROLES
    assert all(agent.role is role for role, agent in agents.items())


def test_routing_gets_the_runbooks_of_the_bundle() -> None:
    """With the shipped bundle a crash has runbooks; with an empty one it has none."""
    asked = handoff(Diagnosed(diagnosis()), Intent.ROUTE, sender=Role.ANALYSIS, to=Role.ROUTING)
    found = {}
    for name, bundle in (("shipped", SHIPPED), ("empty", EMPTY)):
        answers = control_agent(Role.ROUTING, Settings(), bundle).handle(asked, view())
        found[name] = [a.payload.runbooks for a in answers if isinstance(a.payload, Routed)]
    assert found["shipped"]
    assert found["shipped"][0]
    assert found["empty"] in ([], [()])


def ruled(settings: Settings, oversight: Bundle) -> Ruling:
    """What oversight of this bundle says of the first step of resolution's own plan, on evidence of 60 seconds ago."""
    agents = control_agents(settings, SHIPPED)
    (proposal,) = agents[Role.RESOLUTION].handle(routed(diagnosis(), *SHIPPED.catalogue.runbooks), view())
    assert isinstance(proposal.payload, Planned)
    plan = proposal.payload.plan
    step = plan.steps[0]
    request = StepRequest(plan.id, step.id, step.action, StepDirection.DO, step.blast, ("ann", "bob"), NOW - 60 * S)
    asked = handoff(request, Intent.AUTHORISE, sender=Role.ORCHESTRATOR, to=Role.OVERSIGHT)
    acting = view(
        episodes=(episode(watermark=NOW - 60 * S),),
        incident={"plan": plan.id, "attempts": 1, "state": IncidentState.ACTING},
    )
    (answer,) = control_agent(Role.OVERSIGHT, settings, oversight).handle(asked, acting)
    assert isinstance(answer.payload, Ruling)
    return answer.payload


@pytest.mark.parametrize(("limit", "permitted"), [(120.0, True), (20.0, False)])
def test_oversight_gets_the_age_limit_of_the_settings(limit: float, *, permitted: bool) -> None:
    """Evidence of 60 seconds is fresh under a limit of 120 and stale under a limit of 20."""
    settings = Settings.model_validate({"control": {"evidence_age_seconds": limit}})
    assert ruled(settings, SHIPPED).permitted is permitted


def test_oversight_gets_the_policies_of_the_bundle() -> None:
    """A bundle whose policies have a problem gives an oversight that forbids what the shipped one permits."""
    broken = Bundle(PolicySet((Problem("own.cedar", 1, "unexpected token"),)), Catalogue(), Windows())
    ruling = ruled(Settings(), broken)
    assert not ruling.permitted
    assert "own.cedar:1: unexpected token" in ruling.reasons[0]


def test_oversight_gets_the_calendars_of_the_bundle() -> None:
    """A calendar that cannot be read freezes every change."""
    frozen = Bundle(SHIPPED.policies, SHIPPED.catalogue, Windows.of({"freeze.ics": b"no calendar"}))
    assert not ruled(Settings(), frozen).permitted
