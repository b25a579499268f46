"""Sends handoffs to agents and tracks them until they are answered, have finally failed, or are no longer needed.

After a crash the handoff is tried again within its deadline. A missed deadline is a failure; if oversight misses its
deadline, that is a veto. ``aiops.control.events.answers`` applies answers and final failures.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aiops.control.handoff.requests import RequestContext
from aiops.control.handoff.reviews import review_of
from aiops.control.incident.membership import forget_handoff
from aiops.control.incident.runtime_incidents import report_runtime_problem
from aiops.control.state import documents as doc
from aiops.control.state.transaction import Draft
from aiops.model.effects import HandOff
from aiops.model.handoffs import Handoff, Intent, Payload, ReviewRequest, Role
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind, RefusedError

TRIES: Final = 3
RETRY_SECONDS: Final = 1.0
FAILURES_UNTIL_INCIDENT: Final = 3


def ask(draft: Draft, name: str, to: Role, *, intent: Intent, payload: Payload) -> Handoff:
    """Send a handoff of the orchestrator itself, and return it."""
    work_item = draft.subject
    incident = draft.state.incidents.get(work_item)
    context = RequestContext(
        work_item,
        draft.event.id,
        incident.context_version if incident else 1,
        at=draft.at,
        deadline_at=0,  # ``send`` sets it
        domain=draft.settings.domain,
    )
    return send(draft, context.request(name, to, payload, intent=intent))


def send(draft: Draft, handoff: Handoff) -> Handoff:
    """Send the handoff to its receiver, with a deadline counted from now."""
    if handoff.id in draft.state.handoffs:
        raise RefusedError(RefusalKind.LATE, f"a handoff {handoff.id!r} is under way already")
    fresh = replace(handoff, at=draft.at, deadline_at=draft.after(draft.settings.control.handoff_seconds))
    _dispatch(draft, doc.HandoffRecord(fresh))
    draft.timer("handoff", fresh.id, fresh.deadline_at)
    return fresh


def _dispatch(draft: Draft, record: doc.HandoffRecord) -> None:
    draft.put(record)
    handoff = record.handoff
    draft.effect(HandOff(f"{handoff.id}/{record.attempt}", handoff, domain=handoff.domain))


def review(draft: Draft, answer: Handoff) -> None:
    """Send a handoff to oversight for review before it takes effect."""
    ask(draft, review_of(answer), Role.OVERSIGHT, intent=Intent.REVIEW, payload=ReviewRequest(answer))


def take(draft: Draft, name: str) -> Handoff:
    """Remove and return the pending handoff ``name``; raises ``RefusedError`` if it is not pending."""
    record = draft.state.handoffs.get(name)
    if record is None:
        raise RefusedError(RefusalKind.LATE, f"no answer to {name!r} is expected")
    draft.subject = record.handoff.work_item
    forget_handoff(draft, name)
    if draft.state.agent(record.handoff.to).failures:
        draft.put(doc.AgentRecord(record.handoff.to, 0))
    return record.handoff


def failed(draft: Draft, name: str, reason: Prose, *, late: bool = False) -> Handoff | None:
    """Count a failure and try again if there is time; returns the handoff if it has finally failed, else None."""
    record = draft.state.handoffs.get(name)
    if record is None:
        raise RefusedError(RefusalKind.LATE, f"no answer to {name!r} is expected")
    handoff = record.handoff
    draft.subject = handoff.work_item
    agent = draft.state.agent(handoff.to)
    draft.put(replace(agent, failures=agent.failures + 1))
    draft.line(handoff.work_item, handoff.to.value, f"failed at {handoff.intent.value}: {reason}", ref=handoff.id)
    if agent.failures + 1 >= FAILURES_UNTIL_INCIDENT:
        report_runtime_problem(
            draft, f"agent-{handoff.to.value}", Prose(f"The {handoff.to.value} agent fails repeatedly: {reason}")
        )
    retry_at = draft.after(RETRY_SECONDS)
    if not late and record.attempt < TRIES and retry_at < handoff.deadline_at:
        draft.timer("retry", name, retry_at)
        return None
    if late and handoff.to is not Role.OVERSIGHT and record.attempt < TRIES:
        _again(draft, record)
        return None
    forget_handoff(draft, name)
    return handoff


def retry(draft: Draft, name: str) -> None:
    """Send a handoff again after the pause that follows a crash."""
    record = draft.state.handoffs.get(name)
    if record is not None:
        draft.subject = record.handoff.work_item
        draft.done(f"{name}/{record.attempt}")
        _dispatch(draft, replace(record, attempt=record.attempt + 1))


def _again(draft: Draft, record: doc.HandoffRecord) -> None:
    """Send the handoff to a late agent again with a second deadline; oversight gets no second deadline."""
    handoff = replace(record.handoff, deadline_at=draft.after(draft.settings.control.handoff_seconds))
    draft.done(f"{handoff.id}/{record.attempt}")
    _dispatch(draft, doc.HandoffRecord(handoff, record.attempt + 1))
    draft.timer("handoff", handoff.id, handoff.deadline_at)


def restarted(draft: Draft) -> None:
    """Send pending handoffs again after a restart; their deadlines start again."""
    for name, record in draft.state.handoffs.items():
        if record.handoff.deadline_at < draft.after(draft.settings.control.handoff_seconds):
            draft.timer("handoff", name, draft.after(draft.settings.control.handoff_seconds))
