"""Ports in virtual time: a call is made at once, and its reply arrives after the delay of its kind.

The ports decide only when a reply arrives. The gate, the conversation and the dispatcher are those of production and
decide the result of an order, a handoff or a page.
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
    """Duration of each kind of call, in virtual seconds."""

    handoff: float = 0.02
    fleet: float = 0.2
    budget: float = 0.01
    topics: float = 0.01
    step: float = 1.0
    """Least duration of a step; an effect that ends later takes until its own end."""
    page: float = 0.5


class VirtualLanes:
    """``Lanes`` in virtual time."""

    def __init__(self, agenda: Agenda, delays: Delays) -> None:
        self._agenda = agenda
        self._delays = {Lane.FLEET: delays.fleet, Lane.BUDGET: delays.budget, Lane.TOPICS: delays.topics}

    def call(self, lane: Lane, call: Callable[[], T], done: Callable[[Reply[T]], None]) -> None:
        """Make the call now; its reply arrives after the lane's delay."""
        self._agenda.after(self._delays[lane], partial(done, attempted(call)))

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Run ``action`` after a pause."""
        self._agenda.after(seconds, action)


class VirtualSteps:
    """``Steps``: the gate with its executors in this process. Orders do not wait for each other."""

    def __init__(self, gate: Gate, agenda: Agenda, delays: Delays) -> None:
        self._gate, self._agenda, self._delay = gate, agenda, delays.step

    def run(self, order: StepOrder) -> Future[StepOutcome]:
        """Run the order; the outcome is recorded and returned when the effect ends."""
        result: Future[StepOutcome] = Future()
        executor = attempted(partial(self._gate.admit, order))
        if isinstance(executor, Failure):
            self._agenda.after(self._delay, partial(settle, result, executor))
        elif isinstance(executor, OrderRefused):
            self._agenda.after(self._delay, partial(settle, result, self._gate.turned_away(order, executor)))
        else:
            begun = attempted(partial(executor.run, order))
            if isinstance(begun, Future):
                begun.add_done_callback(partial(self._ended, order, result))
            else:
                self._ends(order, begun, result, delay=self._delay)
        return result

    def observe(self, order: StepOrder) -> Future[tuple[Observed, str]]:
        """Observe whether the effect happened; while it may still happen, observe again later."""
        result: Future[tuple[Observed, str]] = Future()
        self._observe(order, result)
        return result

    def _ended(self, order: StepOrder, result: Future[StepOutcome], future: Future[StepOutcome]) -> None:
        reply = reply_of(future)
        self._ends(order, reply, result, delay=0.0)

    def _ends(self, order: StepOrder, reply: Reply[StepOutcome], result: Future[StepOutcome], *, delay: float) -> None:
        """Record the outcome at its own time, and not before ``delay`` seconds have passed."""
        own = 0 if isinstance(reply, Failure) else reply.at
        self._agenda.after(delay, lambda: self._agenda.put(own, partial(self._record, order, reply, result)))

    def _record(self, order: StepOrder, reply: Reply[StepOutcome], result: Future[StepOutcome]) -> None:
        settle(result, attempted(partial(self._gate.ended, order, reply)))

    def _observe(self, order: StepOrder, result: Future[tuple[Observed, str]]) -> None:
        seen = self._gate.observe(order)
        if isinstance(seen, AskAgain):
            self._agenda.put(seen.at, partial(self._observe, order, result))
        else:
            self._agenda.after(self._delay, partial(settle, result, (seen.observed, seen.detail)))


class VirtualAsker:
    """``Asker``: drives the conversation with agents of this process. Handoffs of one moment go in one call."""

    def __init__(self, agents: Mapping[Role, Agent], offer: Offer, agenda: Agenda, *, delays: Delays) -> None:
        self._agents, self._offer, self._agenda, self._delay = agents, offer, agenda, delays.handoff
        self._conversation = Conversation(agenda, agenda)
        self._turn_at: int | None = None

    def ask(self, handoff: Handoff, view: AgentView) -> None:
        """Queue the handoff; its answer or failure is offered as an event."""
        self._conversation.ask(AgentQuestion(handoff, view))
        self._take_turn(self._agenda.now())

    def _take_turn(self, at: int) -> None:
        """Advance the conversation at ``at`` (ns), unless an earlier turn is planned already."""
        if self._turn_at is None or at < self._turn_at:
            self._turn_at = at
            self._agenda.put(at, partial(self._turn, at))

    def _turn(self, at: int) -> None:
        if self._turn_at != at:
            return  # an earlier turn has replaced this one
        self._turn_at = None
        calls, groups = self._conversation.advance()
        for events in groups:
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
    """``Pager`` over one channel, which is tried once: if delivery fails, the next level is paged."""

    def __init__(self, notifier: Notifier, agenda: Agenda, delays: Delays) -> None:
        self._notifier, self._agenda, self._delay = notifier, agenda, delays.page

    def page(self, page: Page, report: Callable[[Delivery], None]) -> None:
        """Send the page; the delivery or its error is reported later."""
        reply = attempted(partial(self._notifier.send, page))
        self._agenda.after(self._delay, lambda: report(self._delivery(page, reply)))

    def _delivery(self, page: Page, reply: Reply[Delivery]) -> Delivery:
        if isinstance(reply, Failure):
            return undelivered(page, self._notifier.name, reply.error, at=self._agenda.now())
        return reply


class NoTopics:
    """``Producer`` without readers: it drops records and acknowledges them."""

    def send(self, records: Iterable[OutRecord]) -> None:
        """Drop the records."""

    def flush(self, timeout_seconds: float = 30.0) -> None:
        """Do nothing: no record waits."""

    def close(self) -> None:
        """Do nothing: nothing is open."""
