"""After a restart: the pending effects to begin again, and the decision with which a new epoch begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aiops.control.handoff import sending
from aiops.control.plan import saga_driver
from aiops.control.state.transaction import Draft
from aiops.model.effects import AskFleet, Effect, HandOff, ObserveStep, Publish, Release, Reserve, RunStep, SendPage
from aiops.model.events import OrchestratorStarted
from remediations import saga_messages as messages


def resume_effects(pending: Iterable[Effect], epoch: int) -> tuple[Effect, ...]:
    """Effects of the outbox that may be begun again under the new epoch, in their order.

    Steps are left out: a begun step is in doubt, and its saga observes it first. All other effects are safe to repeat:
    agents, fleet and budget answer the same question again, and the receivers of releases, records and pages recognise
    a repeated key.
    """
    again: list[Effect] = []
    for effect in pending:
        match effect:
            case RunStep():
                continue
            case Reserve(reservation=reservation):
                again.append(replace(effect, reservation=replace(reservation, epoch=epoch)))
            case HandOff() | AskFleet() | Release() | ObserveStep() | SendPage() | Publish():
                again.append(effect)
    return tuple(again)


def started(draft: Draft, event: OrchestratorStarted) -> None:
    """Begin a new epoch: begun steps are in doubt, deadlines start again, and the halt state is taken over."""
    leadership = draft.state.leadership
    was_halted = leadership.halted
    generation = max(event.halt_generation, leadership.halt_generation)
    draft.put(replace(leadership, epoch=event.epoch, halt_generation=generation, halted=event.halted))
    for plan, record in list(draft.state.sagas.items()):
        if record.saga.over:
            continue
        draft.attempt(lambda plan=plan: saga_driver.deliver(draft, plan, messages.Restarted(draft.at)), plan)  # type: ignore[misc]
        if event.halted and not was_halted:
            draft.attempt(lambda plan=plan: saga_driver.deliver(draft, plan, messages.Halted(draft.at)), plan)  # type: ignore[misc]
        elif was_halted and not event.halted:
            draft.attempt(lambda plan=plan: saga_driver.deliver(draft, plan, messages.Resumed(draft.at)), plan)  # type: ignore[misc]
    sending.restarted(draft)
    draft.subject = ""
