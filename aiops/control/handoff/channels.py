"""The permitted handoffs: (sender, receiver, intent). Any other handoff is stopped and opens a runtime incident."""

from __future__ import annotations

import math
from typing import Final

from aiops.model.handoffs import (
    Diagnosed,
    DiagnoseRequest,
    Escalated,
    Handoff,
    Intent,
    MergeProposed,
    Payload,
    Planned,
    ReviewRequest,
    Role,
    Routed,
    Ruling,
    StepRequest,
    TicketLinked,
    TicketRead,
    Verified,
    VerifyRequest,
)
from aiops.model.prose import Prose

CHANNELS: Final[frozenset[tuple[Role, Role, Intent]]] = frozenset(
    {
        (Role.ORCHESTRATOR, Role.ANALYSIS, Intent.DIAGNOSE),
        (Role.ORCHESTRATOR, Role.OVERSIGHT, Intent.REVIEW),
        (Role.ORCHESTRATOR, Role.OVERSIGHT, Intent.AUTHORISE),
        (Role.ORCHESTRATOR, Role.RESOLUTION, Intent.VERIFY),
        (Role.ORCHESTRATOR, Role.TRIAGE, Intent.READ),
        (Role.ANALYSIS, Role.ROUTING, Intent.ROUTE),
        (Role.ANALYSIS, Role.ORCHESTRATOR, Intent.MERGE),
        (Role.ROUTING, Role.RESOLUTION, Intent.PLAN),
        (Role.ROUTING, Role.ORCHESTRATOR, Intent.ESCALATE),
        (Role.RESOLUTION, Role.ORCHESTRATOR, Intent.EXECUTE),
        (Role.RESOLUTION, Role.ORCHESTRATOR, Intent.CONCLUDE),
        (Role.RESOLUTION, Role.ORCHESTRATOR, Intent.ESCALATE),
        (Role.OVERSIGHT, Role.ORCHESTRATOR, Intent.RULE),
        (Role.TRIAGE, Role.ORCHESTRATOR, Intent.LINK),
    }
)

PAYLOADS: Final[dict[Intent, type[Payload]]] = {
    Intent.DIAGNOSE: DiagnoseRequest,
    Intent.ROUTE: Diagnosed,
    Intent.PLAN: Routed,
    Intent.EXECUTE: Planned,
    Intent.AUTHORISE: StepRequest,
    Intent.REVIEW: ReviewRequest,
    Intent.RULE: Ruling,
    Intent.VERIFY: VerifyRequest,
    Intent.CONCLUDE: Verified,
    Intent.ESCALATE: Escalated,
    Intent.MERGE: MergeProposed,
    Intent.READ: TicketRead,
    Intent.LINK: TicketLinked,
}
"""The payload type of each intent."""

ANSWERS: Final[dict[Intent, frozenset[Intent]]] = {
    Intent.DIAGNOSE: frozenset({Intent.ROUTE, Intent.MERGE}),
    Intent.ROUTE: frozenset({Intent.PLAN, Intent.ESCALATE}),
    Intent.PLAN: frozenset({Intent.EXECUTE, Intent.ESCALATE}),
    Intent.VERIFY: frozenset({Intent.CONCLUDE}),
    Intent.READ: frozenset({Intent.LINK}),
    Intent.REVIEW: frozenset({Intent.RULE}),
    Intent.AUTHORISE: frozenset({Intent.RULE}),
}
"""The intents that may answer each intent."""


def objection(answer: Handoff, request: Handoff) -> Prose | None:
    """Why ``answer`` to ``request`` is stopped; None: it is valid. The context version is checked elsewhere."""
    checks = (
        ((answer.sender, answer.to, answer.intent) in CHANNELS, "this sender, receiver and intent are not permitted"),
        (answer.sender == request.to, f"{answer.sender} answered instead of {request.to}"),
        (answer.intent in ANSWERS.get(request.intent, ()), f"{answer.intent} does not answer {request.intent}"),
        (isinstance(answer.payload, PAYLOADS[answer.intent]), f"the payload does not fit {answer.intent}"),
        (answer.work_item == request.work_item, f"it speaks of {answer.work_item or 'nothing'}"),
        (answer.domain == request.domain, f"it belongs to domain {answer.domain}"),
        (bool(answer.id) and answer.id != request.id, "it has no id of its own"),
        (math.isfinite(answer.confidence) and 0 <= answer.confidence <= 1, "its confidence is not in [0, 1]"),
        (bool(answer.reasoning) and all(answer.reasoning), "it gives no reasoning"),
        (bool(answer.cause), "it names no cause"),
        (answer.context_version > 0, "it names no context version"),
        (answer.deadline_at > 0, "it names no deadline"),
    )
    return next((Prose(why) for good, why in checks if not good), None)
