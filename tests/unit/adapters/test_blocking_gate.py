"""The gate on a thread of its own: runs executors, waits where the gate says so, and dies where tests want."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from aiops.adapters.blocking_gate import BlockingGate
from aiops.driver.gate import GRACE, Gate
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.journal import InboxRow
from aiops.model.plans import Observed, StepOrder, StepOutcome, StepStatus
from aiops.model.prose import Prose
from aiops.ports import Executor
from tests.unit.driver.ports import NOW, SECOND, Clock, Inbox, Target, order


class Accepting:
    """An executor whose effect goes on after it was accepted."""

    def __init__(self) -> None:
        self.ends: Future[StepOutcome] = Future()

    def run(self, order: StepOrder) -> Future[StepOutcome]:
        return self.ends

    def observe(self, order: StepOrder) -> Observed:
        return Observed.UNKNOWN


class DiedError(BaseException):
    """The process was killed here."""


class Bench:
    """A gate with its inbox, its clock and the points it passed."""

    def __init__(self, target: Executor) -> None:
        self.inbox, self.clock, self.passed = Inbox(), Clock(), list[str]()
        self.dies_at = ""
        gate = Gate(self.inbox, {"*": target}, self.clock)
        self.gate = BlockingGate(gate, self.clock, fail_point=self.point, wait=self.clock.wait)

    def point(self, name: str) -> None:
        self.passed.append(name)
        if name == self.dies_at:
            raise DiedError


@pytest.fixture
def target() -> Target:
    return Target()


@pytest.fixture
def bench(target: Target) -> Bench:
    return Bench(target)


def test_an_order_is_carried_out_and_its_outcome_is_in_the_inbox(bench: Bench, target: Target) -> None:
    """Attempt before, outcome after, with the points at which tests kill between them."""
    assert bench.gate.run(order()).status is StepStatus.DONE
    assert target.effects == {"plan/1/do": 1}
    assert list(bench.inbox.rows) == ["attempt/c1", "outcome/c1"]
    assert bench.passed == ["executor.attempted", "executor.acted"]


def test_a_refused_order_touches_nothing(bench: Bench, target: Target) -> None:
    """No row, no effect, and no point passed."""
    bench.inbox.newest = 8
    outcome = bench.gate.run(order())
    assert (outcome.status, outcome.detail) == (StepStatus.REFUSED, "its epoch 7 is over, the newest is 8")
    assert (target.effects, bench.inbox.rows, bench.passed) == ({}, {}, [])


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TemporaryError("lost"), StepStatus.UNKNOWN),
        (PermanentError("no"), StepStatus.FAILED),
        (RuntimeError("bug"), StepStatus.UNKNOWN),
    ],
)
def test_an_executor_that_fails_is_reported_and_never_raises(
    bench: Bench, target: Target, error: Exception, status: StepStatus
) -> None:
    """And the outcome is durable like any other."""
    target.error = error
    assert bench.gate.run(order()).status is status
    assert "outcome/c1" in bench.inbox.rows


@pytest.mark.parametrize(("point", "effects"), [("executor.attempted", 0), ("executor.acted", 1)])
def test_a_kill_between_attempt_and_outcome_never_leads_to_a_second_effect(
    bench: Bench, target: Target, point: str, effects: int
) -> None:
    """Whoever starts again finds the capability used, and can only look."""
    bench.dies_at = point
    with pytest.raises(DiedError):
        bench.gate.run(order())
    assert sum(target.effects.values()) == effects
    bench.dies_at = ""
    assert bench.gate.run(order()).status is StepStatus.REFUSED
    assert sum(target.effects.values()) == effects


def test_an_observation_waits_for_the_deadline_and_its_grace(bench: Bench, target: Target) -> None:
    """Before that the effect could still come."""
    target.observed = Observed.DONE
    bench.inbox.append(InboxRow("attempt/c1", NOW, "attempt", "{}", "executor"))
    assert bench.gate.observe(order()) == (Observed.DONE, "the target was asked")
    assert bench.clock.at == order().deadline_at + GRACE


def test_an_observation_of_what_never_began_waits_for_nothing(bench: Bench) -> None:
    """It is ruled out at once."""
    assert bench.gate.observe(order())[0] is Observed.NOT_DONE
    assert bench.clock.at == NOW


def test_an_effect_that_was_only_accepted_is_waited_for() -> None:
    """Its outcome is that of the future."""
    target = Accepting()
    bench = Bench(target)
    target.ends.set_result(StepOutcome("plan/1/do", StepStatus.DONE, NOW, Prose("in the end")))
    assert bench.gate.run(order()).detail == "in the end"


def test_an_effect_that_does_not_end_in_time_is_unknown() -> None:
    """Nobody waits longer than its deadline and grace."""
    bench = Bench(Accepting())
    bench.clock.at = order().deadline_at

    def passes(name: str) -> None:
        if name == "executor.attempted":
            bench.clock.at += GRACE + SECOND

    bench.gate._fail_point = passes
    outcome = bench.gate.run(order())
    assert outcome.status is StepStatus.UNKNOWN
    assert outcome.detail == "it may or may not have happened: the action had not ended by its deadline"


def test_an_accepted_effect_that_fails_is_like_any_other_failure() -> None:
    """The future's error is the executor's error."""
    target = Accepting()
    bench = Bench(target)
    target.ends.set_exception(PermanentError("rejected"))
    outcome = bench.gate.run(order())
    assert (outcome.status, outcome.detail) == (StepStatus.FAILED, "rejected")
