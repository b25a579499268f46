"""An inbox, a target and a clock for the gate's tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from aiops.model.errors import TemporaryError
from aiops.model.journal import AttemptFacts, AttemptGuard, HaltState, InboxRow
from aiops.model.plans import Action, Capability, Observed, StepDirection, StepOrder, StepOutcome, StepStatus

NOW = 1_000_000_000_000
SECOND = 1_000_000_000


@dataclass
class Inbox:
    """An inbox in memory."""

    rows: dict[str, InboxRow] = field(default_factory=dict)
    halt: HaltState = field(default_factory=lambda: HaltState(0, halted=False))
    newest: int = 7
    down: bool = False
    full: bool = False
    """It can be read and not be written."""
    between: Callable[[], None] = lambda: None
    """What happens after the gate has read the facts and before it records the attempt."""

    def append(self, row: InboxRow) -> bool:
        if self.full:
            raise TemporaryError("the disk is full")
        if row.key in self.rows:
            return False
        self.rows[row.key] = row
        return True

    def attempt(self, row: InboxRow, guard: AttemptGuard) -> AttemptFacts:
        self.between()
        facts = AttemptFacts(self.newest, self.halt, recorded=False)
        return replace(facts, recorded=facts.permit(guard) and self.append(row))

    def has(self, key: str, domain: str = "main") -> bool:
        return key in self.rows

    def halt_state(self, domain: str = "main") -> HaltState:
        if self.down:
            raise TemporaryError("the journal is away")
        return self.halt

    def set_halt(self, state: HaltState, domain: str = "main") -> HaltState:
        self.halt = state
        return state

    def epoch(self, role: str, domain: str = "main") -> int:
        return self.newest


@dataclass
class Target:
    """Counts effects by key, as a real target would."""

    effects: dict[str, int] = field(default_factory=dict)
    error: Exception | None = None
    observed: Observed = Observed.UNKNOWN

    def run(self, order: StepOrder) -> StepOutcome:
        if self.error is not None:
            raise self.error
        key = order.capability.key
        self.effects[key] = self.effects.get(key, 0) + 1
        return StepOutcome(key, StepStatus.DONE, NOW)

    def observe(self, order: StepOrder) -> Observed:
        if self.error is not None:
            raise self.error
        return self.observed


class Clock:
    """A clock that stands until somebody waits."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> int:
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += round(seconds * SECOND)


def order(capability: str = "c1", primitive: str = "restart") -> StepOrder:
    """An order of epoch 7 that has five seconds, with a capability for ten."""
    authority = Capability(
        capability, "inc", "plan/1/do", Action(primitive, "cart"), StepDirection.DO, 7, 0, NOW + 10 * SECOND
    )
    return StepOrder(authority, NOW + 5 * SECOND)
