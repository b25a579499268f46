"""Ends the authority of a plan with that of its incident: a step may begin only while the incident acts on this plan.

``withdraw`` runs after every event over the incidents and plans that the event changed, so no way out of ``acting``
can leave a plan behind: escalation, a deadline, a close, a suppression, a merge.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from aiops.control.plan import saga_driver
from aiops.control.state.combinations import possible
from aiops.control.state.transaction import Draft
from aiops.model.prose import Prose
from remediations import saga_messages as messages
from remediations.saga_phase import Phase, phase_of

ENDED: Final = "{name} is {state} and does not act on this plan any more"


def withdraw(draft: Draft, *, everywhere: bool = False) -> None:
    """Withdraw the plans that go ahead although their incidents do not act on them.

    Args:
        draft: the event's consequences so far; only plans that it may concern are looked at.
        everywhere: look at all plans, at the start of an epoch.
    """
    plans = list(draft.state.sagas) if everywhere else list(_concerned(draft))
    for plan in dict.fromkeys(plans):
        record = draft.state.sagas.get(plan)
        if record is None or record.incident not in draft.state.incidents:
            continue
        if phase_of(record.saga) is not Phase.AHEAD or possible(draft.state, record.incident, record.saga):
            continue
        incident = draft.state.incidents[record.incident]
        why = Prose(ENDED.format(name=incident.id, state=incident.state.value))
        subject = draft.subject
        draft.line(incident.id, "orchestrator", f"withdraws {plan}: {why}", ref=plan)
        saga_driver.deliver(draft, plan, messages.Withdrawn(draft.at, why))
        draft.subject = subject


def _concerned(draft: Draft) -> Iterable[str]:
    yield from draft.changed("saga")
    for name in draft.changed("incident"):
        yield from draft.state.owned(name, "saga")
