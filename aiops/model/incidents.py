"""Incidents: episodes that belong together, their state and their story."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aiops.model.diagnoses import Diagnosis
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.plans import Oversight


class IncidentState(StrEnum):
    """Where an incident stands; the table of transitions is in ``aiops.control.state.lifecycle``."""

    OPEN = "open"
    DIAGNOSING = "diagnosing"
    DECIDING = "deciding"
    AWAITING_APPROVAL = "awaiting-approval"
    HELD = "held-for-window"
    ACTING = "acting"
    VERIFYING = "verifying"
    UNDOING = "undoing"
    ESCALATED = "escalated"
    RESOLVED = "resolved"
    SUPPRESSED = "suppressed"
    MERGED = "merged"


class Priority(StrEnum):
    """Business priority of an incident."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an incident's story."""

    at: int
    who: str
    """The agent, executor or person."""
    what: str
    """A sentence."""
    ref: str = ""
    """Id of the event, handoff or effect behind it."""


@dataclass(frozen=True, slots=True)
class Incident:
    """One trouble, with one owner and one state."""

    id: str
    state: IncidentState
    opened_at: int
    updated_at: int
    onset: int
    """Earliest ``since`` of its episodes."""
    entities: tuple[str, ...]
    """Members: entities with an episode in it, first seen first."""
    open_entities: tuple[str, ...]
    """Members that are still unwell."""
    episodes: tuple[str, ...]
    context_version: int = 1
    """Rises when members, root or targets change."""
    priority: Priority = Priority.P3
    owner: str = ""
    level: Oversight = Oversight.ONE_APPROVER
    """Least oversight that policy asked for the current plan."""
    diagnosis: Diagnosis | None = None
    plan: str | None = None
    """Id of the current or last plan."""
    attempts: int = 0
    """Plans begun so far."""
    tickets: tuple[str, ...] = ()
    merged_into: str | None = None
    closed_at: int | None = None
    outcome: str = ""
    """How it ended, in a few words: ``healed``, ``cleared by itself``, ``handed to a person`` …"""
    shadow: bool = False
    story: tuple[Line, ...] = ()
    agreement: str = ""
    """The objective that sets the times below; empty: not routed yet."""
    answer_seconds: float | None = None
    """Agreed time from a page to an acknowledgement; None: the settings'."""
    repair_by: int | None = None
    """When the agreed time to repair is over, ns; None: nothing is agreed."""
    members_total: int = 0
    """Members in all; stored incidents list the first 64 in ``entities``."""
    domain: str = MAIN_DOMAIN

    @property
    def root(self) -> str | None:
        """The entity that is most probably the cause, when there is one to act on."""
        if self.diagnosis is None or self.diagnosis.unknown or not self.diagnosis.hypotheses:
            return None
        return self.diagnosis.hypotheses[0].entity
