"""The lifecycle of an incident, as a table: (state, trigger) to state.

A pair that is not in the table raises ``NoTransitionError`` and changes nothing. Every state except the two last ones
is left after a timeout. ``python -m aiops.control.state.lifecycle`` prints the diagram for the documentation.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Final

from aiops.model.errors import NoTransitionError
from aiops.model.incidents import IncidentState

S = IncidentState


class Trigger(StrEnum):
    """What moves an incident to another state."""

    ASKED = "diagnosis asked"
    DIAGNOSED = "diagnosed"
    APPROVAL_NEEDED = "approval needed"
    WINDOW_CLOSED = "held by a window"
    BEGUN = "plan begun"
    SETTLING = "steps done"
    UNDO_BEGUN = "undo begun"
    HEALED = "verified healthy"
    UNDONE = "undone"
    CLEARED = "all episodes ended"
    STUCK = "must escalate"
    DEADLINE = "deadline passed"
    SUPPRESSED = "suppressed by a person"
    MERGED = "merged"
    RECURRED = "recurred"
    SHADOWED = "shadow decision made"
    CLOSED_BY_PERSON = "closed by a person"


_EARLY: Final = (S.OPEN, S.DIAGNOSING, S.DECIDING, S.AWAITING_APPROVAL, S.HELD)
"""States in which no action has begun: the incident may clear by itself, merge or be suppressed."""

TABLE: Final[dict[tuple[IncidentState, Trigger], IncidentState]] = {
    (S.OPEN, Trigger.ASKED): S.DIAGNOSING,
    (S.DIAGNOSING, Trigger.DIAGNOSED): S.DECIDING,
    (S.DIAGNOSING, Trigger.ASKED): S.DIAGNOSING,
    (S.DECIDING, Trigger.ASKED): S.DIAGNOSING,
    (S.DECIDING, Trigger.APPROVAL_NEEDED): S.AWAITING_APPROVAL,
    (S.DECIDING, Trigger.WINDOW_CLOSED): S.HELD,
    (S.DECIDING, Trigger.BEGUN): S.ACTING,
    (S.AWAITING_APPROVAL, Trigger.BEGUN): S.ACTING,
    (S.AWAITING_APPROVAL, Trigger.ASKED): S.DIAGNOSING,
    (S.AWAITING_APPROVAL, Trigger.WINDOW_CLOSED): S.HELD,
    (S.HELD, Trigger.ASKED): S.DIAGNOSING,
    (S.HELD, Trigger.DEADLINE): S.DIAGNOSING,
    (S.ACTING, Trigger.SETTLING): S.VERIFYING,
    (S.ACTING, Trigger.UNDO_BEGUN): S.UNDOING,
    (S.ACTING, Trigger.UNDONE): S.DIAGNOSING,
    (S.VERIFYING, Trigger.HEALED): S.RESOLVED,
    (S.VERIFYING, Trigger.UNDO_BEGUN): S.UNDOING,
    (S.VERIFYING, Trigger.UNDONE): S.DIAGNOSING,
    (S.UNDOING, Trigger.UNDONE): S.DIAGNOSING,
    (S.SUPPRESSED, Trigger.DEADLINE): S.DIAGNOSING,
    (S.SUPPRESSED, Trigger.CLEARED): S.RESOLVED,
    (S.SUPPRESSED, Trigger.MERGED): S.MERGED,
    (S.ESCALATED, Trigger.CLEARED): S.RESOLVED,
    (S.ESCALATED, Trigger.CLOSED_BY_PERSON): S.RESOLVED,
    (S.ESCALATED, Trigger.DEADLINE): S.RESOLVED,
    (S.ESCALATED, Trigger.MERGED): S.MERGED,
    (S.ESCALATED, Trigger.SUPPRESSED): S.SUPPRESSED,
    (S.RESOLVED, Trigger.RECURRED): S.DIAGNOSING,
    (S.RESOLVED, Trigger.MERGED): S.MERGED,
    **{(s, Trigger.CLEARED): S.RESOLVED for s in _EARLY},
    (S.DECIDING, Trigger.SHADOWED): S.AWAITING_APPROVAL,
    (S.AWAITING_APPROVAL, Trigger.SHADOWED): S.AWAITING_APPROVAL,
    **{(s, Trigger.SUPPRESSED): S.SUPPRESSED for s in _EARLY},
    **{(s, Trigger.MERGED): S.MERGED for s in _EARLY},
    **{(s, Trigger.STUCK): S.ESCALATED for s in (*_EARLY, S.ACTING, S.VERIFYING, S.UNDOING, S.SUPPRESSED)},
    **{
        (s, Trigger.DEADLINE): S.ESCALATED
        for s in (S.OPEN, S.DIAGNOSING, S.DECIDING, S.AWAITING_APPROVAL, S.ACTING, S.VERIFYING, S.UNDOING)
    },
}

LAST: Final = frozenset({S.RESOLVED, S.MERGED})
"""States of a closed incident; it is archived after the settle time."""
EARLY: Final = frozenset(_EARLY)
BUSY: Final = frozenset({S.ACTING, S.VERIFYING, S.UNDOING})
"""A plan is under way."""


def step(state: IncidentState, trigger: Trigger) -> IncidentState:
    """The state after ``trigger``. Raises ``NoTransitionError`` if the table has no such pair."""
    after = TABLE.get((state, trigger))
    if after is None:
        raise NoTransitionError(f"an incident that is {state.value} knows no {trigger.value!r}")
    return after


def picture() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {_name(S.OPEN)}"]
    lines += [f"    {_name(a)} --> {_name(b)}: {t.value}" for (a, t), b in TABLE.items()]
    lines += [f"    {_name(s)} --> [*]" for s in sorted(LAST)]
    return "\n".join(lines) + "\n"


def _name(state: IncidentState) -> str:
    return state.value.replace("-", "_")


if __name__ == "__main__":
    sys.stdout.write(picture())
