"""Handles reports of the budget and of executors. Each report counts once; an unexpected report is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from aiops.control.incident.published_events import publish_action
from aiops.control.plan import saga_driver
from aiops.control.state import documents as doc
from aiops.control.state.transaction import Draft
from aiops.model.effects import Release
from aiops.model.events import StepObserved, StepReported
from aiops.model.plans import ReservationAnswer, StepStatus
from aiops.model.refusals import OldNewsError, RefusalKind, RefusedError
from remediations import saga_messages as messages

OUTCOME: Final = "outcome/"
"""Prefix of a report's id; the id of the capability that was used follows."""


def budget_answered(draft: Draft, answer: ReservationAnswer) -> None:
    """Handle the budget's answer; a grant that is no longer needed is released."""
    draft.done(answer.key)
    plan = draft.state.reserved_by.get(answer.key)
    reported = plan is not None and draft.attempt(lambda: _deliver_budget(draft, plan, answer), answer.key)
    if not reported and answer.granted and answer.key not in draft.state.reserved_by:
        draft.effect(Release(f"release/{answer.key}", answer.key, domain=draft.settings.domain))


def _deliver_budget(draft: Draft, plan: str, answer: ReservationAnswer) -> None:
    if answer.granted:
        saga_driver.deliver(draft, plan, messages.Reserved(draft.at, answer.key))
    else:
        draft.line(draft.state.sagas[plan].incident, "budget", f"refuses: {answer.reason}", ref=answer.key)
        saga_driver.deliver(draft, plan, messages.BudgetRefused(draft.at, answer.key, answer.reason))


def _order(draft: Draft, key: str) -> doc.OrderRecord:
    held = draft.state.orders.get(key)
    if held is None or held.plan not in draft.state.sagas:
        raise RefusedError(RefusalKind.UNKNOWN, f"no effect {key!r} was ordered")
    draft.subject = draft.state.sagas[held.plan].incident
    return held


def step_reported(draft: Draft, event: StepReported) -> None:
    """Handle an executor's report; each effect is counted once.

    A late report on an earlier run counts only if that run's effect happened. Without an effect, the report has no
    information about the run under way.
    """
    outcome = event.outcome
    held = _order(draft, outcome.key)
    if held.reported:
        raise RefusedError(RefusalKind.LATE, f"{outcome.key} was reported already")
    capability = held.order.capability
    run = event.id.removeprefix(OUTCOME)
    if run not in {event.id, capability.id} and outcome.status is not StepStatus.DONE:
        raise OldNewsError(f"{run} is an earlier run of {outcome.key}")
    draft.done(capability.id)
    draft.put(replace(held, reported=outcome.status is not StepStatus.UNKNOWN))
    name = draft.subject
    what = f"{capability.action.primitive} {capability.action.target}: {outcome.status.value}"
    draft.line(name, "executor", f"{what} {outcome.detail[:300]}".rstrip(), ref=capability.id)
    publish_action(draft, name, outcome.key, data={"status": outcome.status.value, "plan": held.plan})
    draft.attempt(lambda: saga_driver.deliver(draft, held.plan, messages.Reported(draft.at, outcome)), outcome.key)


def step_observed(draft: Draft, event: StepObserved) -> None:
    """Handle the observation of an effect in doubt."""
    held = _order(draft, event.key)
    draft.done(f"observe/{held.order.capability.id}")
    detail = f": {event.detail[:300]}" if event.detail else ""
    draft.line(draft.subject, "executor", f"{event.key} is {event.observed.value}{detail}")
    seen = messages.EffectObserved(draft.at, event.key, event.observed, event.detail)
    draft.attempt(lambda: saga_driver.deliver(draft, held.plan, seen), event.key)
