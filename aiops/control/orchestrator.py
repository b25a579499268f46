"""The only entry point of the control plane's core: an event in, a decision out.

``handle`` reads no clock and performs no input or output. It returns the new documents and timers, and the effects to
perform. The driver (``aiops.driver.leadership``) writes the decision to the journal before it begins an effect. A
refused event becomes a journal entry of kind ``refused`` with its reason; ``handle`` raises no ``Exception``.
"""

from __future__ import annotations

from typing import assert_never

from aiops.agents.view import AgentView
from aiops.control.events import answers, commands, intake, recovery, tickets, timers_fired
from aiops.control.incident import escalation
from aiops.control.plan import authority, reports, saga_driver
from aiops.control.state.invariants import broken
from aiops.control.state.store import ControlState
from aiops.control.state.transaction import Decision, Draft
from aiops.control.state.views import view_of
from aiops.model import events as happened
from aiops.model.errors import AiopsError
from aiops.model.events import Event
from aiops.model.handoffs import Handoff, Intent
from aiops.model.journal import Recovered, TimerRow
from aiops.model.prose import Prose
from aiops.model.refusals import Refusal, RefusalKind, RefusedError, refusal_of
from aiops.settings import Settings


class Orchestrator:
    """The only writer of one domain's journal.

    Args:
        settings: the tree of settings; ``control``, ``acting`` and ``paging`` are used.
        state: the state recovered from the journal; None: an empty state.
    """

    def __init__(self, settings: Settings, state: ControlState | None = None) -> None:
        self.settings = settings
        self.state = state or ControlState(settings.control)
        self.now = 0

    @classmethod
    def load(cls, settings: Settings, recovered: Recovered) -> Orchestrator:
        """An orchestrator with the journal's state; its first event must be ``OrchestratorStarted``."""
        return cls(settings, ControlState.load(recovered, settings.control))

    def handle(self, event: Event) -> Decision:
        """The decision on ``event``; the state in memory includes it when this returns."""
        self.now = max(self.now, event.at)
        draft = Draft(self.state, event, self.settings)
        try:
            _apply(draft, event)
            authority.withdraw(draft, everywhere=isinstance(event, happened.OrchestratorStarted))
            return draft.decide()
        except AiopsError as error:
            return draft.refuse(refusal_of(error))
        except Exception as error:  # noqa: BLE001 (the loop must outlive a fault: nothing of the event stays but its record)
            return draft.refuse(Refusal(RefusalKind.FAULT, Prose(f"{type(error).__name__}: {error}")))

    def view_for(self, handoff: Handoff) -> AgentView:
        """The view of the handoff's work item that its receiver gets, from the present state."""
        others = handoff.intent in {Intent.DIAGNOSE, Intent.READ}
        return view_of(self.state, handoff.work_item, max(self.now, handoff.at), others=others)

    def due(self, at: int) -> list[TimerRow]:
        """Timers due by ``at`` (ns), in the order in which they fire."""
        return sorted((row for row in self.state.timers.values() if row.due <= at), key=lambda row: (row.due, row.id))

    def validate(self) -> list[str]:
        """One sentence for each invariant that does not hold. Any sentence means a bug."""
        return broken(self.state)


def _apply(draft: Draft, event: Event) -> None:  # noqa: C901, PLR0912 (one arm an event)
    if event.domain != draft.settings.domain:
        raise RefusedError(RefusalKind.NOT_PERMITTED, f"it belongs to domain {event.domain!r}")
    match event:
        case happened.EpisodeReported():
            intake.episode_reported(draft, event)
        case happened.ItemReported():
            intake.item_reported(draft, event)
        case happened.EdgesObserved():
            intake.edges_observed(draft, event)
        case happened.ChangeReported():
            intake.change_reported(draft, event)
        case happened.TicketReceived():
            tickets.ticket_received(draft, event)
        case happened.HandoffAnswered():
            answers.answered(draft, event.handoff, event.answers)
        case happened.HandoffFailed():
            answers.failed(draft, event.handoff, event.reason)
        case happened.FleetAnswered():
            saga_driver.fleet_answered(draft, event.answer)
        case happened.BudgetAnswered():
            reports.budget_answered(draft, event.answer)
        case happened.StepReported():
            reports.step_reported(draft, event)
        case happened.StepObserved():
            reports.step_observed(draft, event)
        case happened.PageReported():
            escalation.reported(draft, event)
        case happened.CommandGiven():
            commands.given(draft, event)
        case happened.TimerFired():
            timers_fired.fired(draft, event)
        case happened.OrchestratorStarted():
            recovery.started(draft, event)
        case happened.HaltChanged():
            commands.halt_changed(draft, event)
        case happened.Tick():
            intake.expire(draft)
        case _:
            assert_never(event)
