"""Commands of people: approve, reject, acknowledge, take over, suppress, close; halt and resume."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from aiops.control.incident.escalation import acknowledge
from aiops.control.incident.membership import close, move
from aiops.control.incident.unfinished_plans import half_way
from aiops.control.plan import saga_driver
from aiops.control.plan.approvals import given as given_now
from aiops.control.plan.approvals import void, void_waiting
from aiops.control.plan.breakers import reset
from aiops.control.state.lifecycle import Trigger
from aiops.control.state.transaction import Draft
from aiops.model.events import CommandGiven, HaltChanged
from aiops.model.incidents import Incident, IncidentState
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind, RefusedError
from remediations import saga_messages as messages

LONGEST_SUPPRESSION_MINUTES: Final = 7 * 24 * 60.0
LONGEST_VERSION: Final = 18
"""Most digits of a context version in a command; ``int`` raises on thousands of digits."""


def given(draft: Draft, event: CommandGiven) -> None:
    """Apply one command of one person."""
    if not event.who.strip():
        raise RefusedError(RefusalKind.MALFORMED, "a command needs the name of who gives it")
    command = COMMANDS.get(event.command)
    if command is None:
        raise RefusedError(RefusalKind.UNKNOWN, f"unknown command {event.command!r}; known: {', '.join(COMMANDS)}")
    command(draft, event)


def _incident(draft: Draft, event: CommandGiven) -> Incident:
    """The incident that the command names by its id, its plan's id or a page's key."""
    incidents = draft.state.incidents
    page = draft.state.pages.get(event.subject)
    name = page.page.work_item if page else event.subject
    found = incidents.get(name) or next((i for i in incidents.values() if i.plan and i.plan == event.subject), None)
    if found is None:
        raise RefusedError(RefusalKind.UNKNOWN, f"no open incident or plan {event.subject!r}")
    draft.subject = found.id
    return found


def _approve(draft: Draft, event: CommandGiven) -> None:
    """Count an approval: once per person, and only for the plan that waits now."""
    incident = _incident(draft, event)
    work = draft.state.work[incident.id]
    plan = work.proposed
    if incident.shadow:
        raise RefusedError(RefusalKind.NOT_PERMITTED, f"{incident.id} was decided in shadow mode: nothing is begun")
    if incident.state is not IncidentState.AWAITING_APPROVAL or plan is None:
        raise RefusedError(RefusalKind.LATE, f"{incident.id} does not wait for approval: it is {incident.state.value}")
    if event.arguments.get("plan", plan.id) != plan.id:
        raise RefusedError(RefusalKind.LATE, f"the plan that waits is {plan.id}")
    version = event.arguments.get("version", str(work.basis))
    known = version.isdecimal() and len(version) <= LONGEST_VERSION
    if not (known and work.basis <= int(version) <= incident.context_version):
        raise RefusedError(
            RefusalKind.LATE, f"the plan rests on version {work.basis} of what is known, not on {version[:20]}"
        )
    who = " ".join(event.who.split())
    if who.casefold() in {name.casefold() for name in work.approvals}:
        raise RefusedError(RefusalKind.NOT_PERMITTED, f"{who} approved it already; another person must")
    work = given_now(draft, work, who)
    draft.put(work)
    draft.line(incident.id, event.who, f"approves {plan.id}")
    why = void(draft, work.bound, plan) if work.bound else None
    if why is not None:
        void_waiting(draft, incident.id, why)
    elif len(work.approvals) >= saga_driver.APPROVERS[incident.level]:
        saga_driver.start(draft, incident.id, plan)


def _reject(draft: Draft, event: CommandGiven) -> None:
    incident = _incident(draft, event)
    if incident.state not in {IncidentState.AWAITING_APPROVAL, IncidentState.HELD}:
        raise RefusedError(
            RefusalKind.LATE, f"{incident.id} does not wait for a decision: it is {incident.state.value}"
        )
    move(draft, incident.id, Trigger.STUCK, outcome=IncidentOutcome(OutcomeKind.REJECTED, Prose(event.who)))
    draft.put(replace(draft.state.work[incident.id], proposed=None, approvals=(), bound=None))
    draft.line(incident.id, event.who, f"rejects {incident.plan}: {event.arguments.get('reason', 'no reason given')}")


def _acknowledge(draft: Draft, event: CommandGiven) -> None:
    acknowledge(draft, _incident(draft, event).id, event.who)


def _take_over(draft: Draft, event: CommandGiven) -> None:
    """A person confirms that a stuck plan's targets are in order: its locks and budget are released."""
    incident = _incident(draft, event)
    stuck = half_way(draft.state, incident.id)
    if not stuck:
        raise RefusedError(RefusalKind.LATE, f"no plan of {incident.id} is stuck")
    for plan in stuck:
        saga_driver.deliver(draft, plan, messages.TakenOver(draft.at, event.who))
        draft.line(incident.id, event.who, f"took over {plan}")


def _close(draft: Draft, event: CommandGiven) -> None:
    incident = _incident(draft, event)
    outcome = IncidentOutcome(OutcomeKind.CLOSED_BY_PERSON, Prose(event.who))
    close(draft, incident.id, Trigger.CLOSED_BY_PERSON, outcome=outcome)


def _suppress(draft: Draft, event: CommandGiven) -> None:
    incident = _incident(draft, event)
    try:
        minutes = float(event.arguments.get("minutes", "60"))
    except ValueError:
        minutes = 0.0
    if not 0 < minutes <= LONGEST_SUPPRESSION_MINUTES:
        raise RefusedError(RefusalKind.MALFORMED, "minutes must be a number above 0, at most a week")
    move(draft, incident.id, Trigger.SUPPRESSED, due=draft.after(minutes * 60))
    draft.line(incident.id, event.who, f"suppresses it for {minutes:g} minutes")


def _reset_breaker(draft: Draft, event: CommandGiven) -> None:
    reset(draft, event.subject, who=event.who, reason=event.arguments.get("reason", ""))


def _noted(draft: Draft, event: CommandGiven) -> None:
    """Record who gave a halt or resume; the change of the halt row itself arrives as ``HaltChanged``."""
    draft.note(asked=event.command, who=event.who)


def halt_changed(draft: Draft, event: HaltChanged) -> None:
    """Stop every plan at its next safe point, or let the plans that did not stop continue."""
    leadership = draft.state.leadership
    if event.generation < leadership.halt_generation:
        raise RefusedError(
            RefusalKind.LATE, f"generation {event.generation} is older than {leadership.halt_generation}"
        )
    draft.put(replace(leadership, halt_generation=event.generation, halted=event.halted, halted_by=event.who))
    if event.halted == leadership.halted:
        return
    word: messages.Event = messages.Halted(draft.at, event.who) if event.halted else messages.Resumed(draft.at)
    for plan, record in list(draft.state.sagas.items()):
        if record.saga.over or not (event.halted or record.saga.halted):
            continue
        # a plan that refuses this event must not prevent the others from getting it
        if draft.attempt(lambda plan=plan: saga_driver.deliver(draft, plan, word), plan):  # type: ignore[misc]
            draft.line(record.incident, event.who or "orchestrator", "halted" if event.halted else "resumed")
    draft.subject = ""


COMMANDS: Final[dict[str, Callable[[Draft, CommandGiven], None]]] = {
    "approve": _approve,
    "reject": _reject,
    "acknowledge": _acknowledge,
    "take-over": _take_over,
    "close": _close,
    "suppress": _suppress,
    "reset-breaker": _reset_breaker,
    "halt": _noted,
    "resume": _noted,
}
