"""The executor of targets that keep no keys themselves: at most one effect per key, and answers from their real state.

``Way`` is one way of acting (supervisord, HAProxy …). It reads the target's state before an effect, has the effect, and
tells from the target's state whether the effect happened. Keys, epochs and deadlines are here, once for all ways.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from aiops.adapters.executors.key_ledger import KeyEntry, KeyLedger, KeyState, OldEpoch
from aiops.driver.gate import GRACE
from aiops.model.errors import AiopsError, PermanentError, TemporaryError
from aiops.model.plans import Observed, StepDirection, StepOrder, StepOutcome, StepStatus
from aiops.model.prose import Prose
from aiops.ports import Clock

State = Mapping[str, str]
"""What a way keeps of a target's state before its effect. Only the way reads it."""
_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Deadline:
    """The time that is left for an effect."""

    at: int
    clock: Clock
    sleep: Callable[[float], None] = time.sleep

    @property
    def left(self) -> float:
        """Seconds, at least 0."""
        return max(0.0, (self.at - self.clock.now()) / 1e9)

    def wait_for(self, holds: Callable[[], bool], doing: str) -> None:
        """Look every 0.1 s until a condition holds.

        Raises:
            TemporaryError: it does not hold at the deadline.
        """
        while not holds():
            if self.left <= 0:
                raise TemporaryError(f"its deadline passed while it waited: {doing}")
            self.sleep(min(_POLL_SECONDS, self.left))

    def check(self, doing: str) -> None:
        """``TemporaryError`` if the deadline has passed: nothing more is begun."""
        if self.left <= 0:
            raise TemporaryError(f"its deadline passed before it could {doing}")


class Way(Protocol):
    """A way of acting on targets of one kind."""

    def before(self, order: StepOrder, did: State | None) -> State:
        """The target's state that the effect will change; empty: there is nothing to do.

        Args:
            order: what will be done.
            did: for an undo, what ``before`` returned for the step that it undoes; None: that step never began.

        Raises:
            AiopsError: the order cannot be carried out; nothing is changed.
        """
        ...

    def act(self, order: StepOrder, before: State, deadline: Deadline) -> str:
        """Have the effect, and say in a sentence what was done.

        Raises:
            PermanentError: nothing was changed.
            TemporaryError: the effect may have happened in part.
        """
        ...

    def seen(self, order: StepOrder, before: State) -> Observed:
        """Whether the target's state is that after the effect (done), that before (not done), or neither (unknown).

        With ``order.postcondition`` only the whole condition is done, and anything else is not done.

        Raises:
            TemporaryError: the target does not answer.
        """
        ...


class KeyedExecutor:
    """``Executor`` over one way of acting.

    A second order with a key whose effect happened is done at once and changes nothing. If it is not known whether the
    effect happened, the target is asked; the effect is repeated only if the target says that it did not happen.
    """

    def __init__(self, way: Way, keys: KeyLedger, clock: Clock) -> None:
        self._way, self._keys, self._clock = way, keys, clock

    def run(self, order: StepOrder) -> StepOutcome:
        """Carry out the order until its deadline.

        Raises:
            PermanentError: the deadline has passed, or the keys cannot be read or written; nothing was changed.
        """
        deadline = Deadline(order.deadline_at, self._clock)
        if deadline.left <= 0:
            raise PermanentError("its deadline has passed; nothing was changed")
        capability = order.capability
        old = self._keys.epoch_is_over(order.domain, capability.epoch)
        if old is not None:
            return self._refused(order, old)
        found = self._keys.find(order.domain, capability.key)
        if found is not None:
            known = self._known(order, found)
            if known is not None:
                return known
        try:
            before = self._way.before(order, self._did(order))
        except AiopsError as error:
            return self._outcome(order, StepStatus.FAILED, f"nothing was changed: {error}")
        if order.dry_run:
            return self._outcome(order, StepStatus.DONE, f"dry run, nothing was changed; found {dict(before)}")
        return self._begin(order, found, before, deadline=deadline)

    def observe(self, order: StepOrder) -> Observed:
        """Whether the effect happened, from the target's state. A key that was never begun is not done.

        Raises:
            TemporaryError: the target does not answer.
            PermanentError: the entry of the key cannot be read.
        """
        found = self._keys.find(order.domain, order.capability.key)
        if found is None:
            return Observed.NOT_DONE
        return self._way.seen(order, found.before) if found.before else Observed.DONE

    def _known(self, order: StepOrder, found: KeyEntry) -> StepOutcome | None:
        """The outcome of a key that was used before; None: its effect did not happen, and it may run."""
        if found.state is KeyState.DONE:
            return self._outcome(order, StepStatus.DONE, "it was done before with this key; nothing was changed")
        if found.state is KeyState.BEGUN and self._clock.now() < found.deadline_at + GRACE:
            return self._outcome(order, StepStatus.UNKNOWN, "it was begun before with this key and may be under way")
        try:
            seen = self._way.seen(order, found.before)
        except AiopsError as error:
            return self._outcome(order, StepStatus.UNKNOWN, f"it was begun before with this key: {error}")
        match seen:
            case Observed.NOT_DONE:
                return None
            case Observed.DONE:
                self._keys.end(order.domain, found)
                return self._outcome(order, StepStatus.DONE, "it was done before with this key; nothing was changed")
            case Observed.UNKNOWN:
                return self._outcome(order, StepStatus.UNKNOWN, "it was begun before with this key and is half done")

    def _begin(self, order: StepOrder, found: KeyEntry | None, before: State, *, deadline: Deadline) -> StepOutcome:
        capability = order.capability
        entry = KeyEntry(key=capability.key, state=KeyState.BEGUN, deadline_at=order.deadline_at, before=dict(before))
        stopped = self._keys.begin(order.domain, capability.epoch, entry=entry, over=found)
        if isinstance(stopped, OldEpoch):
            return self._refused(order, stopped)
        if stopped is not None:
            return self._outcome(order, StepStatus.UNKNOWN, "another process has just begun it with this key")
        try:
            detail = self._way.act(order, before, deadline) if before else "there was nothing to do"
        except TemporaryError as error:
            self._keys.end(order.domain, entry, KeyState.IN_DOUBT)
            return self._outcome(order, StepStatus.UNKNOWN, f"it may have happened in part: {error}")
        except PermanentError as error:
            self._keys.forget(order.domain, capability.key)
            return self._outcome(order, StepStatus.FAILED, f"nothing was changed: {error}")
        self._keys.end(order.domain, entry)
        return self._outcome(order, StepStatus.DONE, detail)

    def _did(self, order: StepOrder) -> State | None:
        """What was kept of the target before the step that an undo takes back. Keys end in their direction."""
        if order.capability.direction is not StepDirection.UNDO:
            return None
        key = order.capability.key.removesuffix(StepDirection.UNDO) + StepDirection.DO
        found = self._keys.find(order.domain, key)
        return found.before if found else None

    def _refused(self, order: StepOrder, old: OldEpoch) -> StepOutcome:
        detail = f"its epoch {order.capability.epoch} is over: the newest that came here is {old.newest}"
        return self._outcome(order, StepStatus.REFUSED, detail)

    def _outcome(self, order: StepOrder, status: StepStatus, detail: str) -> StepOutcome:
        return StepOutcome(order.capability.key, status, self._clock.now(), Prose(detail), order.domain)
