"""Performs the orchestrator's effects: each on the thread or actor that is made for it, answers come back as events.

Nothing here decides. What fails becomes the event that says so: a question nobody answered is an empty answer, a budget
that cannot be reached is a refusal, an agent that is gone is a failed handoff, an executor that is gone an unknown
outcome.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Protocol, assert_never

import structlog

from aiops.adapters.asking import Agents, Asking, Offer
from aiops.control.orchestrator import Orchestrator
from aiops.model.effects import AskFleet, Effect, HandOff, ObserveStep, Publish, Release, Reserve, RunStep, SendPage
from aiops.model.errors import AiopsError
from aiops.model.events import (
    BudgetAnswered,
    FleetAnswered,
    PageReported,
    StepObserved,
    StepReported,
)
from aiops.model.pages import Delivery, Page
from aiops.model.plans import Observed, ReservationAnswer, StepOrder, StepOutcome, StepStatus
from aiops.model.prose import Prose
from aiops.model.telemetry import FleetAnswer
from aiops.ports import BudgetStore, Clock, Fleet, OutRecord, Producer

_LOG = structlog.get_logger(__name__)
_AGAIN_SECONDS = 2.0


class Steps(Protocol):
    """The gate in front of the executors, wherever it runs."""

    def run(self, order: StepOrder) -> Future[StepOutcome]:
        """Carry it out."""
        ...

    def observe(self, order: StepOrder) -> Future[tuple[Observed, str]]:
        """Look whether it happened."""
        ...


class Pager(Protocol):
    """Tells people; durable before it returns, delivered in its own time."""

    def page(self, page: Page, report: Callable[[Delivery], None]) -> None:
        """Spool the page; ``report`` is called when a channel took it or the level gave up."""
        ...


class Outside:
    """What effects need. A plain record of ports."""

    def __init__(  # noqa: PLR0913 - one port an effect
        self,
        *,
        agents: Agents,
        steps: Steps,
        fleet: Fleet,
        budget: BudgetStore,
        limits: Callable[[Iterable[str]], dict[str, float]],
        pager: Pager,
        producer: Producer,
        clock: Clock,
    ) -> None:
        self.agents, self.steps, self.fleet, self.budget, self.limits = agents, steps, fleet, budget, limits
        self.pager, self.producer, self.clock = pager, producer, clock


class ThreadedDispatcher:
    """``Dispatcher`` with threads of their own for agents, fleet, budget and topics: a slow one holds up no other.

    Args:
        outside: the ports.
        offer: puts events into the orchestrator's queue.
        fail_point: called with a name at points where tests kill the process.
    """

    def __init__(self, outside: Outside, offer: Offer, fail_point: Callable[[str], None] = lambda _: None) -> None:
        self._outside, self._offer, self._fail_point = outside, offer, fail_point
        self._asking = Asking(outside.agents, offer, outside.clock)
        self._fleet = ThreadPoolExecutor(4, thread_name_prefix="ask-fleet")
        self._budget = ThreadPoolExecutor(1, thread_name_prefix="budget")
        self._topics = ThreadPoolExecutor(1, thread_name_prefix="publish")
        self._lock = threading.Lock()
        self._performed: list[str] = []

    def performed(self) -> list[str]:
        """Keys of effects without an answering event that happened since the last call."""
        with self._lock:
            done, self._performed = self._performed, []
        return done

    def begin(self, effects: Iterable[Effect], orchestrator: Orchestrator) -> None:
        """Start them all, in order; returns at once."""
        publishing: list[Publish] = []
        for effect in effects:
            if isinstance(effect, Publish):
                publishing.append(effect)
            else:
                self._start(effect, orchestrator)
        if publishing:
            self._topics.submit(self._publish, publishing)

    def _start(self, effect: Effect, orchestrator: Orchestrator) -> None:
        match effect:
            case HandOff():
                self._asking.ask(effect.handoff, orchestrator.view_for(effect.handoff))
            case AskFleet():
                self._fleet.submit(self._ask, effect)
            case Reserve():
                self._budget.submit(self._reserve, effect)
            case Release():
                self._budget.submit(self._release, effect)
            case RunStep():
                self._fail_point("orchestrator.dispatch")
                self._outside.steps.run(effect.order).add_done_callback(partial(self._ran, effect))
            case ObserveStep():
                self._outside.steps.observe(effect.order).add_done_callback(partial(self._observed, effect))
            case SendPage():
                self._outside.pager.page(effect.page, self.paged)
            case Publish():
                self._topics.submit(self._publish, [effect])
            case _:
                assert_never(effect)

    # ---------------------------------------------------------------------------------------------------- steps

    def _ran(self, effect: RunStep, future: Future[StepOutcome]) -> None:
        now, order = self._outside.clock.now(), effect.order
        error = future.exception()
        if error is None:
            outcome = future.result()
        else:
            outcome = StepOutcome(
                order.capability.key,
                StepStatus.UNKNOWN,
                now,
                Prose(f"no word of the executor: {error}"[:500]),
                order.domain,
            )
        event_id = f"outcome/{order.capability.id}"
        self._offer(StepReported(id=event_id, at=now, cause=effect.key, outcome=outcome, domain=order.domain))

    def _observed(self, effect: ObserveStep, future: Future[tuple[Observed, str]]) -> None:
        error, order = future.exception(), effect.order
        observed, detail = (Observed.UNKNOWN, str(error)[:500]) if error is not None else future.result()
        now = self._outside.clock.now()
        self._offer(
            StepObserved(
                id=f"observed/{effect.key}/{now}",
                at=now,
                cause=effect.key,
                key=order.capability.key,
                observed=observed,
                detail=Prose(detail),
                domain=order.domain,
            )
        )

    # --------------------------------------------------------------------------------------- fleet, budget, pages

    def _ask(self, effect: AskFleet) -> None:
        now = self._outside.clock.now()
        try:
            answer = self._outside.fleet.ask(effect.question)
        except AiopsError as error:
            _LOG.warning("fleet_silent", question=effect.question.id, reason=str(error))
            answer = FleetAnswer(effect.question.id, now, (), effect.domain)
        self._offer(
            FleetAnswered(id=f"fleet/{effect.key}", at=now, cause=effect.key, answer=answer, domain=effect.domain)
        )

    def _reserve(self, effect: Reserve) -> None:
        reservation = effect.reservation
        try:
            answer = self._outside.budget.reserve(reservation, self._outside.limits(reservation.shares))
        except AiopsError as error:
            answer = ReservationAnswer(
                reservation.key, granted=False, reason=Prose(f"the budget cannot be reached: {error}")
            )
        now = self._outside.clock.now()
        self._offer(
            BudgetAnswered(id=f"budget/{effect.key}", at=now, cause=effect.key, answer=answer, domain=effect.domain)
        )

    def _release(self, effect: Release) -> None:
        try:
            self._outside.budget.release(effect.reservation)
        except AiopsError as error:
            _LOG.warning("release_waits", key=effect.key, reason=str(error))
            self._later(lambda: self._budget.submit(self._release, effect))
            return
        self._mark(effect.key)

    def paged(self, delivery: Delivery) -> None:
        """A page was delivered, or its level gave up; called from the pager's thread."""
        event_id = f"page/{delivery.key}/{delivery.channel}/{delivery.delivered}"
        self._offer(PageReported(id=event_id, at=delivery.at, delivery=delivery, domain=delivery.domain))

    # --------------------------------------------------------------------------------------------------- topics

    def _publish(self, effects: list[Publish]) -> None:
        try:
            self._outside.producer.send(
                OutRecord(effect.topic, effect.record_key.encode(), json.dumps(effect.event).encode())
                for effect in effects
            )
            self._outside.producer.flush()
        except AiopsError as error:
            _LOG.warning("publish_waits", effects=len(effects), reason=str(error))
            self._later(lambda: self._topics.submit(self._publish, effects))
            return
        self._mark(*(effect.key for effect in effects))

    def _later(self, again: Callable[[], object]) -> None:
        """The same effect with the same key again; after a restart the outbox has it still."""
        timer = threading.Timer(_AGAIN_SECONDS, again)
        timer.daemon = True
        timer.start()

    def _mark(self, *keys: str) -> None:
        with self._lock:
            self._performed.extend(keys)
