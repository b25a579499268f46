"""Requests diagnoses: at most one pending per incident, a new one when members change, none while a plan runs.

The handoffs from a diagnosis to a plan (DIAGNOSE, ROUTE, PLAN and their reviews) form one chain; ``Work.chain`` is the
id of its current handoff.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aiops.agents.paging import Ask
from aiops.control.handoff.sending import ask
from aiops.control.incident.escalation import escalate
from aiops.control.incident.membership import is_runtime, move
from aiops.control.state.lifecycle import Trigger
from aiops.control.state.transaction import Draft
from aiops.model.handoffs import DiagnoseRequest, Intent, Role
from aiops.model.incidents import IncidentState
from aiops.model.pages import EscalationCause, PageReason
from aiops.model.prose import Prose

CHANGED_SECONDS: Final = 1.0
"""Pause between an answer and the next request if members changed meanwhile, seconds."""
ASKABLE: Final = frozenset({IncidentState.OPEN, IncidentState.DIAGNOSING, IncidentState.DECIDING, IncidentState.HELD})
WATCHED: Final = frozenset({IncidentState.AWAITING_APPROVAL, IncidentState.ESCALATED})
"""States in which a person has the incident: it is diagnosed again, and changes state only if the cause changes."""
WATCHED_SECONDS: Final = 5.0
"""Pause before a watched incident is diagnosed again, seconds; it collects changes that arrive together."""
RUNTIME_ASKS: Final = "The runtime cannot heal itself: `aiops doctor` says what is missing."


def diagnose(draft: Draft, name: str, reason: Prose) -> None:
    """Request a diagnosis now, unless a chain is under way; the end of that chain requests again."""
    state = draft.state
    work = state.work[name]
    watched = state.incidents[name].state in WATCHED
    if work.chain or not (watched or state.incidents[name].state in ASKABLE):
        return
    if is_runtime(state, name):
        if watched:
            return
        because = "; ".join(line.what for line in state.incidents[name].story[:3])
        escalate(
            draft,
            name,
            Ask(
                PageReason(EscalationCause.RUNTIME), Prose(because or "The runtime has a problem."), Prose(RUNTIME_ASKS)
            ),
        )
        return
    draft.subject = name
    draft.cancel(f"ask/{name}")
    number = work.asked + 1
    handoff = f"{name}/diagnose/{number}"
    members = len(state.members.get(name, ()))
    draft.put(replace(work, asked=number, asked_members=members, chain=handoff))
    if not watched:
        move(draft, name, Trigger.ASKED)
    ask(draft, handoff, Role.ANALYSIS, intent=Intent.DIAGNOSE, payload=DiagnoseRequest(reason=reason))


def changed(draft: Draft, name: str) -> None:
    """Members changed: request a new diagnosis, after a pause if one was requested a moment ago."""
    state = draft.state
    work = state.work[name]
    waiting = state.timers.get(f"ask/{name}")
    if state.incidents[name].state in WATCHED:
        if waiting is None and not work.chain:
            draft.timer("ask", name, draft.after(WATCHED_SECONDS))
    elif waiting is None:
        diagnose(draft, name, Prose("changed" if work.asked else "opened"))
    elif waiting.due > (soon := draft.after(CHANGED_SECONDS)):
        draft.timer("ask", name, soon)


def chain_ended(draft: Draft, name: str) -> None:
    """The chain ended without a plan or a page: diagnose again soon if members changed, else after a timeout."""
    state = draft.state
    work = state.work.get(name)
    if work is None:
        return
    draft.put(replace(work, chain=""))
    more = len(state.members.get(name, ())) > work.asked_members
    if state.incidents[name].state in WATCHED and more:
        draft.timer("ask", name, draft.after(WATCHED_SECONDS))
    if state.incidents[name].state not in ASKABLE:
        return
    pause = CHANGED_SECONDS if more else max(draft.settings.control.gather_seconds / 4, CHANGED_SECONDS)
    draft.timer("ask", name, draft.after(pause))


def chain_at(draft: Draft, name: str, handoff: str) -> None:
    """Set the current handoff of the chain."""
    draft.put(replace(draft.state.work[name], chain=handoff))
