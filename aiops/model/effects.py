"""Effects: actions that the orchestrator requests. None begins before its journal entry is durable.

``key`` is the idempotency key of the effect and its identity in the journal's outbox. An effect stays pending until
the event that answers it is journalled (see ``Transaction.effects_done``); after a restart the pending ones are sent
again, except steps, which are in doubt and observed first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from aiops.model.entities import MAIN_DOMAIN
from aiops.model.handoffs import Handoff
from aiops.model.pages import Page
from aiops.model.plans import Reservation, StepOrder
from aiops.model.telemetry import FleetQuestion


@dataclass(frozen=True, slots=True)
class HandOff:
    """Give a handoff to its agent; answered by ``HandoffAnswered`` or ``HandoffFailed``."""

    key: str
    handoff: Handoff
    type: Literal["handoff"] = "handoff"
    domain: str = MAIN_DOMAIN


@dataclass(frozen=True, slots=True)
class AskFleet:
    """Send a question to all shards; answered by ``FleetAnswered``."""

    key: str
    question: FleetQuestion
    type: Literal["ask"] = "ask"
    domain: str = MAIN_DOMAIN


@dataclass(frozen=True, slots=True)
class Reserve:
    """Spend budget and lock targets; answered by ``BudgetAnswered``."""

    key: str
    reservation: Reservation
    type: Literal["reserve"] = "reserve"
    domain: str = MAIN_DOMAIN


@dataclass(frozen=True, slots=True)
class Release:
    """Give a reservation back; a repeat does nothing. No event answers it: it is done when performed."""

    key: str
    reservation: str
    type: Literal["release"] = "release"
    domain: str = MAIN_DOMAIN


@dataclass(frozen=True, slots=True)
class RunStep:
    """Run a step; answered by ``StepReported``. It runs at most once per capability."""

    key: str
    order: StepOrder
    type: Literal["run"] = "run"
    domain: str = MAIN_DOMAIN


@dataclass(frozen=True, slots=True)
class ObserveStep:
    """Observe whether a step in doubt happened; answered by ``StepObserved``."""

    key: str
    order: StepOrder
    type: Literal["observe"] = "observe"
    domain: str = MAIN_DOMAIN


@dataclass(frozen=True, slots=True)
class SendPage:
    """Page a person; answered by ``PageReported``. The page is sent at least once, always with the same key."""

    key: str
    page: Page
    type: Literal["page"] = "page"
    domain: str = MAIN_DOMAIN


@dataclass(frozen=True, slots=True)
class Publish:
    """Write one CloudEvent to an outgoing topic. It is done when the broker has acknowledged it."""

    key: str
    topic: str
    record_key: str
    event: dict[str, Any]
    type: Literal["publish"] = "publish"
    domain: str = MAIN_DOMAIN


Effect = HandOff | AskFleet | Reserve | Release | RunStep | ObserveStep | SendPage | Publish
