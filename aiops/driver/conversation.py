"""Batches the handoffs to agents: those that wait for one agent go to it in one call.

The overhead of a call is larger than the time of most answers. So at most ``UNDER_WAY`` calls to one agent are in
flight, and the next call takes up to ``BATCH`` waiting handoffs. When an answer arrives, the reviews that the
orchestrator will request are sent to oversight at once. The answer and its rulings are offered together, so one
transaction decides both. If oversight does not rule within the hold time, the answer is offered alone.

The conversation makes no call and does not block. Its driver passes in each reply, makes the calls and offers the
events that ``advance`` returns. The driver is a thread (``aiops.adapters.agent_conversation``) or the loop in virtual
time.
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
"""Most calls in flight to one agent: the agent works on one while the other is in transit."""
BATCH: Final = 32
"""Most handoffs in one call."""
HOLD_SECONDS: Final = 0.25
_REASON_CHARS: Final = 500


@dataclass(frozen=True, slots=True)
class AgentQuestion:
    """A handoff with the view for its receiver."""

    handoff: Handoff
    view: AgentView
    holder: str = ""
    """Of a review sent ahead of the orchestrator's request: id of the handoff whose answer is held for the ruling."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An agent failed at one handoff."""

    reason: str


Answer = tuple[Handoff, ...] | Failed


class Agents(Protocol):
    """The agents, wherever they run."""

    def ask(self, role: Role, questions: Sequence[AgentQuestion]) -> Future[Sequence[Answer]]:
        """Send the handoffs to the agent; the future has one answer each, in their order, or one error for all."""
        ...


@dataclass(frozen=True, slots=True)
class AgentCall:
    """Handoffs to send to one agent in one call."""

    role: Role
    questions: tuple[AgentQuestion, ...]


@dataclass(slots=True)
class _Held:
    """An answer that waits for oversight's rulings on it."""

    events: list[Event]
    until: int
    missing: set[str]


@dataclass(slots=True)
class _Line:
    """The queue of handoffs for one agent, and its number of calls in flight."""

    waiting: deque[AgentQuestion] = field(default_factory=deque)
    under_way: int = 0


def answer_of(agent: Agent, question: AgentQuestion) -> Answer:
    """The agent's answer; an exception fails only this handoff and not the others of the same call."""
    reply = attempted(lambda: agent.handle(question.handoff, question.view))
    return Failed(_reason(reply.error)) if isinstance(reply, Failure) else reply


class Conversation:
    """All handoffs that were sent to agents and have no answer yet. Not thread-safe.

    Args:
        clock: gives the time at which an answer arrived.
        steady: a monotonic clock, for the hold time.
        hold_seconds: how long an answer waits for oversight's rulings before it is offered alone.
    """

    def __init__(self, clock: Clock, steady: Clock, *, hold_seconds: float = HOLD_SECONDS) -> None:
        self._clock, self._steady, self._hold = clock, steady, round(hold_seconds * 1e9)
        self._lines: defaultdict[Role, _Line] = defaultdict(_Line)
        self._ready: list[tuple[Event, ...]] = []
        self._held: dict[str, _Held] = {}
        """Held answers by the id of the answered handoff."""

    def ask(self, question: AgentQuestion) -> None:
        """Queue a handoff for its agent."""
        self._lines[question.handoff.to].waiting.append(question)

    def replied(self, call: AgentCall, reply: Reply[Sequence[Answer]]) -> None:
        """Take in the reply to a call: an answer to each of its handoffs, or one error for all."""
        self._lines[call.role].under_way -= 1
        for question, answer in zip(call.questions, _checked(call, reply), strict=True):
            if isinstance(answer, Failed):
                self._failed(question, answer)
            else:
                self._answered(question, answer)

    def held_until(self) -> int | None:
        """When the first hold time ends, in ns of ``steady``; None: no answer is held."""
        return min((held.until for held in self._held.values()), default=None)

    def advance(self) -> tuple[list[AgentCall], list[tuple[Event, ...]]]:
        """Calls to make now, and events to offer; the events of one tuple are decided in one transaction."""
        now = self._steady.now()
        for holder in [name for name, held in self._held.items() if held.until <= now]:
            self._ready.append(tuple(self._held.pop(holder).events))
        groups, self._ready = self._ready, []
        return [AgentCall(role, batch) for role in list(self._lines) for batch in self._batches(role)], groups

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
            self._ready.append((event,))
            return
        missing = {review.id for review in asked}
        self._held[handoff.id] = _Held([event], self._steady.now() + self._hold, missing)
        view = replace(question.view, others=())
        self._lines[Role.OVERSIGHT].waiting.extend(AgentQuestion(review, view, handoff.id) for review in asked)

    def _failed(self, question: AgentQuestion, failed: Failed) -> None:
        if question.holder:
            self._ruled(question, None)
        else:
            self._ready.append((handoff_failed(question.handoff, failed.reason, self._clock.now()),))

    def _ruled(self, question: AgentQuestion, event: Event | None) -> None:
        """Take in the ruling on a held answer. None: the review failed; the orchestrator requests it again itself."""
        held = self._held.get(question.holder)
        if held is None:
            return  # the answer was offered alone: the orchestrator has requested the review itself
        held.missing.discard(question.handoff.id)
        if event is not None:
            held.events.append(event)
        if not held.missing:
            del self._held[question.holder]
            self._ready.append(tuple(held.events))


def _checked(call: AgentCall, reply: Reply[Sequence[Answer]]) -> Sequence[Answer]:
    """One answer to each handoff; an invalid answer becomes ``Failed``."""
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
    text = f"{type(error).__name__}: {error}"
    return (text if isinstance(error, AiopsError) else f"it failed: {text}")[:_REASON_CHARS]
