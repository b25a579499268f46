"""Performs the orchestrator's effects: which port each one calls, and which event its reply becomes.

Nothing here decides, waits or knows of threads. ``Lanes`` says on which thread a call runs, or at which virtual time
its reply arrives; what fails becomes the event that says so (``aiops.driver.answers``).
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final, Protocol, TypeVar, assert_never

from aiops.agents.view import AgentView
from aiops.control.orchestrator import Orchestrator
from aiops.driver.answers import (
    budget_answered,
    fleet_answered,
    page_reported,
    step_observed,
    step_reported,
    undelivered,
)
from aiops.driver.replies import Failure, Reply, attempted, reply_of
from aiops.model.effects import AskFleet, Effect, HandOff, ObserveStep, Publish, Release, Reserve, RunStep, SendPage
from aiops.model.events import Event
from aiops.model.handoffs import Handoff
from aiops.model.pages import Delivery
from aiops.model.plans import ReservationAnswer
from aiops.model.records import OutRecord
from aiops.ports import BudgetStore, Clock, Fleet, Pager, Producer, Steps
from aiops.settings import Acting

AGAIN_SECONDS: Final = 2.0
"""Pause before a release or a record that failed is tried again."""
T = TypeVar("T")
Answered = TypeVar("Answered", AskFleet, Reserve, RunStep, ObserveStep)


class Lane(StrEnum):
    """Calls of one lane may wait for each other; those of different lanes never do."""

    FLEET = "fleet"
    BUDGET = "budget"
    TOPICS = "topics"


class Lanes(Protocol):
    """When and where calls of ports run."""

    def call(self, lane: Lane, call: Callable[[], T], done: Callable[[Reply[T]], None]) -> None:
        """Make the call in its lane and hand its reply to ``done``; returns at once."""
        ...

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Run ``action`` after a pause."""
        ...


class Offer(Protocol):
    """Puts events into the orchestrator's queue; those of one call are decided together."""

    def __call__(self, *events: Event) -> None:
        """Blocks while the queue is full."""
        ...


class Asker(Protocol):
    """Takes handoffs for agents; each answer, or that it failed, is offered as an event."""

    def ask(self, handoff: Handoff, view: AgentView) -> None:
        """Never blocks."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The ports that effects call."""

    asker: Asker
    steps: Steps
    fleet: Fleet
    budget: BudgetStore
    limits: Callable[[Iterable[str]], dict[str, float]]
    """Share of each account that may be spent."""
    pager: Pager
    producer: Producer
    clock: Clock


def share_limits(acting: Acting) -> Callable[[Iterable[str]], dict[str, float]]:
    """Share of each account that may be spent, as the settings bound it."""
    return lambda accounts: {
        account: acting.budget_value_share if account.split("/")[-1] == "value" else acting.budget_share
        for account in accounts
    }


@dataclass(frozen=True, slots=True)
class Hooks:
    """What others look at while effects are performed."""

    failed: Callable[[Effect, Exception], None] = lambda _effect, _error: None
    """A port failed; its effect is answered as failed, or tried again."""
    fail_point: Callable[[str], None] = lambda _: None
    """Called with a name at points where tests kill the process."""


class EffectDispatcher:
    """Begins effects and offers the events that answer them.

    Args:
        outside: the ports.
        offer: puts events into the orchestrator's queue.
        lanes: where calls run.
        hooks: observers.
    """

    def __init__(self, outside: Outside, offer: Offer, lanes: Lanes, *, hooks: Hooks | None = None) -> None:
        self._outside, self._offer, self._lanes, self._hooks = outside, offer, lanes, hooks or Hooks()
        self._performed: deque[str] = deque()
        """Appended by the lanes' threads, emptied by the orchestrator's: both are atomic."""

    def performed(self) -> list[str]:
        """Keys of effects without an answering event that happened since the last call."""
        return [self._performed.popleft() for _ in range(len(self._performed))]

    def begin(self, effects: Iterable[Effect], orchestrator: Orchestrator) -> None:
        """Begin them all, in order; records for topics go out together. Returns at once and never raises."""
        publishing: list[Publish] = []
        for effect in effects:
            if isinstance(effect, Publish):
                publishing.append(effect)
            else:
                self._begin(effect, orchestrator)
        if publishing:
            self._publish(publishing)

    def paged(self, delivery: Delivery) -> None:
        """A page was delivered, or its level gave up."""
        self._offer(page_reported(delivery))

    def _begin(self, effect: Effect, orchestrator: Orchestrator) -> None:
        outside = self._outside
        match effect:
            case HandOff():
                outside.asker.ask(effect.handoff, orchestrator.view_for(effect.handoff))
            case AskFleet():
                ask = partial(outside.fleet.ask, effect.question)
                self._lanes.call(Lane.FLEET, ask, partial(self._answer, effect, fleet_answered))
            case Reserve():
                reserve = partial(self._reserve, effect)
                self._lanes.call(Lane.BUDGET, reserve, partial(self._answer, effect, budget_answered))
            case Release():
                self._release(effect)
            case RunStep():
                self._hooks.fail_point("orchestrator.dispatch")
                _when_done(partial(outside.steps.run, effect.order), partial(self._answer, effect, step_reported))
            case ObserveStep():
                _when_done(partial(outside.steps.observe, effect.order), partial(self._answer, effect, step_observed))
            case SendPage():
                self._page(effect)
            case Publish():
                self._publish([effect])
            case _:
                assert_never(effect)

    def _answer(self, effect: Answered, event_of: Callable[[Answered, Reply[T], int], Event], reply: Reply[T]) -> None:
        if isinstance(reply, Failure):
            self._hooks.failed(effect, reply.error)
        self._offer(event_of(effect, reply, self._outside.clock.now()))

    def _reserve(self, effect: Reserve) -> ReservationAnswer:
        reservation = effect.reservation
        return self._outside.budget.reserve(reservation, self._outside.limits(reservation.shares))

    def _page(self, effect: SendPage) -> None:
        page = effect.page
        taken = attempted(lambda: self._outside.pager.page(page, self.paged))
        if isinstance(taken, Failure):
            self._hooks.failed(effect, taken.error)
            self.paged(undelivered(page, "pager", taken.error, at=self._outside.clock.now()))

    def _release(self, effect: Release) -> None:
        release = partial(self._outside.budget.release, effect.reservation)
        again = partial(self._release, effect)
        self._lanes.call(Lane.BUDGET, release, partial(self._done, [effect], again))

    def _publish(self, effects: Sequence[Publish]) -> None:
        again = partial(self._publish, effects)
        self._lanes.call(Lane.TOPICS, partial(self._send, effects), partial(self._done, effects, again))

    def _send(self, effects: Sequence[Publish]) -> None:
        producer = self._outside.producer
        producer.send(
            OutRecord(effect.topic, effect.record_key.encode(), json.dumps(effect.event).encode()) for effect in effects
        )
        producer.flush()

    def _done(self, effects: Sequence[Effect], again: Callable[[], None], reply: Reply[None]) -> None:
        """Performed; or else the same effects again, with the same keys. After a restart the outbox has them still."""
        if isinstance(reply, Failure):
            for effect in effects:
                self._hooks.failed(effect, reply.error)
            self._lanes.later(AGAIN_SECONDS, again)
        else:
            self._performed.extend(effect.key for effect in effects)


def _when_done(begin: Callable[[], Future[T]], done: Callable[[Reply[T]], None]) -> None:
    def over(future: Future[T]) -> None:
        reply = reply_of(future)
        done(reply)

    begun = attempted(begin)
    if isinstance(begun, Failure):
        done(begun)
    else:
        begun.add_done_callback(over)
