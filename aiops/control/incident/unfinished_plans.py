"""Plans of an incident that have not finished: they forbid archiving it, and move with it when it is merged.

A plan that runs belongs to its incident until it is at rest: a merge waits for it. A temporary change that waits for
its reversal, and a plan that stopped half-way, move to the incident that is kept, with the pages about them.
"""

from __future__ import annotations

from dataclasses import replace

from aiops.control.state.store import ControlState
from aiops.control.state.transaction import Draft
from aiops.model.pages import EscalationCause
from aiops.model.refusals import RefusalKind, RefusedError
from remediations.saga_phase import Phase, moves_by_itself, phase_of


def unfinished(state: ControlState, name: str) -> list[str]:
    """Ids of the incident's plans that have not finished."""
    plans = state.owned(name, "saga")
    return [plan for plan in plans if phase_of(state.sagas[plan].saga) is not Phase.FINISHED]


def under_way(state: ControlState, name: str) -> list[str]:
    """Ids of the incident's plans that run, are verified or undone now."""
    return [plan for plan in state.owned(name, "saga") if moves_by_itself(state.sagas[plan].saga)]


def half_way(state: ControlState, name: str) -> list[str]:
    """Ids of the incident's plans that stopped half-way and that nobody has taken over."""
    plans = state.owned(name, "saga")
    return [plan for plan in plans if phase_of(state.sagas[plan].saga) is Phase.STUCK]


def expect_all_finished(state: ControlState, name: str) -> None:
    """Refuse to archive the incident while one of its plans has not finished."""
    for plan in unfinished(state, name):
        phase = phase_of(state.sagas[plan].saga)
        raise RefusedError(RefusalKind.NOT_PERMITTED, f"plan {plan} of {name} has not finished: it is {phase.value}")


def move_plans(draft: Draft, gone: str, kept: str) -> None:
    """Give the unfinished plans of ``gone``, and the pages about them, to ``kept``."""
    state = draft.state
    for plan in under_way(state, gone):
        raise RefusedError(RefusalKind.LATE, f"plan {plan} of {gone} is under way")
    moved = unfinished(state, gone)
    for plan in moved:
        record = state.sagas[plan]
        draft.put(replace(record, incident=kept))
        draft.line(kept, "orchestrator", f"took over plan {plan}, which is {phase_of(record.saga).value}", ref=plan)
    for key in state.owned(gone, "page"):
        page = state.pages[key]
        if page.reason.cause is EscalationCause.STUCK and page.reason.subject in moved:
            draft.put(replace(page, page=replace(page.page, work_item=kept)))
