"""Performs effects on threads. A lane's calls block neither other lanes nor the orchestrator."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog

from aiops.driver.dispatcher import EffectDispatcher, Hooks, Lane, Offer, Outside
from aiops.driver.replies import Failure, Reply, attempted
from aiops.model.effects import Effect

_LOG = structlog.get_logger(__name__)
T = TypeVar("T")


class ThreadLanes:
    """``Lanes`` with their own threads: four for questions to the fleet, one for the budget, one for topics."""

    def __init__(self) -> None:
        self._pools = {
            Lane.FLEET: ThreadPoolExecutor(4, thread_name_prefix="ask-fleet"),
            Lane.BUDGET: ThreadPoolExecutor(1, thread_name_prefix="budget"),
            Lane.TOPICS: ThreadPoolExecutor(1, thread_name_prefix="publish"),
        }

    def call(self, lane: Lane, call: Callable[[], T], done: Callable[[Reply[T]], None]) -> None:
        """Run ``call`` and then ``done`` on a thread of the lane."""
        self._pools[lane].submit(_run, call, done)

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Run ``action`` after ``seconds`` on its own daemon thread; the end of the process does not wait for it."""
        timer = threading.Timer(seconds, action)
        timer.daemon = True
        timer.start()


class ThreadedDispatcher(EffectDispatcher):
    """The dispatcher of the orchestrator's process.

    Args:
        outside: the ports.
        offer: puts events into the orchestrator's queue.
        fail_point: called with a name at points where tests kill the process.
    """

    def __init__(self, outside: Outside, offer: Offer, fail_point: Callable[[str], None] = lambda _: None) -> None:
        super().__init__(outside, offer, ThreadLanes(), hooks=Hooks(_failed, fail_point))


def _run(call: Callable[[], T], done: Callable[[Reply[T]], None]) -> None:
    finished = attempted(lambda: done(attempted(call)))
    if isinstance(finished, Failure):
        _LOG.error("answer_lost", exc_info=finished.error)  # an internal error: the outbox still has the effect


def _failed(effect: Effect, error: Exception) -> None:
    _LOG.warning("effect_failed", effect=effect.type, key=effect.key, reason=f"{type(error).__name__}: {error}"[:500])
