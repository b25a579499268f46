"""The gate in the executors' process: runs the executor and waits, on the caller's thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

import structlog

from aiops.driver.gate import GRACE, AskAgain, Gate, OrderRefused
from aiops.driver.replies import Failure, attempted
from aiops.model.errors import AiopsError, TemporaryError
from aiops.model.plans import Observed, StepOrder, StepOutcome
from aiops.ports import Clock, Executor

_LOG = structlog.get_logger(__name__)


class BlockingGate:
    """Runs and observes orders. Each call returns when its answer is known.

    Args:
        gate: admits orders and records outcomes.
        clock: the gate's clock.
        fail_point: called with a name at points where tests kill the process.
        wait: sleeps the given seconds; tests pass a fake.
    """

    def __init__(
        self,
        gate: Gate,
        clock: Clock,
        *,
        fail_point: Callable[[str], None] = lambda _: None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gate, self._clock, self._fail_point, self._wait = gate, clock, fail_point, wait

    def run(self, order: StepOrder) -> StepOutcome:
        """Execute the order at most once. Its outcome is durable in the inbox before this returns."""
        executor = self._gate.admit(order)
        if isinstance(executor, OrderRefused):
            return self._gate.turned_away(order, executor)
        self._fail_point("executor.attempted")
        reply = attempted(partial(self._carry_out, executor, order))
        if isinstance(reply, Failure) and not isinstance(reply.error, AiopsError):
            _LOG.error("executor_failed", key=order.capability.key, exc_info=reply.error)
        self._fail_point("executor.acted")
        return self._gate.ended(order, reply)

    def observe(self, order: StepOrder) -> tuple[Observed, str]:
        """Whether the effect of this order happened, and the detail. Returns when it cannot happen any more."""
        while isinstance(seen := self._gate.observe(order), AskAgain):
            self._wait(max(0.0, (seen.at - self._clock.now()) / 1e9))
        return seen.observed, seen.detail

    def _carry_out(self, executor: Executor, order: StepOrder) -> StepOutcome:
        begun = executor.run(order)
        if not isinstance(begun, Future):
            return begun
        left = (order.deadline_at + GRACE - self._clock.now()) / 1e9
        try:
            return begun.result(max(0.0, left))
        except TimeoutError as error:
            raise TemporaryError("the action had not ended by its deadline") from error
