"""The gate in front of every effect."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from aiops.driver.gate import Gate
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.plans import Action, Capability, Direction, Observed, StepOrder, StepOutcome, StepStatus
from aiops.ports import HaltState, InboxRow

NOW = 1_000_000_000_000


@dataclass
class Inbox:
    """An inbox in memory."""

    rows: dict[str, InboxRow] = field(default_factory=dict)
    halt: HaltState = field(default_factory=lambda: HaltState(0, halted=False))
    newest: int = 7
    down: bool = False

    def append(self, row: InboxRow) -> bool:
        if row.key in self.rows:
            return False
        self.rows[row.key] = row
        return True

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
        return self.observed


class Clock:
    """A clock that stands until somebody waits."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> int:
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += int(seconds * 1e9)


def order(capability: str = "c1") -> StepOrder:
    action = Action("restart", "cart")
    return StepOrder(
        Capability(capability, "inc", "plan/1/do", action, Direction.DO, 7, 0, NOW + 10**10), NOW + 5 * 10**9
    )


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def target() -> Target:
    return Target()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gate(inbox: Inbox, target: Target, clock: Clock) -> Gate:
    return Gate(inbox, {"*": target}, clock, wait=clock.wait)


def test_an_order_is_carried_out_and_its_outcome_is_in_the_inbox(gate: Gate, inbox: Inbox, target: Target) -> None:
    """Attempt before, outcome after."""
    assert gate.run(order()).status is StepStatus.DONE
    assert target.effects == {"plan/1/do": 1}
    assert list(inbox.rows) == ["attempt/c1", "outcome/c1"]


def test_a_capability_is_used_once(gate: Gate, target: Target) -> None:
    """The same order twice has one effect."""
    gate.run(order())
    assert gate.run(order()).status is StepStatus.REFUSED
    assert target.effects == {"plan/1/do": 1}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda i, _: setattr(i, "newest", 8), "epoch 7 is over"),
        (lambda i, _: setattr(i, "halt", HaltState(1, halted=True, who="ann")), "ann halted"),
        (lambda i, _: setattr(i, "halt", HaltState(2, halted=False)), "there was a halt"),
        (lambda _, c: setattr(c, "at", NOW + 6 * 10**9), "expired"),
        (lambda i, _: setattr(i, "down", True), "cannot be read"),
    ],
    ids=["epoch", "halted", "halted-and-resumed", "late", "no-journal"],
)
def test_nothing_happens_without_authority_at_this_moment(
    gate: Gate, inbox: Inbox, target: Target, clock: Clock, change: Callable[[Inbox, Clock], None], why: str
) -> None:
    """Each refusal says why and uses nothing up."""
    change(inbox, clock)
    outcome = gate.run(order())
    assert (outcome.status, target.effects, inbox.rows) == (StepStatus.REFUSED, {}, {})
    assert why in outcome.detail


def test_no_executor_means_no_action(inbox: Inbox, clock: Clock) -> None:
    """An action nobody can carry out is refused with the setting's name."""
    outcome = Gate(inbox, {}, clock).run(order())
    assert outcome.status is StepStatus.REFUSED
    assert "acting.executors" in outcome.detail


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TemporaryError("lost"), StepStatus.UNKNOWN),
        (PermanentError("no"), StepStatus.FAILED),
        (RuntimeError("bug"), StepStatus.UNKNOWN),
    ],
)
def test_an_executor_that_fails_is_reported_and_never_raises(
    gate: Gate, target: Target, inbox: Inbox, error: Exception, status: StepStatus
) -> None:
    """What may have happened is unknown; what surely did not is failed."""
    target.error = error
    assert gate.run(order()).status is status
    assert "outcome/c1" in inbox.rows


def test_an_order_that_never_began_is_not_done_and_cannot_begin_later(gate: Gate, target: Target) -> None:
    """Observing burns the capability."""
    assert gate.observe(order())[0] is Observed.NOT_DONE
    assert gate.run(order()).status is StepStatus.REFUSED
    assert target.effects == {}


@pytest.mark.parametrize("observed", list(Observed))
def test_an_order_that_began_is_judged_by_its_target_after_its_deadline(
    gate: Gate, inbox: Inbox, target: Target, clock: Clock, observed: Observed
) -> None:
    """Before the deadline the effect could still come, so the answer waits."""
    target.observed = observed
    inbox.append(InboxRow("attempt/c1", NOW, "attempt", "{}", "executor"))
    assert gate.observe(order())[0] is observed
    assert clock.at > order().deadline_at


def test_a_new_capability_for_the_same_key_may_run_after_not_done(gate: Gate, target: Target) -> None:
    """The key stays, the authority is new."""
    gate.observe(order("c1"))
    assert gate.run(order("c2")).status is StepStatus.DONE
    assert target.effects == {"plan/1/do": 1}
    assert replace(order("c2")).capability.key == order("c1").capability.key
