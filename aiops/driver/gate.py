"""The gate: the last check before an effect. It runs in the executor's process and reads the facts from the inbox.

An order passes if its epoch is the newest, no halt was set since its capability was made, and the capability is neither
expired nor used. The gate uses a capability up by writing an inbox row with a unique key before the effect. The first
process that writes this row owns the effect. To observe an order in doubt, the gate writes the row itself: if that
succeeds, the effect was never begun and can never begin.

The gate decides and records. Its driver waits and runs the executor, on a thread (``aiops.adapters.blocking_gate``) or
in virtual time (``aiops.driver.virtual_ports``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final

from aiops.driver.replies import Failure, Reply, attempted
from aiops.model.codec import encode
from aiops.model.durations import SECOND
from aiops.model.errors import AiopsError, TemporaryError
from aiops.model.journal import AttemptGuard, HaltState, InboxRow
from aiops.model.plans import Observed, StepOrder, StepOutcome, StepStatus
from aiops.model.prose import Prose
from aiops.ports import ORCHESTRATOR, Clock, Executor, Inbox

GRACE: Final = SECOND
"""How long after its deadline an effect may still happen, ns: network delay and process shutdown."""
ANY: Final = "*"
"""Key in ``executors``: the executor of every primitive without an entry of its own."""


class GateRefusal(StrEnum):
    """Why the gate refuses an order."""

    JOURNAL_UNREADABLE = "journal-unreadable"
    EPOCH_OVER = "epoch-over"
    HALTED = "halted"
    HALTED_SINCE = "halted-since"
    """Actions were halted and resumed after the capability was made."""
    EXPIRED = "expired"
    NO_EXECUTOR = "no-executor"
    USED = "used"


_REFUSALS: Final = {
    GateRefusal.JOURNAL_UNREADABLE: "the journal cannot be read: {error}",
    GateRefusal.EPOCH_OVER: "its epoch {epoch} is over, the newest is {newest}",
    GateRefusal.HALTED: "{who} halted all actions ({reason})",
    GateRefusal.HALTED_SINCE: "there was a halt since it was authorised",
    GateRefusal.EXPIRED: "its capability has expired",
    GateRefusal.NO_EXECUTOR: "no executor is set for {primitive}: see acting.executors in aiops.yaml",
    GateRefusal.USED: "its capability was used already",
}


@dataclass(frozen=True, slots=True)
class OrderRefused:
    """A refused order: nothing was begun. Its capability is used with ``USED``, and if it expired while it waited."""

    refusal: GateRefusal
    facts: Mapping[str, object] = field(default_factory=dict)
    """What the text names."""

    @property
    def detail(self) -> str:
        """One sentence for the incident's story."""
        return _REFUSALS[self.refusal].format_map(self.facts)


class Basis(StrEnum):
    """The basis of an observation."""

    NEVER_BEGUN = "never-begun"
    """The capability was unused; the observation has used it up."""
    TARGET = "target"
    """The executor observed the target."""
    NO_EXECUTOR = "no-executor"
    ERROR = "error"
    """The inbox or the executor could not be reached."""


_BASES: Final = {
    Basis.NEVER_BEGUN: "it was never begun, and now it cannot begin",
    Basis.TARGET: "the target was asked",
    Basis.NO_EXECUTOR: "no executor is set for {primitive}",
    Basis.ERROR: "{error}",
}


@dataclass(frozen=True, slots=True)
class GateObservation:
    """Whether an effect happened, if that could be observed. The order can no longer begin."""

    observed: Observed
    basis: Basis
    facts: Mapping[str, object] = field(default_factory=dict)
    """What the text names."""

    @property
    def detail(self) -> str:
        """One sentence for the incident's story."""
        return _BASES[self.basis].format_map(self.facts)


@dataclass(frozen=True, slots=True)
class AskAgain:
    """The effect may still be in progress: observe again at ``at`` (ns), when it must have ended."""

    at: int


class Gate:
    """Admits orders to executors, records how they end, and observes whether an order in doubt happened.

    Args:
        inbox: holds the epoch, the halt state, attempts and outcomes.
        executors: executor by primitive or ``*``.
        clock: gives the present time.
    """

    def __init__(self, inbox: Inbox, executors: Mapping[str, Executor], clock: Clock) -> None:
        self._inbox, self._executors, self._clock = inbox, dict(executors), clock

    def admit(self, order: StepOrder) -> Executor | OrderRefused:
        """Use the order's capability up and return the executor that must run it now, or return the refusal.

        Raises what the inbox raises if the attempt cannot be recorded.
        """
        executor = self._executor(order)
        refused = self._refused(order)
        if refused is not None:
            return refused
        if executor is None:
            return OrderRefused(GateRefusal.NO_EXECUTOR, {"primitive": order.capability.action.primitive})
        refused = self._attempt(order)
        return executor if refused is None else refused

    def turned_away(self, order: StepOrder, refused: OrderRefused) -> StepOutcome:
        """The outcome of a refused order. It is not written to the inbox, because nothing was changed."""
        return self._outcome(order, StepStatus.REFUSED, refused.detail)

    def ended(self, order: StepOrder, reply: Reply[StepOutcome]) -> StepOutcome:
        """The outcome of an executor's reply; raises unless the outcome is durable in the inbox on return.

        After a ``TemporaryError`` the status is ``UNKNOWN``. Any other ``AiopsError`` means that the effect did not
        happen. Any other exception is a fault of the executor, and the status is ``UNKNOWN``.
        """
        match reply:
            case Failure(error=TemporaryError() as error):
                outcome = self._outcome(order, StepStatus.UNKNOWN, f"it may or may not have happened: {error}")
            case Failure(error=AiopsError() as error):
                outcome = self._outcome(order, StepStatus.FAILED, str(error))
            case Failure(error=error):
                outcome = self._outcome(order, StepStatus.UNKNOWN, f"the executor failed: {error!r}")
            case StepOutcome():
                outcome = reply
        self._inbox.append(self._row(order, "outcome", outcome.at, body=encode(outcome), who="executor"))
        return outcome

    def observe(self, order: StepOrder) -> GateObservation | AskAgain:
        """Observe whether the effect of this order happened, and use its capability up.

        The answer is ``NOT_DONE`` if the capability was unused. Otherwise the executor observes the target: at once if
        the order has ended, else after the order's deadline plus ``GRACE``. The effect cannot happen after the answer.
        """
        seen = attempted(partial(self._observe, order))
        return (
            GateObservation(Observed.UNKNOWN, Basis.ERROR, {"error": seen.error}) if isinstance(seen, Failure) else seen
        )

    def _observe(self, order: StepOrder) -> GateObservation | AskAgain:
        if self._use_up(order, "observer"):
            return GateObservation(Observed.NOT_DONE, Basis.NEVER_BEGUN)
        over_at = order.deadline_at + GRACE
        if self._clock.now() < over_at and not self._inbox.has(f"outcome/{order.capability.id}", order.domain):
            return AskAgain(over_at)
        executor = self._executor(order)
        if executor is None:
            return GateObservation(
                Observed.UNKNOWN, Basis.NO_EXECUTOR, {"primitive": order.capability.action.primitive}
            )
        return GateObservation(executor.observe(order), Basis.TARGET)

    def _attempt(self, order: StepOrder) -> OrderRefused | None:
        """Record the attempt in the transaction that reads epoch and halt again; the refusal if it may not begin.

        A halt that is durable before the attempt is, stops it, however long either waited for the other. The clock is
        read again, because the transaction may have waited.
        """
        capability = order.capability
        guard = AttemptGuard(capability.epoch, capability.halt_generation)
        facts = self._inbox.attempt(
            self._row(order, "attempt", self._clock.now(), body=encode(order), who="executor"), guard
        )
        refused = self._forbidden(order, facts.epoch, facts.halt)
        if refused is None and not facts.recorded:
            return OrderRefused(GateRefusal.USED)
        return refused

    def _refused(self, order: StepOrder) -> OrderRefused | None:
        """Why the order may not begin, from facts read now; facts that cannot be read are a refusal as well."""
        try:
            epoch = self._inbox.epoch(ORCHESTRATOR, order.domain)
            halt = self._inbox.halt_state(order.domain)
        except AiopsError as error:
            return OrderRefused(GateRefusal.JOURNAL_UNREADABLE, {"error": error})
        return self._forbidden(order, epoch, halt)

    def _forbidden(self, order: StepOrder, epoch: int, halt: HaltState) -> OrderRefused | None:
        capability, now = order.capability, self._clock.now()
        if epoch != capability.epoch:
            return OrderRefused(GateRefusal.EPOCH_OVER, {"epoch": capability.epoch, "newest": epoch})
        if halt.halted:
            facts = {"who": halt.who or "somebody", "reason": halt.reason or "no reason given"}
            return OrderRefused(GateRefusal.HALTED, facts)
        if halt.generation != capability.halt_generation:
            return OrderRefused(GateRefusal.HALTED_SINCE)
        if now > capability.expires_at or now > order.deadline_at:
            return OrderRefused(GateRefusal.EXPIRED)
        return None

    def _use_up(self, order: StepOrder, who: str) -> bool:
        return self._inbox.append(self._row(order, "attempt", self._clock.now(), body=encode(order), who=who))

    def _row(self, order: StepOrder, kind: str, at: int, *, body: str, who: str) -> InboxRow:
        return InboxRow(f"{kind}/{order.capability.id}", at, kind, body, who, domain=order.domain)

    def _executor(self, order: StepOrder) -> Executor | None:
        return self._executors.get(order.capability.action.primitive, self._executors.get(ANY))

    def _outcome(self, order: StepOrder, status: StepStatus, detail: str) -> StepOutcome:
        return StepOutcome(order.capability.key, status, self._clock.now(), Prose(detail), order.domain)
