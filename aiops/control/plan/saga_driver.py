"""Drives the sagas: passes events to them, and turns their commands into effects, timers and moves of the incident.

Each run of a step has a new capability, created when the saga begins the run. No step begins while the runtime is
halted or in shadow mode. ``outcomes`` applies the end of a saga to its incident.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aiops.agents.paging import Ask
from aiops.control.handoff.sending import ask
from aiops.control.incident.escalation import escalate
from aiops.control.incident.membership import drop_chain, forget_handoff, move
from aiops.control.incident.published_events import publish_action
from aiops.control.plan.approvals import Void, void, void_by_ruling
from aiops.control.plan.breakers import admitted
from aiops.control.plan.fleet_questions import ask_fleet
from aiops.control.plan.outcomes import finished
from aiops.control.state import documents as doc
from aiops.control.state.lifecycle import BUSY, Trigger
from aiops.control.state.transaction import Draft
from aiops.model import effects
from aiops.model.durations import SECOND
from aiops.model.handoffs import Intent, Role, Ruling, StepRequest, Verified, VerifyRequest
from aiops.model.incidents import IncidentState
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.pages import EscalationCause, PageReason
from aiops.model.plans import Capability, Oversight, Plan, Reservation, StepDirection, StepOrder
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind, RefusedError
from aiops.model.telemetry import FleetAnswer
from remediations import saga_messages as messages
from remediations.saga import advance
from remediations.saga_state import Saga, SagaState, begin

LAG_MARGIN_SECONDS: Final = 5.0
"""Added to the observed lag of the sources: a source advances in steps, and a question may come late in a step."""
MOST_LAG_SECONDS: Final = 60.0
"""Longest time by which the end of a verified window precedes the present because of the lag of the sources."""
MUCH_LONGER: Final = 2.0
"""The story names the current step when the steps take this many times as long as the runbook expects."""
APPROVERS: Final = {Oversight.UNATTENDED: 0, Oversight.ONE_APPROVER: 1, Oversight.TWO_APPROVERS: 2}


def start(draft: Draft, name: str, plan: Plan) -> None:
    """Begin the plan. In shadow mode only record the decision: the incident stays open until its episodes end."""
    state = draft.state
    incident, work = state.incidents[name], state.work[name]
    what = ", then ".join(f"{s.action.primitive} {s.action.target}" for s in plan.steps)
    if incident.shadow or draft.settings.control.shadow:
        draft.line(name, "orchestrator", f"shadow mode: would now {what} ({plan.runbook})")
        move(draft, name, Trigger.SHADOWED, outcome=IncidentOutcome(OutcomeKind.SHADOW, Prose(what)))
        return
    if state.leadership.halted:
        asks = "Repair by hand, or resume, and the plan is tried again."
        escalate(
            draft,
            name,
            Ask(PageReason(EscalationCause.HALTED), Prose(f"Halted: the plan to {what} was not begun."), Prose(asks)),
        )
        return
    drop_chain(draft, name)
    draft.put(replace(draft.state.work[name], proposed=plan))
    move(draft, name, Trigger.BEGUN, plan=plan.id, attempts=incident.attempts + 1)
    draft.line(name, "orchestrator", f"begins plan {plan.id}: {what}; {plan.reason}", ref=plan.id)
    evidence = [state.episodes[e].episode for e in state.episodes_of.get(name, ())]
    evidence_at = min((e.watermark for e in evidence if e.ended_at is None), default=draft.at)
    draft.put(doc.SagaRecord(begin(plan), name, work.approvals, evidence_at, bound=work.bound))
    if plan.expected_seconds:
        draft.timer("slow", plan.id, draft.after(MUCH_LONGER * plan.expected_seconds))
    deliver(draft, plan.id, messages.Started(draft.at))


def slow(draft: Draft, plan: str) -> None:
    """Add the current step to the story: the steps take much longer than the runbook expects."""
    record = draft.state.sagas.get(plan)
    if (
        record is None
        or record.saga.over
        or record.saga.state in (SagaState.VERIFYING, SagaState.HOLDING, SagaState.SETTLING)
    ):
        raise RefusedError(RefusalKind.LATE, f"plan {plan!r} has done its steps")
    draft.subject = record.incident
    saga = record.saga
    usual = f"{saga.plan.expected_seconds:g} s are expected of {saga.plan.runbook}"
    took = MUCH_LONGER * saga.plan.expected_seconds
    draft.line(
        record.incident,
        "orchestrator",
        f"step {saga.step.id} is {saga.state.value} after {took:g} s; {usual}",
        ref=plan,
    )


def deliver(draft: Draft, plan: str, event: messages.Event) -> None:
    """Advance the saga by one event, execute its commands, and update the incident's state."""
    record = draft.state.sagas.get(plan)
    if record is None:
        raise RefusedError(RefusalKind.UNKNOWN, f"no plan {plan!r} is under way")
    draft.subject = record.incident
    saga, commands = advance(record.saga, event)
    if record.saga.timer and record.saga.timer != saga.timer:
        draft.cancel(record.saga.timer)
    draft.put(replace(record, saga=saga))
    _show(draft, record.incident, saga)
    for command in commands:
        _carry_out(draft, draft.state.sagas[plan], command)


def _show(draft: Draft, name: str, saga: Saga) -> None:
    """Move the incident to the state that matches the saga's."""
    state = draft.state.incidents[name].state
    if state not in BUSY or saga.plan.id != draft.state.incidents[name].plan:
        return
    if saga.direction is StepDirection.UNDO and not saga.over and state is not IncidentState.UNDOING:
        move(draft, name, Trigger.UNDO_BEGUN)
        draft.line(name, "resolution", f"undoes the plan: {saga.why}", ref=saga.plan.id)
    elif saga.state in (SagaState.SETTLING, SagaState.VERIFYING) and state is IncidentState.ACTING:
        move(draft, name, Trigger.SETTLING)


def _carry_out(draft: Draft, record: doc.SagaRecord, command: messages.Command) -> None:
    plan = record.saga.plan
    match command:
        case messages.ReserveBudget():
            _reserve(draft, record, command)
        case messages.AskAuthority():
            _ask_authority(draft, record, command)
        case messages.Begin():
            _begin(draft, record, command)
        case messages.Observe():
            _observe(draft, record, command)
        case messages.AskVerification(since=since):
            ask_fleet(draft, record, since)
        case messages.SetTimer(timer=timer, due=due):
            draft.timer("saga", plan.id, due, id_=timer)
        case messages.ReleaseBudget(key=key):
            draft.done(key)
            draft.effect(effects.Release(f"release/{key}", key, domain=plan.domain))
        case messages.PageOperator(reason=reason, state=lines):
            asks = f"Repair the targets, then `aiops take-over {record.incident}`; to stop all: `aiops halt`."
            reason = Prose(f"Plan {plan.id} stopped: {reason}.")
            escalate(
                draft,
                record.incident,
                Ask(PageReason(EscalationCause.STUCK, plan.id), reason, Prose(asks), tried=lines),
            )
        case messages.Finished() as end:
            _settle_handoffs(draft, record.incident)
            finished(draft, record, end)


def _settle_handoffs(draft: Draft, name: str) -> None:
    """Drop the open handoffs of a plan that has ended."""
    for key in draft.state.owned(name, "handoff"):
        if draft.state.handoffs[key].handoff.intent in (Intent.AUTHORISE, Intent.VERIFY):
            forget_handoff(draft, key)


def _reserve(draft: Draft, record: doc.SagaRecord, command: messages.ReserveBudget) -> None:
    reservation = Reservation(
        key=command.key,
        work_item=record.incident,
        targets=command.targets,
        shares=command.blast.shares,
        epoch=draft.state.leadership.epoch,
        at=draft.at,
        domain=record.saga.plan.domain,
    )
    draft.effect(effects.Reserve(command.key, reservation, domain=reservation.domain))


def _ask_authority(draft: Draft, record: doc.SagaRecord, command: messages.AskAuthority) -> None:
    plan = record.saga.plan.id
    request = StepRequest(
        plan=plan,
        step=command.step,
        action=command.action,
        direction=command.direction,
        blast=command.blast,
        approvals=record.approvals,
        evidence_at=record.evidence_at,
    )
    name = f"{plan}/{command.step}/{command.direction}/authorise/{record.saga.moves}"
    ask(draft, name, Role.OVERSIGHT, intent=Intent.AUTHORISE, payload=request)


def ruled(draft: Draft, request: StepRequest, ruling: Ruling) -> None:
    """Apply oversight's ruling on one step: begin, hold or veto it."""
    record = draft.state.sagas.get(request.plan)
    if record is None:
        raise RefusedError(RefusalKind.UNKNOWN, f"no plan {request.plan!r} is under way")
    draft.subject = record.incident
    why = "; ".join(ruling.reasons) or "no reason given"
    needed = APPROVERS.get(ruling.level, len(record.approvals) + 1)
    if ruling.subject != f"{request.plan}/{request.step}/{request.direction}":
        why, permitted = f"the ruling is about {ruling.subject}", False
    elif draft.state.leadership.halted:
        why, permitted = "halted", False
    else:
        permitted = ruling.permitted and len(record.approvals) >= needed
        gone = _void(draft, record, ruling) if permitted and request.direction is StepDirection.DO else None
        why, permitted = (gone.text, False) if gone is not None else (why, permitted)
    draft.line(record.incident, "oversight", f"{'permits' if permitted else 'forbids'} {ruling.subject}: {why}")
    if permitted:
        deliver(draft, request.plan, messages.Authorised(draft.at, request.step, request.direction))
    elif ruling.hold_until is not None and ruling.hold_until > draft.at:
        deliver(
            draft, request.plan, messages.Held(draft.at, request.step, request.direction, ruling.hold_until, Prose(why))
        )
    else:
        deliver(draft, request.plan, messages.Vetoed(draft.at, request.step, request.direction, Prose(why)))


def _void(draft: Draft, record: doc.SagaRecord, ruling: Ruling) -> Void | None:
    """Why the approvals of the plan no longer count for its next step; None: they count, or none were needed."""
    bound = record.bound
    if bound is None:
        return None
    changed = void_by_ruling(bound, ruling.level, policies=ruling.policies, digest=ruling.digest)
    return changed or void(draft, bound, record.saga.plan, begun=record.saga.begun)


def _begin(draft: Draft, record: doc.SagaRecord, command: messages.Begin) -> None:
    """Create the capability for this run and request the effect; the journal records both in one transaction."""
    leadership, plan = draft.state.leadership, record.saga.plan
    assert not leadership.halted, "a halted saga begins nothing"
    deadline = draft.after(command.timeout_seconds)
    capability = Capability(
        id=f"{command.key}#{command.run}",
        work_item=record.incident,
        key=command.key,
        action=command.action,
        direction=command.direction,
        epoch=leadership.epoch,
        halt_generation=leadership.halt_generation,
        expires_at=min(deadline, draft.after(draft.settings.acting.capability_seconds)),
        domain=plan.domain,
    )
    order = StepOrder(capability, deadline_at=deadline, domain=plan.domain)
    draft.put(doc.OrderRecord(order, plan.id))
    draft.effect(effects.RunStep(capability.id, order, domain=plan.domain))
    action = command.action
    if command.direction is StepDirection.DO:
        admitted(draft, action)
    word = "runs" if command.direction is StepDirection.DO else "undoes by"
    draft.line(record.incident, "orchestrator", f"{word} {action.primitive} {action.target}", ref=capability.id)
    data = {"status": "begun", "plan": plan.id, "step": command.step, "direction": command.direction}
    publish_action(draft, record.incident, command.key, data=data | _ids(capability))


def _ids(capability: Capability) -> dict[str, str]:
    return {"capability": capability.id, "primitive": capability.action.primitive, "target": capability.action.target}


def _observe(draft: Draft, record: doc.SagaRecord, command: messages.Observe) -> None:
    held = draft.state.orders.get(command.key)
    if held is None:
        raise RefusedError(RefusalKind.UNKNOWN, f"no order for {command.key!r} is known")
    capability = held.order.capability
    draft.done(capability.id)
    order = replace(held.order, postcondition=command.postcondition)
    draft.effect(effects.ObserveStep(f"observe/{capability.id}", order, domain=capability.domain))
    what = f"whether {command.postcondition}" if command.postcondition else f"whether {command.key} happened"
    draft.line(record.incident, "orchestrator", f"checks {what}", ref=capability.id)


def fleet_answered(draft: Draft, answer: FleetAnswer) -> None:
    """Readings arrived: resolution judges them."""
    held = draft.state.questions.get(answer.question)
    if held is None:
        raise RefusedError(RefusalKind.LATE, f"no question {answer.question!r} is open")
    draft.done(answer.question)
    draft.remove("question", answer.question)
    record = draft.state.sagas.get(held.plan)
    if record is None or record.saga.over:
        raise RefusedError(RefusalKind.LATE, f"plan {held.plan!r} is over")
    draft.subject = record.incident
    behind = max((answer.at - reading.watermark for reading in answer.readings if reading.watermark), default=0)
    if behind > record.lag:
        most = round(MOST_LAG_SECONDS * SECOND)
        draft.put(replace(record, lag=min(behind + round(LAG_MARGIN_SECONDS * SECOND), most)))
    request = VerifyRequest(record.saga.plan, held.since, answer, held.question.signals)
    ask(draft, f"{answer.question}/judge", Role.RESOLUTION, intent=Intent.VERIFY, payload=request)


def record_check(draft: Draft, found: Verified, ref: str) -> None:
    """Apply resolution's verdict on one check. The story gets a line only when the result differs from the last one."""
    record = draft.state.sagas.get(found.plan)
    if record is None:
        raise RefusedError(RefusalKind.UNKNOWN, f"no plan {found.plan!r} is under way")
    checks, seen = record.checks + 1, doc.CheckResult(found.verdict, found.findings)
    if seen != record.seen:
        which = f" (check {checks})" if checks > 1 else ""
        text = f"verification{which}: {found.verdict.value}: {'; '.join(found.reasons)}"
        draft.line(record.incident, "resolution", text, ref=ref)
    draft.put(replace(record, checks=checks, seen=seen))
    deliver(draft, found.plan, messages.VerificationEnded(draft.at, found.verdict, found.reasons))
