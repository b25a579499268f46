"""Builds the event that answers an effect from the port's reply. An error becomes the answer that is safe to act on.

An unreachable budget counts as a refusal. An unreachable fleet gives no readings. A lost executor leaves its effect in
doubt. An exception of an agent is a failure of its handoff. ``at``: when the reply arrived, ns.
"""

from __future__ import annotations

from typing import Final

from aiops.driver.replies import Failure, Reply
from aiops.model.effects import AskFleet, ObserveStep, Reserve, RunStep
from aiops.model.events import (
    BudgetAnswered,
    FleetAnswered,
    HandoffAnswered,
    HandoffFailed,
    PageReported,
    StepObserved,
    StepReported,
)
from aiops.model.handoffs import Handoff
from aiops.model.pages import Delivery, Page
from aiops.model.plans import Observed, ReservationAnswer, StepOutcome, StepStatus
from aiops.model.prose import Prose
from aiops.model.telemetry import FleetAnswer

_DETAIL_CHARS: Final = 500
"""Most characters of an error's text that a record keeps."""


def handoff_answered(handoff: Handoff, answers: tuple[Handoff, ...], at: int) -> HandoffAnswered:
    """The agent answered."""
    return HandoffAnswered(
        id=f"answer/{handoff.id}",
        at=at,
        cause=handoff.id,
        handoff=handoff.id,
        answers=answers,
        domain=handoff.domain,
    )


def handoff_failed(handoff: Handoff, reason: str, at: int) -> HandoffFailed:
    """The agent raised, died or sent an invalid answer."""
    return HandoffFailed(
        id=f"failed/{handoff.id}/{at}",
        at=at,
        cause=handoff.id,
        handoff=handoff.id,
        reason=Prose(reason),
        domain=handoff.domain,
    )


def fleet_answered(effect: AskFleet, reply: Reply[FleetAnswer], at: int) -> FleetAnswered:
    """The fleet's readings; none if the fleet could not be reached."""
    answer = FleetAnswer(effect.question.id, at, (), effect.domain) if isinstance(reply, Failure) else reply
    return FleetAnswered(id=f"fleet/{effect.key}", at=at, cause=effect.key, answer=answer, domain=effect.domain)


def budget_answered(effect: Reserve, reply: Reply[ReservationAnswer], at: int) -> BudgetAnswered:
    """Granted or refused; refused if the budget could not be reached."""
    if isinstance(reply, Failure):
        reason = f"the budget cannot be reached: {_text(reply.error)}"
        reply = ReservationAnswer(effect.reservation.key, granted=False, reason=Prose(reason))
    return BudgetAnswered(id=f"budget/{effect.key}", at=at, cause=effect.key, answer=reply, domain=effect.domain)


def step_reported(effect: RunStep, reply: Reply[StepOutcome], at: int) -> StepReported:
    """How the effect ended; ``UNKNOWN`` if its executor did not reply."""
    order = effect.order
    if isinstance(reply, Failure):
        detail = f"no reply from the executor: {_text(reply.error)}"[:_DETAIL_CHARS]
        reply = StepOutcome(order.capability.key, StepStatus.UNKNOWN, at, Prose(detail), order.domain)
    event_id = f"outcome/{order.capability.id}"
    return StepReported(id=event_id, at=at, cause=effect.key, outcome=reply, domain=order.domain)


def step_observed(effect: ObserveStep, reply: Reply[tuple[Observed, str]], at: int) -> StepObserved:
    """Whether the effect happened; unknown if it could not be observed."""
    order = effect.order
    observed, detail = (Observed.UNKNOWN, _text(reply.error)) if isinstance(reply, Failure) else reply
    return StepObserved(
        id=f"observed/{effect.key}/{at}",
        at=at,
        cause=effect.key,
        key=order.capability.key,
        observed=observed,
        detail=Prose(detail),
        domain=order.domain,
    )


def page_reported(delivery: Delivery) -> PageReported:
    """A channel delivered the page, or delivery on the page's level failed."""
    event_id = f"page/{delivery.key}/{delivery.channel}/{delivery.delivered}"
    return PageReported(id=event_id, at=delivery.at, delivery=delivery, domain=delivery.domain)


def undelivered(page: Page, channel: str, error: Exception, *, at: int) -> Delivery:
    """The report of a failed delivery, after which the next level is paged."""
    return Delivery(page.key, channel, delivered=False, at=at, error=Prose(_text(error)), domain=page.domain)


def _text(error: Exception) -> str:
    return (str(error) or repr(error))[:_DETAIL_CHARS]
