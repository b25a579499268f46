"""The view that an agent gets with a handoff: the work item and its surroundings at one context version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from aiops.model.entities import Item
from aiops.model.episodes import Episode
from aiops.model.handoffs import Handoff, Role
from aiops.model.incidents import Incident
from aiops.model.plans import Plan, Verdict
from aiops.model.prose import Prose
from aiops.model.reports import Change, Ticket
from topology.graph import Graph


@dataclass(frozen=True, slots=True)
class Attempt:
    """An earlier plan for this work item, and how it ended."""

    plan: Plan
    verdict: Verdict | None
    """None: the plan was not verified."""
    ended_at: int
    how: Prose


@dataclass(frozen=True, slots=True)
class AgentView:
    """Read-only facts at ``incident.context_version``; ``at`` is the present time, ns."""

    at: int
    incident: Incident
    episodes: tuple[Episode, ...]
    """Episodes of the incident, first opened first."""
    graph: Graph
    items: Mapping[str, Item]
    """CMDB items, by id, of the members and of the entities that they need or serve."""
    changes: tuple[Change, ...] = ()
    """Changes of the last day on members or on ``items``, newest first."""
    tickets: tuple[Ticket, ...] = ()
    others: tuple[Incident, ...] = ()
    """Other open incidents of the domain, without their stories."""
    attempts: tuple[Attempt, ...] = ()
    evidence_at: int = 0
    """Event time up to which the incident's sources have been read, ns (lowest watermark of its open episodes)."""
    halted: bool = False
    breakers_open: frozenset[str] = field(default_factory=frozenset)
    """Names of the breakers that are open now: ``target:NAME``, ``action:PRIMITIVE`` or ``global``."""


class Agent(Protocol):
    """The interface of every control-plane agent."""

    role: Role

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        """The answers to a handoff, possibly none; raises only ``AiopsError``."""
        ...
