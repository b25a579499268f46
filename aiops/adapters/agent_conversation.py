"""Drives the conversation with the agents from one thread, which owns all questions.

Other threads only put questions and replies into this thread's queue.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from queue import Empty, SimpleQueue

import structlog

from aiops.agents.view import AgentView
from aiops.driver.conversation import HOLD_SECONDS, AgentCall, AgentQuestion, Agents, Answer, Conversation
from aiops.driver.dispatcher import Offer
from aiops.driver.replies import Failure, attempted, reply_of, settle
from aiops.model.events import Event, HandoffFailed
from aiops.model.handoffs import Handoff
from aiops.ports import Clock

_LOG = structlog.get_logger(__name__)
_Reply = tuple[AgentCall, "Future[Sequence[Answer]]"]


class SteadyClock:
    """A monotonic clock; its zero is arbitrary."""

    def now(self) -> int:
        """Nanoseconds."""
        return time.monotonic_ns()


class Asking:
    """The asking thread. ``ask`` may be called from any thread and never blocks.

    Args:
        agents: the agents.
        offer: receives the answers as events.
        clock: for the time of an answer.
        hold_seconds: longest wait of an answer for oversight's verdict before it is offered alone.
    """

    def __init__(self, agents: Agents, offer: Offer, clock: Clock, *, hold_seconds: float = HOLD_SECONDS) -> None:
        self._agents, self._offer = agents, offer
        self._conversation = Conversation(clock, SteadyClock(), hold_seconds=hold_seconds)
        self._arrived: SimpleQueue[AgentQuestion | _Reply] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="ask-agents", daemon=True)
        self._thread.start()

    def ask(self, handoff: Handoff, view: AgentView) -> None:
        """Ask the agent of the handoff. Its answer or failure is offered as an event."""
        self._arrived.put(AgentQuestion(handoff, view))

    def _run(self) -> None:
        conversation = self._conversation
        while True:
            for arrived in self._take():
                if isinstance(arrived, AgentQuestion):
                    conversation.ask(arrived)
                else:
                    call, future = arrived
                    reply = reply_of(future)
                    conversation.replied(call, reply)
            calls, offered = conversation.advance()
            for events in offered:
                self._publish(events)
            for call in calls:
                self._call(call).add_done_callback(partial(self._replied, call))

    def _take(self) -> Iterable[AgentQuestion | _Reply]:
        """All arrivals. Waits for the first one, at most until the next held answer is due."""
        until = self._conversation.held_until()
        try:
            yield self._arrived.get(timeout=None if until is None else max(0.0, until - time.monotonic_ns()) / 1e9)
            while True:
                yield self._arrived.get_nowait()
        except Empty:
            return

    def _call(self, call: AgentCall) -> Future[Sequence[Answer]]:
        begun = attempted(lambda: self._agents.ask(call.role, call.questions))
        if not isinstance(begun, Failure):
            return begun
        failed: Future[Sequence[Answer]] = Future()
        settle(failed, begun)
        return failed

    def _replied(self, call: AgentCall, future: Future[Sequence[Answer]]) -> None:
        """Queue a reply; called from any thread, must be fast."""
        self._arrived.put((call, future))

    def _publish(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, HandoffFailed):
                _LOG.warning("agent_failed", handoff=event.handoff, reason=event.reason)
        self._offer(*events)
