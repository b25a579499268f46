"""Ports in virtual time: the call is made at once, and its reply arrives as much later as such a call takes.

They only say when a reply arrives. What an order, a handoff or a page comes to is decided by the same gate,
conversation and dispatcher as on real threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from aiops.agents.view import Agent, AgentView
from aiops.driver.agenda import Agenda
from aiops.driver.answers import undelivered
from aiops.driver.conversation import AgentCall, AgentQuestion, Answer, Conversation, Failed, answer_of
from aiops.driver.dispatcher import Lane, Offer
from aiops.driver.gate import AskAgain, Gate, OrderRefused
from aiops.driver.replies import Failure, Reply, attempted, reply_of, settle
from aiops.model.handoffs import Handoff, Role
from aiops.model.pages import Delivery, Page
from aiops.model.plans import Observed, StepOrder, StepOutcome
from aiops.model.records import OutRecord
from aiops.ports import Notifier

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Delays:
    """How long calls take, in virtual seconds."""

    handoff: float = 0.02
    fleet: float = 0.2
    budget: float = 0.01
    topics: float = 0.01
    step: float = 1.0
    """At least; an effect that ends later takes as long as it takes."""
    page: float = 0.5


class VirtualLanes:
    """``Lanes`` in virtual time."""

    def __init__(self, agenda: Agenda, delays: Delays) -> None:
        self._agenda = agenda
        self._delays = {Lane.FLEET: delays.fleet, Lane.BUDGET: delays.budget, Lane.TOPICS: delays.topics}

    def call(self, lane: Lane, call: Callable[[], T], done: Callable[[Reply[T]], None]) -> None:
        """Make the call now; its reply arrives later."""
        self._agenda.after(self._delays[lane], partial(done, attempted(call)))

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Run ``action`` after a pause."""
        self._agenda.after(seconds, action)


class VirtualSteps:
    """``Steps``: the gate with its executors in this process. Orders that run at the same time do not wait."""

    def __init__(self, gate: Gate, agenda: Agenda, delays: Delays) -> None:
        self._gate, self._agenda, self._delay = gate, agenda, delays.step

    def run(self, order: StepOrder) -> Future[StepOutcome]:
        """Carry it out; the outcome is recorded when the effect ends, and told at that moment."""
        told: Future[StepOutcome] = Future()
        executor = attempted(partial(self._gate.admit, order))
        if isinstance(executor, Failure):
            self._agenda.after(self._delay, partial(settle, told, executor))
        elif isinstance(executor, OrderRefused):
            self._agenda.after(self._delay, partial(settle, told, self._gate.turned_away(order, executor)))
        else:
            begun = attempted(partial(executor.run, order))
            if isinstance(begun, Future):
                begun.add_done_callback(partial(self._ended, order, told))
            else:
                self._ends(order, begun, told, delay=self._delay)
        return told

    def observe(self, order: StepOrder) -> Future[tuple[Observed, str]]:
        """Look whether it happened; when it still may, look again later."""
        told: Future[tuple[Observed, str]] = Future()
        self._look(order, told)
        return told

    def _ended(self, order: StepOrder, told: Future[StepOutcome], future: Future[StepOutcome]) -> None:
        reply = reply_of(future)
        self._ends(order, reply, told, delay=0.0)

    def _ends(self, order: StepOrder, reply: Reply[StepOutcome], told: Future[StepOutcome], *, delay: float) -> None:
        """The effect ends at the outcome's own time, and not before the call that began it takes."""
        own = 0 if isinstance(reply, Failure) else reply.at
        self._agenda.after(delay, lambda: self._agenda.put(own, partial(self._record, order, reply, told)))

    def _record(self, order: StepOrder, reply: Reply[StepOutcome], told: Future[StepOutcome]) -> None:
        settle(told, attempted(partial(self._gate.ended, order, reply)))

    def _look(self, order: StepOrder, told: Future[tuple[Observed, str]]) -> None:
        seen = self._gate.observe(order)
        if isinstance(seen, AskAgain):
            self._agenda.put(seen.at, partial(self._look, order, told))
        else:
            self._agenda.after(self._delay, partial(settle, told, (seen.observed, seen.detail)))


class VirtualAsker:
    """``Asker``: drives the conversation with agents of this process. What is asked at one moment goes together."""

    def __init__(self, agents: Mapping[Role, Agent], offer: Offer, agenda: Agenda, *, delays: Delays) -> None:
        self._agents, self._offer, self._agenda, self._delay = agents, offer, agenda, delays.handoff
        self._conversation = Conversation(agenda, agenda)
        self._turn_at: int | None = None

    def ask(self, handoff: Handoff, view: AgentView) -> None:
        """Its answer, or that it failed, is offered as an event."""
        self._conversation.ask(AgentQuestion(handoff, view))
        self._take_turn(self._agenda.now())

    def _take_turn(self, at: int) -> None:
        """Advance the conversation at ``at``, or before if that was agreed already."""
        if self._turn_at is None or at < self._turn_at:
            self._turn_at = at
            self._agenda.put(at, partial(self._turn, at))

    def _turn(self, at: int) -> None:
        if self._turn_at != at:
            return  # an earlier turn has done its work
        self._turn_at = None
        calls, told = self._conversation.advance()
        for events in told:
            self._offer(*events)
        for call in calls:
            answers = [self._answer(question) for question in call.questions]
            self._agenda.after(self._delay, partial(self._replied, call, answers))
        until = self._conversation.held_until()
        if until is not None:
            self._take_turn(until)

    def _answer(self, question: AgentQuestion) -> Answer:
        agent = self._agents.get(question.handoff.to)
        if agent is None:
            return Failed(f"there is no {question.handoff.to.value} agent")
        return answer_of(agent, question)

    def _replied(self, call: AgentCall, answers: Sequence[Answer]) -> None:
        self._conversation.replied(call, answers)
        self._take_turn(self._agenda.now())


class VirtualPager:
    """``Pager`` over one channel, which is tried once: a page that it does not take goes to the next level."""

    def __init__(self, notifier: Notifier, agenda: Agenda, delays: Delays) -> None:
        self._notifier, self._agenda, self._delay = notifier, agenda, delays.page

    def page(self, page: Page, report: Callable[[Delivery], None]) -> None:
        """Send it; the delivery, or why there is none, is reported later."""
        reply = attempted(partial(self._notifier.send, page))
        self._agenda.after(self._delay, lambda: report(self._delivery(page, reply)))

    def _delivery(self, page: Page, reply: Reply[Delivery]) -> Delivery:
        if isinstance(reply, Failure):
            return undelivered(page, self._notifier.name, reply.error, at=self._agenda.now())
        return reply


class NoTopics:
    """``Producer`` where nobody reads: everything is acknowledged."""

    def send(self, records: Iterable[OutRecord]) -> None:
        """Drop them."""

    def flush(self, timeout_seconds: float = 30.0) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is open."""
