"""Events: the inputs of the orchestrator. Names are past participles; ``cause`` is the id of what caused the event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from aiops.model.entities import MAIN_DOMAIN, Edge, Item
from aiops.model.episodes import Episode
from aiops.model.handoffs import Handoff
from aiops.model.pages import Delivery
from aiops.model.plans import Observed, ReservationAnswer, StepOutcome
from aiops.model.prose import NOTHING, Prose
from aiops.model.reports import Change, Ticket
from aiops.model.telemetry import FleetAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """The fields of every event."""

    id: str
    """Unique and stable: the same event delivered twice has the same id."""
    at: int
    """When the event reached the control plane, ns; the core has no other clock."""
    cause: str = ""
    domain: str = MAIN_DOMAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeReported(Happened):
    """The data plane or an alert opened, revised or ended an episode."""

    episode: Episode
    type: Literal["episode"] = "episode"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReported(Happened):
    """The CMDB reported an item and all its outgoing edges; edges of their origin that are not listed are removed."""

    item: Item
    edges: tuple[Edge, ...] = ()
    type: Literal["item"] = "item"


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgesObserved(Happened):
    """Spans showed calls between entities."""

    edges: tuple[Edge, ...]
    type: Literal["edges"] = "edges"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeReported(Happened):
    """A deployment, configuration change or other change was reported."""

    change: Change
    type: Literal["change"] = "change"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketReceived(Happened):
    """A user's ticket arrived."""

    ticket: Ticket
    type: Literal["ticket"] = "ticket"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffAnswered(Happened):
    """An agent answered handoff ``handoff`` with further handoffs, perhaps none."""

    handoff: str
    answers: tuple[Handoff, ...]
    type: Literal["answered"] = "answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffFailed(Happened):
    """An agent crashed, missed its deadline or sent an invalid answer."""

    handoff: str
    reason: Prose
    type: Literal["handoff-failed"] = "handoff-failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetAnswered(Happened):
    """The data plane answered a question; readings of shards that did not answer are missing."""

    answer: FleetAnswer
    type: Literal["fleet"] = "fleet"


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetAnswered(Happened):
    """The budget store granted or refused; unreachable counts as refused."""

    answer: ReservationAnswer
    type: Literal["budget"] = "budget"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReported(Happened):
    """An executor reported how an effect ended."""

    outcome: StepOutcome
    type: Literal["step"] = "step"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepObserved(Happened):
    """An effect in doubt was observed."""

    key: str
    observed: Observed
    detail: Prose = NOTHING
    type: Literal["observed"] = "observed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageReported(Happened):
    """A notifier delivered a page or gave up."""

    delivery: Delivery
    type: Literal["page"] = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandGiven(Happened):
    """A person's command through the inbox: approve, reject, acknowledge, halt, resume."""

    command: str
    subject: str
    """Incident or plan id; empty for commands on everything."""
    who: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    type: Literal["command"] = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired(Happened):
    """A timer is due; each fires once."""

    timer: str
    name: str
    subject: str
    type: Literal["timer"] = "timer"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestratorStarted(Happened):
    """A new epoch began: steps that were begun are in doubt, pending questions are sent again."""

    epoch: int
    halt_generation: int
    halted: bool
    type: Literal["started"] = "started"


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltChanged(Happened):
    """The halt row was read and has changed."""

    generation: int
    halted: bool
    who: str
    type: Literal["halt"] = "halt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick(Happened):
    """Time passed; drives the expiry of observed edges."""

    type: Literal["tick"] = "tick"


Event = (
    EpisodeReported
    | ItemReported
    | EdgesObserved
    | ChangeReported
    | TicketReceived
    | HandoffAnswered
    | HandoffFailed
    | FleetAnswered
    | BudgetAnswered
    | StepReported
    | StepObserved
    | PageReported
    | CommandGiven
    | TimerFired
    | OrchestratorStarted
    | HaltChanged
    | Tick
)
