"""Who asks the agents what, and when: what waits for one agent goes to it together.

A call costs more than most answers, so at most two are under way with an agent and the next takes all that waits. When
an answer comes, the reviews that the orchestrator will ask for are asked at once, and both are told together: then one
transaction decides both. Oversight that does not rule soon costs nothing but that: the answer is told alone.

The conversation makes no call and waits for nothing. Whoever drives it tells it what arrived, and then makes the calls
and offers the events that ``advance`` gives: a thread (``aiops.adapters.asking``) or the loop in virtual time.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from aiops.agents.view import Agent, AgentView
from aiops.control.handoff.reviews import reviews
from aiops.driver.answers import handoff_answered, handoff_failed
from aiops.driver.replies import Failure, Reply, attempted
from aiops.model.errors import AiopsError
from aiops.model.events import Event
from aiops.model.handoffs import Handoff, Role
from aiops.ports import Clock

UNDER_WAY: Final = 2
"""Calls to one agent at a time: it works on one while the other is on its way."""
BATCH: Final = 32
"""Handoffs in one call at most."""
HOLD_SECONDS: Final = 0.25
_REASON_CHARS: Final = 500


@dataclass(frozen=True, slots=True)
class AgentQuestion:
    """A handoff with what its receiver is shown."""

    handoff: Handoff
    view: AgentView
    holder: str = ""
    """Of a review that nobody has asked for yet: the handoff whose answer is held until oversight rules on it."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An agent failed at one handoff."""

    reason: str


Answer = tuple[Handoff, ...] | Failed


class Agents(Protocol):
    """The agents, wherever they run."""

    def ask(self, role: Role, questions: Sequence[AgentQuestion]) -> Future[Sequence[Answer]]:
        """Give the handoffs to the agent, in order: an answer to each, or one error for all."""
        ...


@dataclass(frozen=True, slots=True)
class AgentCall:
    """Handoffs that go to one agent together."""

    role: Role
    questions: tuple[AgentQuestion, ...]


@dataclass(slots=True)
class _Held:
    """An answer that waits for oversight's word on it."""

    told: list[Event]
    until: int
    missing: set[str]


@dataclass(slots=True)
class _Line:
    """What waits for one agent."""

    waiting: deque[AgentQuestion] = field(default_factory=deque)
    under_way: int = 0


def answer_of(agent: Agent, question: AgentQuestion) -> Answer:
    """What the agent answers; an error of one handoff is no error of the others in the same call."""
    reply = attempted(lambda: agent.handle(question.handoff, question.view))
    return Failed(_reason(reply.error)) if isinstance(reply, Failure) else reply


class Conversation:
    """Everything that was asked and is not answered yet. Not for several threads.

    Args:
        clock: what time an answer came.
        steady: a clock that never goes back; times how long an answer is held.
        hold_seconds: how long an answer waits for oversight's word on it before it is told alone.
    """

    def __init__(self, clock: Clock, steady: Clock, *, hold_seconds: float = HOLD_SECONDS) -> None:
        self._clock, self._steady, self._hold = clock, steady, round(hold_seconds * 1e9)
        self._lines: defaultdict[Role, _Line] = defaultdict(_Line)
        self._told: list[tuple[Event, ...]] = []
        self._held: dict[str, _Held] = {}
        """By the id of the handoff that was answered."""

    def ask(self, question: AgentQuestion) -> None:
        """A handoff for its agent."""
        self._lines[question.handoff.to].waiting.append(question)

    def replied(self, call: AgentCall, reply: Reply[Sequence[Answer]]) -> None:
        """A call came back, with an answer to each of its handoffs or with one error for all."""
        self._lines[call.role].under_way -= 1
        for question, answer in zip(call.questions, _checked(call, reply), strict=True):
            if isinstance(answer, Failed):
                self._failed(question, answer)
            else:
                self._answered(question, answer)

    def held_until(self) -> int | None:
        """When ``advance`` has something to tell though nothing arrives, in time of ``steady``; None: never."""
        return min((held.until for held in self._held.values()), default=None)

    def advance(self) -> tuple[list[AgentCall], list[tuple[Event, ...]]]:
        """Calls to make now, and events to offer: those of one tuple are decided together."""
        now = self._steady.now()
        for holder in [name for name, held in self._held.items() if held.until <= now]:
            self._told.append(tuple(self._held.pop(holder).told))
        told, self._told = self._told, []
        return [AgentCall(role, batch) for role in list(self._lines) for batch in self._batches(role)], told

    def _batches(self, role: Role) -> Iterator[tuple[AgentQuestion, ...]]:
        line = self._lines[role]
        while line.waiting and line.under_way < UNDER_WAY:
            some = [line.waiting.popleft() for _ in range(min(BATCH, len(line.waiting)))]
            batch = tuple(question for question in some if not question.holder or question.holder in self._held)
            if batch:
                line.under_way += 1
                yield batch

    def _answered(self, question: AgentQuestion, answers: tuple[Handoff, ...]) -> None:
        now, handoff = self._clock.now(), question.handoff
        event = handoff_answered(handoff, answers, now)
        if question.holder:
            self._ruled(question, event)
            return
        asked = reviews(handoff, answers, question.view, at=now)
        if not asked:
            self._told.append((event,))
            return
        missing = {review.id for review in asked}
        self._held[handoff.id] = _Held([event], self._steady.now() + self._hold, missing)
        view = replace(question.view, others=())
        self._lines[Role.OVERSIGHT].waiting.extend(AgentQuestion(review, view, handoff.id) for review in asked)

    def _failed(self, question: AgentQuestion, failed: Failed) -> None:
        if question.holder:
            self._ruled(question, None)
        else:
            self._told.append((handoff_failed(question.handoff, failed.reason, self._clock.now()),))

    def _ruled(self, question: AgentQuestion, event: Event | None) -> None:
        """A review that was foreseen is answered; None: it failed, and whoever asks for it in earnest will see why."""
        held = self._held.get(question.holder)
        if held is None:
            return  # told alone meanwhile: the orchestrator has asked for the review itself by now
        held.missing.discard(question.handoff.id)
        if event is not None:
            held.told.append(event)
        if not held.missing:
            del self._held[question.holder]
            self._told.append(tuple(held.told))


def _checked(call: AgentCall, reply: Reply[Sequence[Answer]]) -> Sequence[Answer]:
    """One answer to each handoff; what is none is a failure."""
    count = len(call.questions)
    if isinstance(reply, Failure):
        return [Failed(_reason(reply.error))] * count
    if not isinstance(reply, list | tuple):
        return [Failed(f"it answered with {type(reply).__name__} instead of a list")] * count
    if len(reply) != count:
        return [Failed(f"{len(reply)} answers to {count} handoffs")] * count
    return [
        answer if _is_answer(answer) else Failed("it answered with something else than handoffs") for answer in reply
    ]


def _is_answer(answer: object) -> bool:
    if isinstance(answer, tuple):
        return all(isinstance(each, Handoff) for each in answer)
    return isinstance(answer, Failed)


def _reason(error: Exception) -> str:
    said = f"{type(error).__name__}: {error}"
    return (said if isinstance(error, AiopsError) else f"it failed: {said}")[:_REASON_CHARS]
