"""Builds the agents of the control plane from settings and a config bundle. The only module that names all of them."""

from __future__ import annotations

from typing import Final

from aiops.agents.analysis import AnalysisAgent
from aiops.agents.oversight import OversightAgent
from aiops.agents.resolution import ResolutionAgent
from aiops.agents.routing import RoutingAgent
from aiops.agents.triage import TriageAgent
from aiops.agents.view import Agent
from aiops.model.errors import PermanentError
from aiops.model.handoffs import Role
from aiops.plugins import BUILT_INS, ExtensionKind, Plugins
from aiops.settings import Settings
from remediations.bundle import Bundle

CONTROL_ROLES: Final = (Role.ANALYSIS, Role.ROUTING, Role.RESOLUTION, Role.OVERSIGHT, Role.TRIAGE)
"""Roles to which the orchestrator sends handoffs."""


def control_agent(role: Role, settings: Settings, bundle: Bundle, *, plugins: Plugins = BUILT_INS) -> Agent:
    """The plain agent of a role.

    Raises:
        PermanentError: the control plane has no agent of this role, or the settings name an unknown ranker.
    """
    match role:
        case Role.ANALYSIS:
            return AnalysisAgent(
                settings, plugins.make(ExtensionKind.RANKER, settings.analysis.ranker), metrics=bundle.metrics
            )
        case Role.ROUTING:
            return RoutingAgent(bundle.catalogue, settings.control)
        case Role.RESOLUTION:
            return ResolutionAgent(settings, bundle.catalogue)
        case Role.OVERSIGHT:
            return OversightAgent(
                bundle.policies,
                bundle.windows,
                settings.control.evidence_age_seconds,
                primitives=bundle.catalogue.primitives,
            )
        case Role.TRIAGE:
            return TriageAgent()
        case _:
            raise PermanentError(f"{role} is no agent of the control plane")


def control_agents(settings: Settings, bundle: Bundle, plugins: Plugins = BUILT_INS) -> dict[Role, Agent]:
    """One agent for each role of the control plane."""
    return {role: control_agent(role, settings, bundle, plugins=plugins) for role in CONTROL_ROLES}
