"""What the end of a plan means: for its breakers, for its attempt, for its incident."""

from __future__ import annotations

from concurrent.futures import Future

import pytest

from aiops.control.state.documents import SagaRecord
from aiops.control.state.invariants import broken
from aiops.control.state.views import open_breakers
from aiops.model.plans import StepDirection, StepOrder, StepOutcome, StepStatus, Verdict
from aiops.model.prose import Prose
from remediations.breakers import Result
from remediations.saga_messages import SagaOutcome
from remediations.saga_state import SagaState, StepMark
from tests.unit.control.fakes import FakeTarget, Loop, settings

TARGET = "target:web"


class StubbornTarget(FakeTarget):
    """Does what it is told, and fails every undo without a trace."""

    def run(self, order: StepOrder) -> StepOutcome | Future[StepOutcome]:
        """The undo fails."""
        if order.capability.direction is StepDirection.UNDO:
            return StepOutcome(order.capability.key, StepStatus.FAILED, 0, Prose("the switch is jammed"))
        return super().run(order)


def judged(verdict: Verdict, target: FakeTarget | None = None) -> Loop:
    """A plan that was verified so, on this target."""
    loop = Loop(settings(max_attempts=1), target=target or FakeTarget())
    loop.resolution.verdict = verdict
    loop.abnormal("web")
    loop.wait(120)
    return loop


def results(loop: Loop) -> list[Result]:
    """What the target's breaker has learned."""
    record = loop.runtime.orchestrator.state.breakers.get(TARGET)
    return [] if record is None else [result for _, result in record.breaker.endings]


def saga(loop: Loop) -> SagaRecord:
    """The one plan that was made."""
    (record,) = loop.runtime.orchestrator.state.sagas.values()
    return record


def test_harm_opens_the_breaker_when_the_undo_fails() -> None:
    """A plan that harmed and could not be taken back is harm: the next action on that target is refused."""
    loop = judged(Verdict.HARMED, StubbornTarget())
    assert saga(loop).saga.state is SagaState.STUCK
    assert results(loop) == [Result.HARMED]
    assert TARGET in open_breakers(loop.runtime.orchestrator.state, loop.at)


def test_harm_is_the_attempts_verdict_when_the_undo_fails() -> None:
    """Who plans next is told that it harmed."""
    loop = judged(Verdict.HARMED, StubbornTarget())
    (attempt,) = loop.runtime.orchestrator.state.work["INC-1"].attempts
    assert attempt.verdict is Verdict.HARMED


def test_harm_that_was_taken_back_opens_the_breaker() -> None:
    """An undo that works does not make the harm undone."""
    loop = judged(Verdict.HARMED)
    assert saga(loop).saga.ended is SagaOutcome.UNDONE
    assert results(loop) == [Result.HARMED]


@pytest.mark.parametrize("target", [FakeTarget(), StubbornTarget()], ids=["undone", "stuck"])
def test_what_only_did_not_heal_is_a_failure(target: FakeTarget) -> None:
    """Not healthy is not harm, whether or not the undo works: one failure leaves the breaker closed."""
    loop = judged(Verdict.UNHEALTHY, target)
    assert results(loop) == [Result.FAILED]
    assert TARGET not in open_breakers(loop.runtime.orchestrator.state, loop.at)


def test_a_healed_plan_is_success() -> None:
    """The breaker learns of successes too."""
    assert results(judged(Verdict.HEALTHY)) == [Result.HEALED]


def test_a_plan_that_says_undone_and_left_something_behind_is_a_fault() -> None:
    """The invariant reads the outcome's type and the marks of the steps."""
    loop = judged(Verdict.UNHEALTHY)
    state, record = loop.runtime.orchestrator.state, saga(loop)
    assert broken(state) == []
    object.__setattr__(record.saga.tracks[0], "mark", StepMark.DONE)
    assert any("says it was undone" in sentence for sentence in broken(state))
