"""Which phase of a plan is possible in which state of its incident, as a table.

A step may begin only in the pair (acting, going ahead) of the incident's present plan. An incident that leaves this
pair withdraws the plan (``aiops.control.plan.authority``), whatever made it leave. ``python -m
aiops.control.state.combinations`` prints the table for the documentation.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Final

from aiops.control.state.lifecycle import BUSY
from aiops.control.state.store import ControlState
from aiops.model.incidents import IncidentState
from remediations.saga_phase import Phase, phase_of
from remediations.saga_state import Saga

S, P = IncidentState, Phase


class Standing(StrEnum):
    """A plan with regard to its incident."""

    PRESENT = "present"
    """The incident names this plan."""
    EARLIER = "earlier"
    """The incident names a later plan, or took this plan over by a merge."""


_PRESENT: Final = frozenset({Standing.PRESENT})
_EARLIER: Final = frozenset({Standing.EARLIER})
_ANY: Final = frozenset(Standing)
_CALM: Final = tuple(state for state in IncidentState if state not in BUSY | {IncidentState.MERGED})
"""States in which no plan of the incident has authority. A merged incident is archived at once and has no plans."""

TABLE: Final[dict[tuple[IncidentState, Phase], frozenset[Standing]]] = {
    (S.ACTING, P.AHEAD): _PRESENT,
    (S.VERIFYING, P.WATCHED): _PRESENT,
    (S.UNDOING, P.UNDOING): _PRESENT,
    **{(s, p): _PRESENT for s in _CALM for p in (P.ENDING, P.WATCHED, P.UNDOING)},
    **{(s, p): _ANY for s in _CALM for p in (P.TEMPORARY, P.STUCK, P.FINISHED)},
    **{(s, p): _EARLIER for s in sorted(BUSY) for p in (P.TEMPORARY, P.STUCK, P.FINISHED)},
}
"""A pair that is not in the table is impossible."""


def standing(state: ControlState, incident: str, plan: str) -> Standing:
    """Whether the plan is the one that the incident names."""
    return Standing.PRESENT if state.incidents[incident].plan == plan else Standing.EARLIER


def possible(state: ControlState, incident: str, saga: Saga) -> bool:
    """Whether the table has the pair of the incident's state and the plan's phase."""
    permitted = TABLE.get((state.incidents[incident].state, phase_of(saga)), frozenset())
    return standing(state, incident, saga.plan.id) in permitted


def rows() -> str:
    """The table in Markdown: a row per state of the incident, a column per phase of the plan."""
    lines = ["| incident | " + " | ".join(Phase) + " |", "|---" * (len(Phase) + 1) + "|"]
    for state in IncidentState:
        cells = (", ".join(sorted(TABLE.get((state, phase), ()))) or "-" for phase in Phase)
        lines.append(f"| {state.value} | " + " | ".join(cells).replace("earlier, present", "any") + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(rows())
