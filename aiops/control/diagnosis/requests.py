"""Asks for diagnoses: at most one pending an incident, a new one when more is known, none once a plan runs.

The way from a diagnosis to a plan (DIAGNOSE, ROUTE, PLAN and their reviews) is one chain; ``Work.chain`` names the
handoff that it has come to.
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
"""Between an answer and the next question when more became known meanwhile."""
ASKABLE: Final = frozenset({IncidentState.OPEN, IncidentState.DIAGNOSING, IncidentState.DECIDING, IncidentState.HELD})
WATCHED: Final = frozenset({IncidentState.AWAITING_APPROVAL, IncidentState.ESCALATED})
"""A person has it: it is diagnosed anew beside that, and moves only if the cause turns out to be another."""
WATCHED_SECONDS: Final = 5.0
"""Before a watched incident is diagnosed anew: what comes together is told together."""
RUNTIME_ASKS: Final = "The runtime cannot heal itself: `aiops doctor` says what is missing."


def diagnose(draft: Draft, name: str, reason: Prose) -> None:
    """Ask analysis now, unless an answer is on its way: then that answer's end asks again."""
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
                PageReason(EscalationCause.RUNTIME), Prose(because or "The runtime is in trouble."), Prose(RUNTIME_ASKS)
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
    """Members changed: ask anew, soon if one was asked a moment ago."""
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
    """The chain came to no plan and to no person: look again soon if more is known, else when time has passed."""
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
    """The chain has come to this handoff."""
    draft.put(replace(draft.state.work[name], chain=handoff))
