"""The one door of the control plane: an event in, a decision out.

``handle`` reads no clock and does nothing to the world: it returns what becomes true (documents, timers) and what is
asked for (effects). Whoever runs it writes the decision to the journal and only then lets effects happen. An event
that may not have an effect becomes a ``refused`` entry with its reason; nothing escapes.
"""

from __future__ import annotations

from typing import assert_never

from aiops.agents.view import AgentView
from aiops.control.events import answers, commands, intake, recovery, tickets, timers_fired
from aiops.control.incident import escalation
from aiops.control.plan import reports, saga_driver
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
        settings: all of them; ``control``, ``acting`` and ``paging`` decide.
        state: what a restart found; None: a fresh estate.
    """

    def __init__(self, settings: Settings, state: ControlState | None = None) -> None:
        self.settings = settings
        self.state = state or ControlState(settings.control)
        self.now = 0

    @classmethod
    def load(cls, settings: Settings, recovered: Recovered) -> Orchestrator:
        """Go on from what the journal holds; the first event must be ``OrchestratorStarted``."""
        return cls(settings, ControlState.load(recovered, settings.control))

    def handle(self, event: Event) -> Decision:
        """What ``event`` leads to; the state shows it at once."""
        self.now = max(self.now, event.at)
        draft = Draft(self.state, event, self.settings)
        try:
            _apply(draft, event)
            return draft.decide()
        except AiopsError as error:
            return draft.refuse(refusal_of(error))
        except Exception as error:  # noqa: BLE001 (the loop must outlive a fault: nothing of the event stays but its record)
            return draft.refuse(Refusal(RefusalKind.FAULT, Prose(f"{type(error).__name__}: {error}")))

    def view_for(self, handoff: Handoff) -> AgentView:
        """What the handoff's receiver is shown, now."""
        others = handoff.intent in {Intent.DIAGNOSE, Intent.READ}
        return view_of(self.state, handoff.work_item, max(self.now, handoff.at), others=others)

    def due(self, at: int) -> list[TimerRow]:
        """Timers whose time has come, in the order in which they fire."""
        return sorted((row for row in self.state.timers.values() if row.due <= at), key=lambda row: (row.due, row.id))

    def validate(self) -> list[str]:
        """Invariants that do not hold; empty, or there is a bug."""
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
