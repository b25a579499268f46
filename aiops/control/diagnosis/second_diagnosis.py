"""Applies a second diagnosis to an incident that a person has already: escalated, or waiting for approval.

The incident keeps its state while the cause stays the same; its text and its unacknowledged pages are updated. If the
cause changes, a plan that waits for approval and its approvals are void, because they were given for the old cause.
"""

from __future__ import annotations

from dataclasses import replace

from aiops.agents.paging import Ask
from aiops.control.diagnosis.requests import chain_ended
from aiops.control.incident.escalation import AGAIN, escalate, update_pages, withdraw
from aiops.control.incident.membership import move
from aiops.control.state.lifecycle import Trigger
from aiops.control.state.transaction import Draft
from aiops.model.diagnoses import Diagnosis
from aiops.model.handoffs import Handoff
from aiops.model.incidents import IncidentState
from aiops.model.pages import EscalationCause, PageReason
from aiops.model.prose import Prose


def thought_again(draft: Draft, answer: Handoff, diagnosis: Diagnosis) -> bool:
    """Store the new diagnosis; True: the waiting plan is void and the incident is in state diagnosing again."""
    name = answer.work_item
    incident = draft.state.incidents[name]
    same = cause(incident.diagnosis) == cause(diagnosis)
    void = incident.state is IncidentState.AWAITING_APPROVAL and not same
    if void:
        _withdraw(draft, name)
        if draft.state.work[name].voided <= AGAIN:
            move(draft, name, Trigger.ASKED)
            return True
    incident = draft.state.incidents[name]
    version = incident.context_version + (not same)
    draft.incident(replace(incident, diagnosis=diagnosis, context_version=version))
    if not same:
        draft.line(name, "analysis", f"new diagnosis: {finding(diagnosis)}", ref=answer.id)
    if void:
        asks = f"Please find the cause; `aiops acknowledge {name}` stops further pages."
        escalate(
            draft,
            name,
            Ask(
                PageReason(EscalationCause.UNSETTLED),
                Prose("Each diagnosis names another cause."),
                Prose(asks),
            ),
        )
    update_pages(draft, name)
    chain_ended(draft, name)
    return False


def _withdraw(draft: Draft, name: str) -> None:
    """Make the waiting plan and its approvals void, and stop the pages that ask for approval."""
    incident, work = draft.state.incidents[name], draft.state.work[name]
    withdraw(draft, name, EscalationCause.APPROVAL)
    draft.put(replace(work, proposed=None, approvals=(), bound=None, voided=work.voided + 1))
    tail = f"; the approval of {', '.join(work.approvals)} is void" if work.approvals else ""
    draft.line(name, "orchestrator", f"withdraws {incident.plan}: the cause seems to be another{tail}")


def approval_reason(draft: Draft, name: str) -> PageReason:
    """Reason of the page that asks for approval of the present plan; each plan has its own reason."""
    attempt, voided = draft.state.incidents[name].attempts + 1, draft.state.work[name].voided
    return PageReason(EscalationCause.APPROVAL, f"{attempt}-{voided + 1}" if voided else str(attempt))


def cause(diagnosis: Diagnosis | None) -> tuple[str, str] | None:
    """The entity and the kind of fault for which a plan is made; None: not known."""
    if diagnosis is None or diagnosis.unknown or not diagnosis.hypotheses:
        return None
    return diagnosis.hypotheses[0].entity, diagnosis.hypotheses[0].kind


def finding(diagnosis: Diagnosis) -> Prose:
    """The first hypothesis as a sentence."""
    best = diagnosis.hypotheses[0] if diagnosis.hypotheses else None
    what = f"{best.kind} of {best.entity} ({best.probability:.0%})" if best else "nothing found"
    tail = ", but not sure enough to act" if diagnosis.unknown and best else ""
    return Prose(f"probable cause: {what}{tail}")
