"""Incidents of the runtime itself: each pages people and never leads to an action."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aiops.agents.paging import Ask
from aiops.control.incident.escalation import escalate
from aiops.control.incident.membership import open_incident
from aiops.control.state.lifecycle import LAST
from aiops.control.state.store import ControlState
from aiops.control.state.transaction import Draft, with_line
from aiops.model.entities import RUNTIME_ENTITY
from aiops.model.incidents import Line
from aiops.model.pages import EscalationCause, PageReason
from aiops.model.prose import Prose

ASKS: Final = "Look at the runtime: `aiops doctor` says what is missing."
REPEATS: Final = 20
"""Most story lines about the same problem in its incident."""
QUIET_SECONDS: Final = 3600.0
"""A problem that is not reported again for this long is over."""


def report_runtime_problem(draft: Draft, topic: str, because: Prose) -> str:
    """Open the runtime's incident about ``topic``, or add to it; return its id."""
    name = about(draft.state, topic)
    if name is None:
        name = open_incident(draft, draft.at, topic=topic)
        incident = draft.state.incidents[name]
        draft.put(replace(incident, entities=(RUNTIME_ENTITY,), open_entities=(RUNTIME_ENTITY,)))
        escalate(draft, name, Ask(PageReason(EscalationCause.RUNTIME_PROBLEM, topic), because, Prose(ASKS)))
    incident = draft.state.incidents[name]
    if len(incident.story) < REPEATS:
        draft.put(
            replace(incident, story=with_line(incident.story, Line(draft.at, "orchestrator", because, draft.event.id)))
        )
    draft.note(report_runtime_problem=topic, because=because)
    return name


def about(state: ControlState, topic: str) -> str | None:
    """Id of the runtime's live incident about ``topic``; None: there is none."""
    return next((n for n in state.live if state.work[n].topic == topic and state.incidents[n].state not in LAST), None)
