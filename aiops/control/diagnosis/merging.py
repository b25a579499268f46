"""Merges incidents: proposed by analysis, or found by correlation when a common dependency became abnormal.

A merge does not disturb a plan under way. Of two incidents, the one with a plan under way is kept. If both have one,
the merge waits as a timer in the journal. Recovery restores merged incidents and never merges by itself.
"""

from __future__ import annotations

from typing import Final

from aiops.control.diagnosis.requests import diagnose
from aiops.control.incident.membership import is_runtime, merge
from aiops.control.incident.unfinished_plans import under_way
from aiops.control.state.lifecycle import BUSY, LAST
from aiops.control.state.store import ControlState
from aiops.control.state.transaction import Draft
from aiops.model.incidents import IncidentState
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind, RefusedError

WAIT_SECONDS: Final = 15.0
"""Interval between checks whether a waiting merge is possible, seconds."""
SHARED_CAUSE: Final = "an item that both need is abnormal"
_TO: Final = "\n"
"""Separator of the two names in a timer's subject."""


def merge_found(draft: Draft) -> None:
    """Merge the incidents for which correlation found a common cause since the last call."""
    for names in draft.state.found_one():
        kept = min(names, key=lambda name: _seniority(draft.state, name))
        taken = [name for name in names if name != kept and _unite(draft, kept, name)]
        if taken:
            draft.subject = kept
            diagnose(draft, kept, Prose(f"merged with {', '.join(taken)}"))


def merge_proposed(draft: Draft, name: str, other: str, *, why: Prose) -> None:
    """Apply analysis's proposal to merge two incidents."""
    state = draft.state
    if other not in state.incidents or is_runtime(state, other) or is_runtime(state, name):
        raise RefusedError(RefusalKind.NOT_PERMITTED, f"{other!r} cannot be merged with {name}")
    kept, gone = sorted((name, other), key=lambda each: _seniority(state, each))
    if _must_wait(state, kept, gone):
        _later(draft, kept, gone)
        return
    merge(draft, kept, gone, why=why)
    draft.subject = kept
    diagnose(draft, kept, Prose(f"merged with {gone}"))


def merge_later(draft: Draft, pair: str) -> None:
    """Try a merge again that had to wait for a plan."""
    names = [name for name in pair.split(_TO) if name in draft.state.live]
    if len(names) < 2:
        return
    kept, gone = sorted(names, key=lambda name: _seniority(draft.state, name))
    if _unite(draft, kept, gone):
        draft.subject = kept
        diagnose(draft, kept, Prose(f"merged with {gone}"))


def merge_waiting(draft: Draft, name: str) -> None:
    """Try the merges again that waited for the plan of ``name``."""
    waiting = [row.subject for row in draft.state.timers.values() if row.name == "merge"]
    for pair in waiting:
        if name in pair.split(_TO):
            draft.cancel(f"merge/{pair}")
            merge_later(draft, pair)


def _seniority(state: ControlState, name: str) -> tuple[int, int, int]:
    """Sort key of the incident to keep: one with a plan under way, then one handed to a person, then the oldest."""
    incident = state.incidents[name]
    rank = 0 if incident.state in BUSY else 1 if incident.state is IncidentState.ESCALATED else 2
    return rank + 3 * (incident.state in LAST), incident.opened_at, int(name.rpartition("-")[2])


def _unite(draft: Draft, kept: str, gone: str) -> bool:
    """Merge now, or set a timer while a plan prevents it; False: not merged now."""
    if _must_wait(draft.state, kept, gone):
        _later(draft, kept, gone)
        return False
    return draft.attempt(lambda: merge(draft, kept, gone, why=Prose(SHARED_CAUSE)), f"merge {gone} into {kept}")


def _must_wait(state: ControlState, kept: str, gone: str) -> bool:
    """Whether ``gone`` has a plan under way, or ``kept`` has one and the pages about ``gone`` must stay."""
    after = state.incidents[gone].state
    paged = after is IncidentState.ESCALATED and state.incidents[kept].state in BUSY
    return after in BUSY or paged or bool(under_way(state, gone))


def _later(draft: Draft, kept: str, gone: str) -> None:
    subject = _TO.join(sorted((kept, gone)))
    if f"merge/{subject}" not in draft.state.timers:
        draft.line(kept, "orchestrator", f"{gone} has the same cause; it is merged once no plan prevents it")
    draft.timer("merge", subject, draft.after(WAIT_SECONDS))
