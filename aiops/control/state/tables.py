"""The tables of the orchestrator's state: documents by kind and key, and the indexes over them.

Indexes are never stored: they follow from the documents.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from aiops.control.state import documents as doc
from aiops.model.entities import Edge
from aiops.model.incidents import Incident
from aiops.model.journal import TimerRow
from aiops.model.reports import Change


@dataclass
class StateTables:
    """Plain dictionaries. Only the fold of ``ControlState`` changes them."""

    incidents: dict[str, Incident] = field(default_factory=dict)
    episodes: dict[str, doc.EpisodeRecord] = field(default_factory=dict)
    work: dict[str, doc.Work] = field(default_factory=dict)
    handoffs: dict[str, doc.HandoffRecord] = field(default_factory=dict)
    sagas: dict[str, doc.SagaRecord] = field(default_factory=dict)
    orders: dict[str, doc.OrderRecord] = field(default_factory=dict)
    questions: dict[str, doc.QuestionRecord] = field(default_factory=dict)
    pages: dict[str, doc.PageRecord] = field(default_factory=dict)
    items: dict[str, doc.ItemRecord] = field(default_factory=dict)
    edges: dict[str, Edge] = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)
    tickets: dict[str, doc.TicketRecord] = field(default_factory=dict)
    agents: dict[str, doc.AgentRecord] = field(default_factory=dict)
    slots: dict[str, doc.SlotRecord] = field(default_factory=dict)
    breakers: dict[str, doc.BreakerRecord] = field(default_factory=dict)
    accounts: dict[str, doc.MembershipAccount] = field(default_factory=dict)
    leaderships: dict[str, doc.LeadershipRecord] = field(default_factory=dict)
    _members: dict[str, doc.Member] = field(default_factory=dict)
    timers: dict[str, TimerRow] = field(default_factory=dict)
    members: dict[str, dict[str, doc.Member]] = field(default_factory=dict)
    """Incident to entity to membership."""
    open_members: dict[str, int] = field(default_factory=dict)
    """Incident to number of members that are still abnormal."""
    incidents_of: dict[str, dict[str, None]] = field(default_factory=dict)
    """Entity to the incidents that it is a member of."""
    episodes_of: dict[str, dict[str, None]] = field(default_factory=dict)
    """Incident to its episodes."""
    open_on: dict[str, dict[str, None]] = field(default_factory=dict)
    """Entity to its open episodes."""
    aliases: dict[str, str] = field(default_factory=dict)
    """Folded episode to the one that stands for it."""
    changes_on: dict[str, dict[str, None]] = field(default_factory=dict)
    tripped: dict[str, dict[str, None]] = field(default_factory=dict)
    """Names of breakers that are not closed, under one key."""
    _owned: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)
    """(owner, kind) to keys: handoffs, sagas and pages of an incident, orders and questions of a plan."""
    reserved_by: dict[str, str] = field(default_factory=dict)
    """Key of a reservation to the plan that holds it or asked for it."""
    live: dict[str, None] = field(default_factory=dict)
    """Incidents that are not closed, opened first first."""

    def __post_init__(self) -> None:
        self.kinds: dict[str, dict[str, Any]] = {
            "incident": self.incidents,
            "episode": self.episodes,
            "member": self._members,
            "work": self.work,
            "handoff": self.handoffs,
            "saga": self.sagas,
            "order": self.orders,
            "question": self.questions,
            "page": self.pages,
            "item": self.items,
            "edge": self.edges,
            "change": self.changes,
            "ticket": self.tickets,
            "agent": self.agents,
            "slot": self.slots,
            "breaker": self.breakers,
            "account": self.accounts,
            doc.LEADERSHIP: self.leaderships,
        }
        """Name of a kind of document to its table."""
