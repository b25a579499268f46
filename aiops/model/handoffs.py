"""Handoffs: messages in which agents give each other work, with intent, confidence and reasoning."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
from aiops.model.telemetry import FleetAnswer, OpeningSignal

OPENED: Final = Prose("opened")
"""Reason of an incident's first diagnosis."""


class Role(StrEnum):
    """Senders and receivers of handoffs."""

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
    """Asks for the cause of the work item; the view holds its episodes and the graph."""

    type: Literal["diagnose"] = "diagnose"
    reason: Prose = OPENED


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """Analysis's diagnosis, for routing."""

    diagnosis: Diagnosis
    type: Literal["diagnosed"] = "diagnosed"


@dataclass(frozen=True, slots=True)
class Routed:
    """Routing's result: owner, priority, runbooks that apply, and the least level of oversight."""

    diagnosis: Diagnosis
    priority: Priority
    agreement: str
    """The objective that sets the times to answer and to repair, for people."""
    owner: str
    runbooks: tuple[str, ...]
    """Candidates, best first."""
    level: Oversight
    situation: Situation | None = None
    """The facts by which the runbooks were chosen; None: version 0.1.0 routed the incident."""
    answer_seconds: float | None = None
    """Agreed time from a page to an acknowledgement; None: nothing is agreed."""
    repair_seconds: float | None = None
    """Agreed time from the onset to the repair; None: nothing is agreed."""
    type: Literal["routed"] = "routed"


@dataclass(frozen=True, slots=True)
class Planned:
    """Resolution's proposed plan; oversight rules under which conditions it may run."""

    plan: Plan
    type: Literal["planned"] = "planned"


@dataclass(frozen=True, slots=True)
class StepRequest:
    """Asks oversight whether one effect may begin now; sent before each step, with the facts of that moment."""

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
    """A handoff that oversight reviews before it takes effect."""

    handoff: Handoff
    type: Literal["review"] = "review"


@dataclass(frozen=True, slots=True)
class Ruling:
    """Oversight's decision on a handoff or a step."""

    subject: str
    """Id of the handoff, or ``plan/step/direction`` of the step."""
    permitted: bool
    level: Oversight
    reasons: tuple[Prose, ...]
    policies: tuple[str, ...] = ()
    """Ids of the policies that decided."""
    digest: str = ""
    """SHA-256 of the policy set that was in force."""
    request: str = ""
    """The full policy request as JSON, for later verification of the decision."""
    hold_until: int | None = None
    """End of the window or freeze that forbids the step now, ns; None: no window or freeze forbids it."""
    type: Literal["ruling"] = "ruling"


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """Asks whether a plan worked, with the data plane's readings of symptom, targets and neighbours."""

    plan: Plan
    since: int
    """Start of the window of the readings, ns: the last step has taken effect and had its settle time."""
    fleet: FleetAnswer
    signals: tuple[OpeningSignal, ...] = ()
    """What the incident was opened for."""
    type: Literal["verify"] = "verify"


@dataclass(frozen=True, slots=True)
class Verified:
    """Resolution's verdict, with the reasons."""

    plan: str
    verdict: Verdict
    reasons: tuple[Prose, ...]
    """Sentences for people; decisions use ``findings``."""
    findings: tuple[Finding, ...] = ()
    type: Literal["verified"] = "verified"


@dataclass(frozen=True, slots=True)
class Escalated:
    """An agent's request to page a person."""

    page: Page
    reason: Prose
    type: Literal["escalated"] = "escalated"


@dataclass(frozen=True, slots=True)
class MergeProposed:
    """Analysis proposes to merge another incident with this one."""

    other: str
    type: Literal["merge"] = "merge"


@dataclass(frozen=True, slots=True)
class TicketRead:
    """Asks triage to read a ticket."""

    ticket: Ticket
    type: Literal["ticket"] = "ticket"


@dataclass(frozen=True, slots=True)
class TicketLinked:
    """Triage's result: the items that the ticket names, and the open incident that it supports, if any."""

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
    """One piece of work from one agent to another. The orchestrator refuses a handoff with an empty field."""

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

    def answer(
        self,
        to: Role,
        intent: Intent,
        payload: Payload,
        *,
        confidence: float,
        reasoning: tuple[Prose, ...],
        evidence: tuple[str, ...],
        at: int,
    ) -> Handoff:
        """The answer of this handoff's receiver, made at ``at`` (ns UTC).

        Its id is this handoff's id and the intent; work item, context version, deadline and domain stay the same.
        """
        return replace(
            self,
            id=f"{self.id}/{intent}",
            sender=self.to,
            to=to,
            intent=intent,
            payload=payload,
            confidence=confidence,
            reasoning=reasoning,
            evidence=evidence,
            at=at,
            cause=self.id,
        )
