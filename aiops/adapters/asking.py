"""Asks the agents, from one thread that owns every question: what waits for one agent goes to it together.

A call costs more than most answers, so at most two are under way with an agent and the next takes all that waits. When
an answer comes, the reviews that the orchestrator will ask for are asked at once, and both are told together: then one
transaction decides both. Oversight that does not rule soon costs nothing but that: the answer is told alone.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from queue import Empty, SimpleQueue
from typing import Protocol

import structlog

from aiops.agents.view import View
from aiops.control.handoff.reviews import reviews
from aiops.model.events import Event, HandoffAnswered, HandoffFailed
from aiops.model.handoffs import Handoff, Role
from aiops.model.prose import Prose
from aiops.ports import Clock

_LOG = structlog.get_logger(__name__)
_UNDER_WAY = 2
"""Calls to one agent at a time: it works on one while the other is on its way."""
_BATCH = 32
_HOLD_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Question:
    """A handoff with what its receiver is shown."""

    handoff: Handoff
    view: View
    holder: str = ""
    """Of a review that nobody has asked for yet: the handoff whose answer is held until oversight rules on it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An agent failed at one handoff."""

    reason: str


Answer = tuple[Handoff, ...] | Failed


class Agents(Protocol):
    """The agents, wherever they run."""

    def ask(self, role: Role, questions: Sequence[Question]) -> Future[Sequence[Answer]]:
        """Give the handoffs to the agent, in order: an answer to each, or one error for all."""
        ...


class Offer(Protocol):
    """Puts events into the orchestrator's queue; those of one call are decided together."""

    def __call__(self, *events: Event) -> None:
        """Blocks while the queue is full."""
        ...


@dataclass(slots=True)
class _Held:
    """An answer that waits for oversight's word on it."""

    told: list[Event]
    until: float
    missing: set[str]


@dataclass(slots=True)
class _Line:
    """What waits for one agent."""

    waiting: deque[Question] = field(default_factory=deque)
    under_way: int = 0


_Reply = tuple[Role, Sequence[Question], "Future[Sequence[Answer]]"]


class Asking:
    """The asking thread. ``ask`` may be called from any thread and never blocks.

    Args:
        agents: who is asked.
        offer: where answers go.
        clock: what time an answer came.
        hold_seconds: how long an answer waits for oversight's word on it before it is told alone.
    """

    def __init__(self, agents: Agents, offer: Offer, clock: Clock, *, hold_seconds: float = _HOLD_SECONDS) -> None:
        self._agents, self._offer, self._clock, self._hold = agents, offer, clock, hold_seconds
        self._arrived: SimpleQueue[Question | _Reply] = SimpleQueue()
        self._lines: defaultdict[Role, _Line] = defaultdict(_Line)
        self._held: dict[str, _Held] = {}
        """By the id of the handoff that was answered."""
        self._thread = threading.Thread(target=self._run, name="ask-agents", daemon=True)
        self._thread.start()

    def ask(self, handoff: Handoff, view: View) -> None:
        """Its answer, or that it failed, is offered as an event."""
        self._arrived.put(Question(handoff, view))

    def _run(self) -> None:
        while True:
            for arrived in self._take():
                if isinstance(arrived, Question):
                    self._lines[arrived.handoff.to].waiting.append(arrived)
                else:
                    self._answered(*arrived)
            self._let_go()
            for role in list(self._lines):
                self._send(role, self._lines[role])

    def _take(self) -> Iterable[Question | _Reply]:
        """Everything that arrived; waits for the first, but no longer than something is held."""
        until = min((held.until for held in self._held.values()), default=None)
        try:
            yield self._arrived.get(timeout=None if until is None else max(0.0, until - time.monotonic()))
            while True:
                yield self._arrived.get_nowait()
        except Empty:
            return

    def _send(self, role: Role, line: _Line) -> None:
        while line.waiting and line.under_way < _UNDER_WAY:
            some = [line.waiting.popleft() for _ in range(min(_BATCH, len(line.waiting)))]
            batch = [question for question in some if not question.holder or question.holder in self._held]
            if batch:
                line.under_way += 1
                self._call(role, batch).add_done_callback(partial(self._replied, role, batch))

    def _call(self, role: Role, batch: Sequence[Question]) -> Future[Sequence[Answer]]:
        try:
            return self._agents.ask(role, batch)
        except Exception as error:  # noqa: BLE001 - the effect boundary: this thread must outlive a question
            failed: Future[Sequence[Answer]] = Future()
            failed.set_exception(error)
            return failed

    def _replied(self, role: Role, batch: Sequence[Question], call: Future[Sequence[Answer]]) -> None:
        """Called from any thread, where nothing may take long."""
        self._arrived.put((role, batch, call))

    # ------------------------------------------------------------------------------------------------- answers

    def _answered(self, role: Role, batch: Sequence[Question], call: Future[Sequence[Answer]]) -> None:
        self._lines[role].under_way -= 1
        error = call.exception()
        failed = Failed(f"{type(error).__name__}: {error}"[:500])
        answers = call.result() if error is None else [failed] * len(batch)
        if len(answers) != len(batch):
            answers = [Failed(f"{len(answers)} answers to {len(batch)} handoffs")] * len(batch)
        for question, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Failed):
                self._failed(question, answer)
            elif isinstance(answer, tuple) and all(isinstance(each, Handoff) for each in answer):
                self._told(question, answer)
            else:
                self._failed(question, Failed("it answered with something else than handoffs"))

    def _told(self, question: Question, answers: tuple[Handoff, ...]) -> None:
        now, handoff = self._clock.now(), question.handoff
        event = HandoffAnswered(
            id=f"answer/{handoff.id}",
            at=now,
            cause=handoff.id,
            handoff=handoff.id,
            answers=answers,
            domain=handoff.domain,
        )
        if question.holder:
            self._ruled(question, event)
            return
        asked = reviews(handoff, answers, question.view, now)
        if not asked:
            self._offer(event)
            return
        self._held[handoff.id] = _Held([event], time.monotonic() + self._hold, {review.id for review in asked})
        view = replace(question.view, others=())
        self._lines[Role.OVERSIGHT].waiting.extend(Question(review, view, handoff.id) for review in asked)

    def _failed(self, question: Question, failed: Failed) -> None:
        if question.holder:
            self._ruled(question, None)
            return
        now, handoff = self._clock.now(), question.handoff
        _LOG.warning("agent_failed", agent=handoff.to, handoff=handoff.id, reason=failed.reason)
        self._offer(
            HandoffFailed(
                id=f"failed/{handoff.id}/{now}",
                at=now,
                cause=handoff.id,
                handoff=handoff.id,
                reason=Prose(failed.reason),
                domain=handoff.domain,
            )
        )

    def _ruled(self, question: Question, event: Event | None) -> None:
        """A review that was foreseen is answered; None: it failed, and whoever asks for it in earnest will see why."""
        held = self._held.get(question.holder)
        if held is None:
            return  # told alone meanwhile: the orchestrator has asked for the review itself by now
        held.missing.discard(question.handoff.id)
        if event is not None:
            held.told.append(event)
        if not held.missing:
            del self._held[question.holder]
            self._offer(*held.told)

    def _let_go(self) -> None:
        """Tell what has waited long enough."""
        now = time.monotonic()
        for holder in [name for name, held in self._held.items() if held.until <= now]:
            self._offer(*self._held.pop(holder).told)
