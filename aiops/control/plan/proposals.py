"""Applies a ruling of oversight to a plan: begin it, ask for approval, hold it, or escalate."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aiops.agents.paging import Ask
from aiops.control.diagnosis.second_diagnosis import approval_reason
from aiops.control.incident.escalation import escalate, page_people
from aiops.control.incident.membership import is_runtime, move
from aiops.control.incident.unfinished_plans import half_way, under_way
from aiops.control.plan import saga_driver
from aiops.control.plan.approvals import basis_of
from aiops.control.state.documents import plan_version
from aiops.control.state.lifecycle import Trigger
from aiops.control.state.transaction import Draft
from aiops.model.handoffs import (
    Ruling,
)
from aiops.model.pages import EscalationCause, PageReason
from aiops.model.plans import Oversight, Plan
from aiops.model.prose import Prose

TAKE_OVER: Final = "Please take it from here; `aiops acknowledge {0}` stops further pages."


def give_to_person(draft: Draft, name: str, reason: PageReason, *, because: Prose) -> None:
    """Escalate the incident: a person is responsible for it from now on."""
    escalate(draft, name, Ask(reason, because, Prose(TAKE_OVER.format(name))))


def consider(draft: Draft, name: str, plan: Plan, *, ruling: Ruling) -> None:
    """Apply the ruling to the plan: begin it, ask for approval, hold it, or escalate the incident."""
    incident, work = draft.state.incidents[name], draft.state.work[name]
    why = _unfit(draft, name, plan)
    if why is not None:
        give_to_person(
            draft,
            name,
            PageReason(EscalationCause.PLAN_REFUSED),
            because=Prose(f"The plan {plan.runbook} was not begun: {why}."),
        )
        return
    ruling = _with_level_of_routing(work.least_level, ruling)
    draft.incident(replace(incident, level=ruling.level, plan=plan.id))
    draft.put(replace(work, proposed=plan, approvals=(), bound=None, basis=incident.context_version))
    reasons = "; ".join(ruling.reasons)
    if ruling.hold_until is not None:
        due = max(ruling.hold_until, draft.after(1.0))
        move(draft, name, Trigger.WINDOW_CLOSED, due=due)
        draft.line(name, "oversight", f"held: {reasons}", ref=plan.id)
        return
    match ruling.level:
        case Oversight.UNATTENDED:
            draft.line(name, "oversight", f"permits {plan.runbook} unattended: {reasons}", ref=plan.id)
            saga_driver.start(draft, name, plan)
        case Oversight.ONE_APPROVER | Oversight.TWO_APPROVERS:
            _ask_approval(draft, name, plan, ruling=ruling)
        case Oversight.FORBIDDEN:
            give_to_person(
                draft,
                name,
                PageReason(EscalationCause.FORBIDDEN),
                because=Prose(f"Policy forbids {plan.runbook}: {reasons}."),
            )


def _with_level_of_routing(least: Oversight, ruling: Ruling) -> Ruling:
    """The ruling; with routing's level if that needs more people than policy does."""
    rising = list(Oversight)
    if rising.index(least) <= rising.index(ruling.level):
        return ruling
    why = Prose(f"routing requires {least.value}, because the cause is not probable enough")
    return replace(ruling, level=least, reasons=(*ruling.reasons, why))


def _unfit(draft: Draft, name: str, plan: Plan) -> Prose | None:
    state = draft.state
    if is_runtime(state, name) or state.of_tickets_only(name):
        return Prose("only tickets or the runtime itself report the incident")
    if plan.work_item != name:
        return Prose(f"it belongs to {plan.work_item}")
    if not plan.steps:
        return Prose("it has no steps")
    if moving := under_way(state, name):
        return Prose(f"plan {moving[0]} has not ended")
    if stuck := half_way(state, name):
        return Prose(f"plan {stuck[0]} stopped half-way, and nobody has taken it over")
    if plan.id in state.sagas:
        return Prose(f"a plan {plan.id} was begun before")
    if state.incidents[name].attempts >= draft.settings.control.max_attempts:
        return Prose(f"{state.incidents[name].attempts} plans were tried already")
    return None


def _ask_approval(draft: Draft, name: str, plan: Plan, *, ruling: Ruling) -> None:
    what = ", then ".join(f"{s.action.primitive} {s.action.target}" for s in plan.steps)
    if draft.state.incidents[name].shadow:
        draft.line(name, "orchestrator", f"shadow mode: would ask for {ruling.level.value} to {what}")
        saga_driver.start(draft, name, plan)
        return
    move(draft, name, Trigger.APPROVAL_NEEDED)
    # each proposal has a version of its own: an approval of an earlier one, of the same plan, is not taken for it
    version = draft.state.incidents[name].context_version + 1
    draft.incident(replace(draft.state.incidents[name], context_version=version))
    bound = basis_of(draft, plan, ruling.level, policies=ruling.policies, digest=ruling.digest)
    draft.put(replace(draft.state.work[name], basis=version, bound=bound))
    people = "two people approve" if ruling.level is Oversight.TWO_APPROVERS else "one person approves"
    because = f"The runtime would {what} ({plan.reason}), and waits until {people}: {'; '.join(ruling.reasons)}."
    asks = f"`aiops approve {name} --seen {plan_version(draft.state.work[name])}` or `aiops reject {name}`."
    draft.line(name, "oversight", f"asks for {ruling.level.value} to {what}: {'; '.join(ruling.reasons)}", ref=plan.id)
    page_people(draft, name, Ask(approval_reason(draft, name), Prose(because), Prose(asks)))
