"""Timers that fired: the timer's name selects the function that handles it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from aiops.agents.paging import Ask
from aiops.control.diagnosis.merging import merge_later
from aiops.control.diagnosis.requests import diagnose
from aiops.control.events import answers, tickets
from aiops.control.handoff import sending
from aiops.control.incident import escalation
from aiops.control.incident.membership import REVIEW_SECONDS, all_normal, archive, close, drop_chain, move, recovering
from aiops.control.incident.unfinished_plans import unfinished
from aiops.control.plan import proposals, saga_driver
from aiops.control.plan.outcomes import recurred
from aiops.control.state.lifecycle import LAST, Trigger
from aiops.control.state.transaction import Draft
from aiops.model.durations import SECOND
from aiops.model.events import TimerFired
from aiops.model.incidents import IncidentState
from aiops.model.outcomes import IncidentOutcome, OutcomeKind
from aiops.model.pages import EscalationCause, PageReason
from aiops.model.prose import Prose
from aiops.model.refusals import RefusalKind, RefusedError
from remediations import saga_messages as messages

LEFT: Final = frozenset({OutcomeKind.CLOSED_BY_PERSON, OutcomeKind.LEFT_WITH_PERSON})
"""Outcomes after which a person is responsible for members that are still abnormal."""


def fired(draft: Draft, event: TimerFired) -> None:
    """Handle a timer; one that was moved, cancelled or has fired already is refused.

    A timer whose name is unknown, because a newer version set it, is dropped. A refusal would leave its row in the
    journal.
    """
    row = draft.state.timers.get(event.timer)
    if row is None:
        raise RefusedError(RefusalKind.LATE, f"timer {event.timer!r} is not set")
    if row.due > event.at:
        raise RefusedError(RefusalKind.NOT_PERMITTED, f"timer {event.timer!r} is due later")
    draft.cancel(event.timer)
    handle = NAMES.get(row.name)
    if handle is None:
        draft.note(dropped=row.id, because=f"no timer of the name {row.name!r} is known")
        return
    draft.attempt(lambda: handle(draft, row.subject, row.id), row.id)


def _deadline(draft: Draft, name: str, _: str) -> None:
    """The timeout of the incident's state has passed."""
    incident = draft.state.incidents[name]
    draft.subject = name
    match incident.state:
        case IncidentState.HELD | IncidentState.SUPPRESSED:
            move(draft, name, Trigger.DEADLINE)
            draft.line(name, "orchestrator", "diagnoses again")
            diagnose(draft, name, Prose("the timeout has passed"))
        case IncidentState.ESCALATED:
            _left_alone(draft, name)
        case IncidentState.AWAITING_APPROVAL if incident.shadow:
            _shadowed(draft, name)
        case IncidentState.AWAITING_APPROVAL:
            because = f"Nobody approved or rejected {incident.plan} in time."
            asks = proposals.TAKE_OVER.format(name)
            escalation.escalate(
                draft,
                name,
                Ask(PageReason(EscalationCause.NOT_APPROVED), Prose(because), Prose(asks)),
                trigger=Trigger.DEADLINE,
            )
        case _:
            because = f"It has been {incident.state.value} for too long."
            asks = proposals.TAKE_OVER.format(name)
            drop_chain(draft, name)
            escalation.escalate(
                draft,
                name,
                Ask(PageReason(EscalationCause.TOO_LONG), Prose(because), Prose(asks)),
                trigger=Trigger.DEADLINE,
            )


def _shadowed(draft: Draft, name: str) -> None:
    """An incident in shadow mode pages no one: it is closed a day after it was opened."""
    incident = draft.state.incidents[name]
    if draft.at < incident.opened_at + round(REVIEW_SECONDS * SECOND):
        draft.timer("deadline", name, draft.after(draft.settings.control.approval_seconds))
    else:
        close(draft, name, Trigger.CLEARED, outcome=incident.outcome or IncidentOutcome(OutcomeKind.SHADOW))


def _left_alone(draft: Draft, name: str) -> None:
    """An escalated incident: close it if it is the runtime's own; else remind its person once, then close it."""
    incident = draft.state.incidents[name]
    if draft.state.work[name].topic:
        close(draft, name, Trigger.DEADLINE, outcome=IncidentOutcome(OutcomeKind.NOT_HEARD_AGAIN))
        return
    reminded = any(reason.cause is EscalationCause.REMINDER for reason in draft.state.work[name].paged)
    if reminded:
        close(draft, name, Trigger.DEADLINE, outcome=IncidentOutcome(OutcomeKind.LEFT_WITH_PERSON))
        return
    ask = Ask(
        PageReason(EscalationCause.REMINDER),
        Prose(f"{incident.id} is still open a day after it was handed over."),
        Prose("Please close it."),
    )
    escalation.page_people(draft, name, ask)
    draft.timer("deadline", name, draft.after(24 * 3600.0))


def _settled(draft: Draft, name: str, _: str) -> None:
    """The settle time has passed: reopen the incident if members are still abnormal, else archive it."""
    incident = draft.state.incidents[name]
    draft.subject = name
    if incident.state not in LAST:
        raise RefusedError(RefusalKind.LATE, f"{name} is open again")
    held = bool(unfinished(draft.state, name))
    abnormal = not all_normal(draft.state, name)
    left = incident.shadow or incident.ended_as in LEFT
    if abnormal and not left and not recovering(draft.state, name):
        recurred(draft, name, Prose("members are still abnormal"))
        diagnose(draft, name, Prose("still abnormal"))
    elif held or abnormal:
        draft.timer("settle", name, draft.after(draft.settings.control.settle_seconds))
    else:
        archive(draft, name)


def _ask(draft: Draft, name: str, _: str) -> None:
    diagnose(draft, name, Prose("more is known"))


def _handoff(draft: Draft, name: str, _: str) -> None:
    answers.failed(draft, name, Prose("no answer before the deadline"), late=True)


def _merge(draft: Draft, pair: str, _: str) -> None:
    merge_later(draft, pair)


def _retry(draft: Draft, name: str, _: str) -> None:
    sending.retry(draft, name)


def _ack(draft: Draft, key: str, _: str) -> None:
    escalation.not_acknowledged(draft, key)


def _resend(draft: Draft, key: str, _: str) -> None:
    escalation.resend(draft, key)


def _saga(draft: Draft, plan: str, timer: str) -> None:
    saga_driver.deliver(draft, plan, messages.SagaTimerFired(draft.at, timer))


def _slow(draft: Draft, plan: str, _: str) -> None:
    saga_driver.slow(draft, plan)


def _repair(draft: Draft, name: str, _: str) -> None:
    escalation.overdue(draft, name)


def _forget_change(draft: Draft, name: str, _: str) -> None:
    draft.remove("change", name, archive=True)


def _forget_ticket(draft: Draft, name: str, _: str) -> None:
    draft.remove("ticket", name, archive=True)


def _tickets_quiet(draft: Draft, name: str, _: str) -> None:
    tickets.quiet(draft, name)


NAMES: Final[dict[str, Callable[[Draft, str, str], None]]] = {
    "deadline": _deadline,
    "settle": _settled,
    "ask": _ask,
    "handoff": _handoff,
    "merge": _merge,
    "retry": _retry,
    "ack": _ack,
    "resend": _resend,
    "saga": _saga,
    "slow": _slow,
    "repair": _repair,
    "forget-change": _forget_change,
    "forget-ticket": _forget_ticket,
    "tickets-quiet": _tickets_quiet,
}
