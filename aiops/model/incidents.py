"""Incidents: episodes that belong together, their state and their story."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator

from aiops.model import earlier
from aiops.model.diagnoses import Diagnosis
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.plans import Oversight
from aiops.model.prose import Prose


class IncidentState(StrEnum):
    """States of an incident; the table of transitions is in ``aiops.control.state.lifecycle``."""

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
    what: Prose
    """A sentence."""
    ref: str = ""
    """Id of the event, handoff or effect behind it."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Episodes with one presumed cause, handled together: one owner, one state."""

    id: str
    state: IncidentState
    opened_at: int
    updated_at: int
    onset: int
    """Earliest ``since`` of its episodes."""
    entities: tuple[str, ...]
    """Members: entities with an episode in it, first seen first."""
    open_entities: tuple[str, ...]
    """Members with an open episode."""
    episodes: tuple[str, ...]
    context_version: int = 1
    """Rises when members, root or targets change."""
    priority: Priority = Priority.P3
    owner: str = ""
    level: Oversight = Oversight.ONE_APPROVER
    """Least level of oversight that policy requires for the current plan."""
    diagnosis: Diagnosis | None = None
    plan: str | None = None
    """Id of the current or last plan."""
    attempts: int = 0
    """Plans begun so far."""
    tickets: tuple[str, ...] = ()
    merged_into: str | None = None
    closed_at: int | None = None
    outcome: Annotated[IncidentOutcome | None, BeforeValidator(earlier.outcome)] = None
    """How the incident ended, or that it was handed to a person; None: neither."""
    shadow: bool = False
    story: tuple[Line, ...] = ()
    agreement: str = ""
    """The objective that sets the times below; empty: not routed yet."""
    answer_seconds: float | None = None
    """Agreed time from a page to an acknowledgement; None: the settings apply."""
    repair_by: int | None = None
    """When the agreed time to repair is over, ns; None: nothing is agreed."""
    members_total: int = 0
    """Number of all members; stored incidents list the first 64 in ``entities``."""
    domain: str = MAIN_DOMAIN

    @property
    def ended_as(self) -> OutcomeKind | None:
        """Kind of the outcome; None: there is none."""
        return None if self.outcome is None else self.outcome.kind

    @property
    def root(self) -> str | None:
        """The most probable cause, if the diagnosis is certain enough to act on; else None."""
        if self.diagnosis is None or self.diagnosis.unknown or not self.diagnosis.hypotheses:
            return None
        return self.diagnosis.hypotheses[0].entity
