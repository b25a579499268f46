"""Handoffs: how agents give work to each other, with intent, confidence and reasoning."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from aiops.model.diagnoses import Diagnosis
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.findings import Finding
from aiops.model.incidents import Priority
from aiops.model.pages import Page
from aiops.model.plans import Action, BlastRadius, Oversight, Plan, StepDirection, Verdict
from aiops.model.prose import Prose
from aiops.model.reports import Ticket
from aiops.model.situations import Situation
from aiops.model.telemetry import FleetAnswer

OPENED: Final = Prose("opened")
"""Why an incident is diagnosed for the first time."""


class Role(StrEnum):
    """Who sends and receives handoffs."""

    MONITORING = "monitoring"
    ANALYSIS = "analysis"
    ROUTING = "routing"
    RESOLUTION = "resolution"
    OVERSIGHT = "oversight"
    TRIAGE = "triage"
    ORCHESTRATOR = "orchestrator"


class Intent(StrEnum):
    """What the receiver is asked to do."""

    DIAGNOSE = "diagnose"
    ROUTE = "route"
    PLAN = "plan"
    EXECUTE = "execute"
    AUTHORISE = "authorise"
    REVIEW = "review"
    RULE = "rule"
    VERIFY = "verify"
    CONCLUDE = "conclude"
    ESCALATE = "escalate"
    MERGE = "merge"
    READ = "read"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class DiagnoseRequest:
    """Find the cause of the work item's trouble; the view holds its episodes and the graph."""

    type: Literal["diagnose"] = "diagnose"
    reason: Prose = OPENED


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """Analysis hands its diagnosis on."""

    diagnosis: Diagnosis
    type: Literal["diagnosed"] = "diagnosed"


@dataclass(frozen=True, slots=True)
class Routed:
    """Routing's choice: whose it is, how urgent, which runbooks may help, and how much oversight to start with."""

    diagnosis: Diagnosis
    priority: Priority
    agreement: str
    """The objective that sets the times to answer and to repair, for people."""
    owner: str
    runbooks: tuple[str, ...]
    """Candidates, best first."""
    level: Oversight
    situation: Situation | None = None
    """What the runbooks were chosen by; None: version 0.1.0 routed it."""
    answer_seconds: float | None = None
    """Agreed time from a page to an acknowledgement; None: nothing is agreed."""
    repair_seconds: float | None = None
    """Agreed time from the onset to the repair; None: nothing is agreed."""
    type: Literal["routed"] = "routed"


@dataclass(frozen=True, slots=True)
class Planned:
    """Resolution proposes a plan; oversight says under which conditions it may run."""

    plan: Plan
    type: Literal["planned"] = "planned"


@dataclass(frozen=True, slots=True)
class StepRequest:
    """May this one effect happen now? Asked anew before each step with facts of that moment."""

    plan: str
    step: str
    action: Action
    direction: StepDirection
    blast: BlastRadius
    approvals: tuple[str, ...]
    """Who approved the plan."""
    evidence_at: int
    """Event time of the newest evidence behind the plan."""
    type: Literal["step"] = "step"


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """The orchestrator shows oversight a handoff before it takes effect."""

    handoff: Handoff
    type: Literal["review"] = "review"


@dataclass(frozen=True, slots=True)
class Ruling:
    """Oversight's word on a handoff or a step."""

    subject: str
    """Id of the handoff, or ``plan/step/direction`` of the step."""
    permitted: bool
    level: Oversight
    reasons: tuple[Prose, ...]
    policies: tuple[str, ...] = ()
    """Ids of the policies that decided."""
    digest: str = ""
    """SHA-256 over the policy set that was in force."""
    request: str = ""
    """The full policy request, JSON, so that the decision can be checked later."""
    hold_until: int | None = None
    """Forbidden now by a window or freeze that ends then."""
    type: Literal["ruling"] = "ruling"


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """Did it work? With the data plane's reading of symptom, targets and neighbours."""

    plan: Plan
    since: int
    """Start of the window that the readings are of: the last step took effect, and had time to settle."""
    fleet: FleetAnswer
    type: Literal["verify"] = "verify"


@dataclass(frozen=True, slots=True)
class Verified:
    """Resolution's verdict, with the reasons."""

    plan: str
    verdict: Verdict
    reasons: tuple[Prose, ...]
    """For people; what is new is told by ``findings``."""
    findings: tuple[Finding, ...] = ()
    type: Literal["verified"] = "verified"


@dataclass(frozen=True, slots=True)
class Escalated:
    """Somebody must look: the page to send."""

    page: Page
    reason: Prose
    type: Literal["escalated"] = "escalated"


@dataclass(frozen=True, slots=True)
class MergeProposed:
    """Analysis says that two incidents are one."""

    other: str
    type: Literal["merge"] = "merge"


@dataclass(frozen=True, slots=True)
class TicketRead:
    """The orchestrator asks triage to read a ticket."""

    ticket: Ticket
    type: Literal["ticket"] = "ticket"


@dataclass(frozen=True, slots=True)
class TicketLinked:
    """Triage's reading: the items that the ticket speaks of, and the open incident it supports, if any."""

    ticket: str
    items: tuple[str, ...]
    incident: str | None
    type: Literal["linked"] = "linked"


Payload = (
    DiagnoseRequest
    | Diagnosed
    | Routed
    | Planned
    | StepRequest
    | ReviewRequest
    | Ruling
    | VerifyRequest
    | Verified
    | Escalated
    | MergeProposed
    | TicketRead
    | TicketLinked
)


@dataclass(frozen=True, slots=True)
class Handoff:
    """One piece of work from one agent to another. Refused unless every field below is filled."""

    id: str
    work_item: str
    sender: Role
    to: Role
    intent: Intent
    confidence: float
    """In [0, 1]."""
    reasoning: tuple[Prose, ...]
    """Sentences; each names the evidence ids it rests on in brackets."""
    evidence: tuple[str, ...]
    """Ids of episodes, changes, tickets, readings or handoffs."""
    context_version: int
    at: int
    deadline_at: int
    payload: Payload
    cause: str
    """Id of the event or handoff that led to it."""
    domain: str = MAIN_DOMAIN
