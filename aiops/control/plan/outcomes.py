"""Applies the end of a plan to its incident: the incident is healed, diagnosed again, or handed to a person.

Breakers count every end, so the runtime stops actions that do not heal or that harm.
"""

from __future__ import annotations

from dataclasses import replace

from aiops.agents.paging import Ask
from aiops.agents.view import Attempt
from aiops.control.diagnosis.merging import merge_waiting
from aiops.control.diagnosis.requests import diagnose
from aiops.control.incident.escalation import escalate
from aiops.control.incident.membership import close, move, reopen
from aiops.control.plan.breakers import learn
from aiops.control.state import documents as doc
from aiops.control.state.lifecycle import BUSY, Trigger
from aiops.control.state.transaction import Draft
from aiops.model.incidents import IncidentState
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.pages import EscalationCause, PageReason
from aiops.model.plans import Verdict
from aiops.model.prose import Prose
from remediations.breakers import Result
from remediations.saga_messages import Finished, SagaOutcome


def finished(draft: Draft, record: doc.SagaRecord, end: Finished) -> None:
    """Apply a saga's end to its incident, unless a person or another plan has taken the incident over.

    Breakers count harm whether or not the undo succeeded: a harmed target that could not be restored must not be acted
    on again.
    """
    name, plan = record.incident, record.saga.plan
    outcome, reason = end.outcome, end.reason
    incident = draft.state.incidents[name]
    checks = f" (after {record.checks} checks)" if record.checks > 1 else ""
    draft.line(name, "resolution", f"plan {plan.id} {outcome.value}: {reason}{checks}", ref=plan.id)
    if outcome is SagaOutcome.REVERSED:
        return
    harmed = end.verdict is Verdict.HARMED
    learn(draft, record.saga, _result(outcome, harmed=harmed))
    verdict = _verdict(outcome, harmed=harmed)
    work = draft.state.work[name]
    attempt = Attempt(plan, verdict, draft.at, Prose(f"{outcome.value}: {reason}"))
    draft.put(replace(work, proposed=None, attempts=(*work.attempts, attempt)))
    if incident.state not in BUSY or incident.plan != plan.id:
        return
    match outcome:
        case SagaOutcome.VERIFIED:
            _healed(draft, name)
        case SagaOutcome.UNDONE | SagaOutcome.REFUSED:
            _not_healed(draft, name, reason)
        case SagaOutcome.STUCK:
            escalate(
                draft,
                name,
                Ask(PageReason(EscalationCause.STUCK, plan.id), reason, Prose("Repair the targets by hand.")),
            )


def _result(outcome: SagaOutcome, *, harmed: bool) -> Result:
    if outcome is SagaOutcome.REFUSED:
        return Result.UNCHANGED
    if outcome is SagaOutcome.VERIFIED:
        return Result.HEALED
    return Result.HARMED if harmed else Result.FAILED


def _verdict(outcome: SagaOutcome, *, harmed: bool) -> Verdict | None:
    if outcome is SagaOutcome.REFUSED:
        return None
    if outcome is SagaOutcome.VERIFIED:
        return Verdict.HEALTHY
    return Verdict.HARMED if harmed else Verdict.UNHEALTHY


def _healed(draft: Draft, name: str) -> None:
    if draft.state.incidents[name].state is IncidentState.ACTING:
        move(draft, name, Trigger.SETTLING)
    close(draft, name, Trigger.HEALED, outcome=IncidentOutcome(OutcomeKind.HEALED))


def _not_healed(draft: Draft, name: str, reason: Prose) -> None:
    """The plan is fully undone: diagnose again, or page a person after a halt or the last allowed attempt."""
    incident = draft.state.incidents[name]
    if draft.state.leadership.halted:
        escalate(
            draft,
            name,
            Ask(
                PageReason(EscalationCause.HALTED),
                Prose(f"Halted: {reason}."),
                Prose("Repair by hand. All steps of the plan are undone."),
            ),
        )
    elif incident.attempts >= draft.settings.control.max_attempts:
        because = f"{incident.attempts} plans did not heal it; the last: {reason}."
        escalate(
            draft,
            name,
            Ask(
                PageReason(EscalationCause.ATTEMPTS),
                Prose(because),
                Prose("All steps that began are undone. Please repair it by hand."),
            ),
        )
    else:
        move(draft, name, Trigger.UNDONE)
        merge_waiting(draft, name)
        if name in draft.state.live:
            diagnose(draft, name, Prose("the plan did not heal it"))


def recurred(draft: Draft, name: str, why: Prose) -> None:
    """Reopen an incident whose anomaly recurred; if a plan had healed it, its breakers count the recurrence."""
    incident = draft.state.incidents[name]
    record = draft.state.sagas.get(incident.plan or "")
    if incident.ended_as is OutcomeKind.HEALED and record is not None:
        learn(draft, record.saga, Result.RECURRED)
    reopen(draft, name, why)
