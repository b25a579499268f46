"""What an agent is shown beside a handoff: the work item and its surroundings at one context version."""

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
    """A plan that was tried for this work item before, and how it ended."""

    plan: Plan
    verdict: Verdict | None
    """None: it did not get as far as verification."""
    ended_at: int
    how: Prose


@dataclass(frozen=True, slots=True)
class AgentView:
    """Read-only facts. ``at`` is now; everything here was true at ``incident.context_version``."""

    at: int
    incident: Incident
    episodes: tuple[Episode, ...]
    """Of the incident, first opened first."""
    graph: Graph
    items: Mapping[str, Item]
    """Items of members and of what they need or serve, as far as the CMDB knows them."""
    changes: tuple[Change, ...] = ()
    """Of the last day on members or what they need, newest first."""
    tickets: tuple[Ticket, ...] = ()
    others: tuple[Incident, ...] = ()
    """Other open incidents of the domain, without their stories."""
    attempts: tuple[Attempt, ...] = ()
    evidence_at: int = 0
    """Event time up to which the incident's sources are known (lowest watermark of its open episodes)."""
    halted: bool = False
    breakers_open: frozenset[str] = field(default_factory=frozenset)
    """``target:NAME``, ``action:PRIMITIVE`` or ``global`` of breakers that are open now."""


class Agent(Protocol):
    """The one door of every control-plane agent."""

    role: Role

    def handle(self, handoff: Handoff, view: AgentView) -> tuple[Handoff, ...]:
        """Answer with further handoffs, perhaps none; raises only ``AiopsError``."""
        ...
