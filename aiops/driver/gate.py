"""The gate: the last look before an effect, in the executor's own process, on facts it reads for itself.

An order passes when its epoch is the newest, nobody halted since its capability was made, the capability has not
expired and was never used. Using it up is an inbox row with a unique key, written before the effect: whoever writes it
first owns the effect. So an attempt that was never begun can be ruled out for ever by writing that row oneself, which
is how an order in doubt is told from one that never left.

The gate decides and records. It neither waits nor runs an executor: whoever drives it does, on a thread
(``aiops.adapters.blocking_gate``) or in virtual time (``aiops.driver.virtual_ports``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final

from aiops.driver.replies import Failure, Reply, attempted
from aiops.model.codec import encode
from aiops.model.errors import AiopsError, TemporaryError
from aiops.model.journal import InboxRow
from aiops.model.plans import Observed, StepOrder, StepOutcome, StepStatus
from aiops.model.prose import Prose
from aiops.ports import ORCHESTRATOR, Clock, Executor, Inbox

GRACE: Final = 1_000_000_000
"""How long after its deadline an effect may still be felt, ns: network and process shutdown."""
ANY: Final = "*"
"""In ``executors``: the executor of every primitive that has none of its own."""


class GateRefusal(StrEnum):
    """Why an order may not be carried out."""

    JOURNAL_UNREADABLE = "journal-unreadable"
    EPOCH_OVER = "epoch-over"
    HALTED = "halted"
    HALTED_SINCE = "halted-since"
    """Somebody halted and resumed after the capability was made."""
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
    """An order that is not carried out. Unless it is ``USED``, its capability is left unused."""

    refusal: GateRefusal
    facts: Mapping[str, object] = field(default_factory=dict)
    """What the text names."""

    @property
    def detail(self) -> str:
        """One sentence for the incident's story."""
        return _REFUSALS[self.refusal].format_map(self.facts)


class Basis(StrEnum):
    """What an observation rests on."""

    NEVER_BEGUN = "never-begun"
    """Nobody had used the capability; it is used up now."""
    TARGET = "target"
    """The executor looked at the target."""
    NO_EXECUTOR = "no-executor"
    ERROR = "error"
    """The inbox or the executor could not be asked."""


_BASES: Final = {
    Basis.NEVER_BEGUN: "it was never begun, and now it cannot begin",
    Basis.TARGET: "the target was asked",
    Basis.NO_EXECUTOR: "no executor is set for {primitive}",
    Basis.ERROR: "{error}",
}


@dataclass(frozen=True, slots=True)
class GateObservation:
    """Whether an effect happened, as far as anybody can tell. Afterwards the order cannot begin any more."""

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
    """The effect may still be under way: observe again at ``at`` (ns), when it cannot be any more."""

    at: int


class Gate:
    """Admits orders to executors, records how they end, and tells whether an order in doubt happened.

    Args:
        inbox: for epoch, halt, attempts and outcomes.
        executors: primitive, or ``*``, to executor.
        clock: now.
    """

    def __init__(self, inbox: Inbox, executors: Mapping[str, Executor], clock: Clock) -> None:
        self._inbox, self._executors, self._clock = inbox, dict(executors), clock

    def admit(self, order: StepOrder) -> Executor | OrderRefused:
        """The executor that must now run the order, its capability used up; or why nobody may.

        Raises what the inbox raises when the attempt cannot be recorded.
        """
        executor = self._executor(order)
        refused = self._refused(order)
        if refused is not None:
            return refused
        if executor is None:
            return OrderRefused(GateRefusal.NO_EXECUTOR, {"primitive": order.capability.action.primitive})
        return executor if self._use_up(order, "executor") else OrderRefused(GateRefusal.USED)

    def turned_away(self, order: StepOrder, refused: OrderRefused) -> StepOutcome:
        """The outcome of an order that was refused; nothing was changed, so the inbox need not know."""
        return self._outcome(order, StepStatus.REFUSED, refused.detail)

    def ended(self, order: StepOrder, reply: Reply[StepOutcome]) -> StepOutcome:
        """What the executor's reply means; it is durable in the inbox when this returns, and raises otherwise.

        A ``TemporaryError`` leaves it unknown whether the effect happened. Another error of ours says that it did not.
        Any other exception is a fault of the executor, after which nobody knows.
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
        """Did the effect of this order happen? Its capability is used up afterwards.

        ``NOT_DONE`` for certain when nobody had begun it. Otherwise the target is asked: at once when the order has
        ended, else after its deadline and ``GRACE``, so that the effect cannot happen after the answer.
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

    def _refused(self, order: StepOrder) -> OrderRefused | None:
        """Facts that forbid it, read anew; facts that cannot be read forbid it as well."""
        capability, now = order.capability, self._clock.now()
        try:
            epoch = self._inbox.epoch(ORCHESTRATOR, order.domain)
            halt = self._inbox.halt_state(order.domain)
        except AiopsError as error:
            return OrderRefused(GateRefusal.JOURNAL_UNREADABLE, {"error": error})
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
