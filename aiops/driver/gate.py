"""The gate: the last look before an effect, in the executor's own process, on facts it reads for itself.

An order passes when its epoch is the newest, nobody halted since its capability was made, the capability has not
expired and was never used. Using it up is an inbox row with a unique key, written before the effect: whoever writes it
first owns the effect. So an attempt that was never begun can be ruled out for ever by writing that row oneself, which
is how an order in doubt is told from one that never left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import structlog

from aiops.model.codec import encode
from aiops.model.errors import AiopsError, TemporaryError
from aiops.model.plans import Observed, StepOrder, StepOutcome, StepStatus
from aiops.model.prose import Prose
from aiops.ports import Clock, Executor, Inbox, InboxRow

_LOG = structlog.get_logger(__name__)
_GRACE = 1_000_000_000
"""How long after its deadline an effect may still be felt, ns: network and process shutdown."""

ANY = "*"


class Gate:
    """Runs and observes orders through the executor that is set for their primitive.

    Args:
        inbox: for epoch, halt, attempts and outcomes.
        executors: primitive, or ``*``, to executor.
        clock: now.
        fail_point: called with a name at points where tests kill the process.
        wait: sleeps; tests hand in a fake.
    """

    def __init__(
        self,
        inbox: Inbox,
        executors: Mapping[str, Executor],
        clock: Clock,
        *,
        fail_point: Callable[[str], None] = lambda _: None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._inbox, self._executors, self._clock = inbox, dict(executors), clock
        self._fail_point, self._wait = fail_point, wait

    def run(self, order: StepOrder) -> StepOutcome:
        """Carry the order out at most once; its outcome is durable in the inbox before this returns."""
        refusal = self._refusal(order)
        if refusal is None and not self._use_up(order, "executor"):
            refusal = "its capability was used already"
        if refusal is not None:
            return self._outcome(order, StepStatus.REFUSED, refusal)
        self._fail_point("executor.attempted")
        outcome = self._carry_out(order)
        self._fail_point("executor.acted")
        self._inbox.append(
            InboxRow(
                key=f"outcome/{order.capability.id}",
                at=outcome.at,
                kind="outcome",
                body=encode(outcome),
                who="executor",
                domain=order.domain,
            )
        )
        return outcome

    def observe(self, order: StepOrder) -> tuple[Observed, str]:
        """Did the effect of this order happen? Afterwards it cannot begin any more.

        ``NOT_DONE`` for certain when nobody had begun it; otherwise the target is asked, after the effect's hard
        deadline, so that it cannot happen behind our back.
        """
        try:
            if self._use_up(order, "observer"):
                return Observed.NOT_DONE, "it was never begun, and now it cannot begin"
            self._wait_for_deadline(order)
            executor = self._executor(order)
            if executor is None:
                return Observed.UNKNOWN, f"no executor is set for {order.capability.action.primitive}"
            return executor.observe(order), "the target was asked"
        except AiopsError as error:
            return Observed.UNKNOWN, str(error)

    def _refusal(self, order: StepOrder) -> str | None:
        """Why the order may not be carried out now; unreachable facts refuse as well."""
        capability, now = order.capability, self._clock.now()
        try:
            epoch = self._inbox.epoch("orchestrator", order.domain)
            halt = self._inbox.halt_state(order.domain)
        except AiopsError as error:
            return f"the journal cannot be read: {error}"
        if epoch != capability.epoch:
            return f"its epoch {capability.epoch} is over, the newest is {epoch}"
        if halt.halted:
            return f"{halt.who or 'somebody'} halted all actions ({halt.reason or 'no reason given'})"
        if halt.generation != capability.halt_generation:
            return "there was a halt since it was authorised"
        if now > capability.expires_at or now > order.deadline_at:
            return "its capability has expired"
        if self._executor(order) is None:
            return f"no executor is set for {capability.action.primitive}: see acting.executors in aiops.yaml"
        return None

    def _carry_out(self, order: StepOrder) -> StepOutcome:
        executor = self._executor(order)
        assert executor is not None
        try:
            return executor.run(order)
        except TemporaryError as error:
            return self._outcome(order, StepStatus.UNKNOWN, f"it may or may not have happened: {error}")
        except AiopsError as error:
            return self._outcome(order, StepStatus.FAILED, str(error))
        except Exception as error:  # noqa: BLE001 - the effect boundary: a plug-in's error must not look like success
            _LOG.exception("executor_failed", key=order.capability.key)
            return self._outcome(order, StepStatus.UNKNOWN, f"the executor failed: {error!r}")

    def _use_up(self, order: StepOrder, who: str) -> bool:
        row = InboxRow(
            key=f"attempt/{order.capability.id}",
            at=self._clock.now(),
            kind="attempt",
            body=encode(order),
            who=who,
            domain=order.domain,
        )
        return self._inbox.append(row)

    def _wait_for_deadline(self, order: StepOrder) -> None:
        if self._inbox.has(f"outcome/{order.capability.id}", order.domain):
            return
        left = order.deadline_at + _GRACE - self._clock.now()
        if left > 0:
            self._wait(left / 1e9)

    def _executor(self, order: StepOrder) -> Executor | None:
        return self._executors.get(order.capability.action.primitive, self._executors.get(ANY))

    def _outcome(self, order: StepOrder, status: StepStatus, detail: str) -> StepOutcome:
        return StepOutcome(order.capability.key, status, self._clock.now(), Prose(detail), order.domain)
