"""A step is done when its postcondition holds: looked at after the report, before anything rests on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aiops.model import plans
from aiops.model.plans import StepDirection, StepStatus, Verdict
from remediations import saga_messages as say
from remediations.saga_messages import SagaOutcome
from remediations.saga_state import SagaState, StepMark
from tests.unit.remediations.test_saga import Drive

Make = Callable[..., Any]
HOLDS = "four instances are ready"


def checking(plan: Make, step: Make, **fields: Any) -> Drive:
    """A plan of one step that was reported done and is being looked at."""
    return Drive(plan(step("a", postcondition=HOLDS, **fields))).start().do()


def test_the_target_is_asked_before_settling(plan: Make, step: Make) -> None:
    """The question carries the key of the effect and the postcondition."""
    drive = checking(plan, step)
    assert drive.saga.state is SagaState.CHECKING
    asked = drive.find(say.Observe)
    assert (asked.key, asked.postcondition, asked.direction) == ("p/a/do", HOLDS, StepDirection.DO)


def test_one_that_holds_goes_on_to_settling(plan: Make, step: Make) -> None:
    """Then verification comes, since the effect and not since the look."""
    drive = checking(plan, step)
    drive.at += 7
    drive.see(plans.Observed.DONE)
    assert drive.saga.state is SagaState.SETTLING
    assert drive.saga.tracks[0].done_at == drive.at - 7
    drive.fire()
    drive.tell(say.VerificationEnded(drive.at, Verdict.HEALTHY))
    assert drive.outcomes == [SagaOutcome.VERIFIED]


def test_one_that_does_not_hold_has_failed_and_is_undone(plan: Make, step: Make) -> None:
    """The effect may be half there, so its undo runs; it is never run again."""
    drive = checking(plan, step)
    drive.see(plans.Observed.NOT_DONE)
    assert HOLDS in drive.saga.why
    assert drive.saga.direction is StepDirection.UNDO
    drive.allow().report(StepStatus.DONE)
    assert drive.outcomes == [SagaOutcome.UNDONE]
    assert [command.direction for command in drive.all if isinstance(command, say.Begin)] == ["do", "undo"]


def test_without_an_undo_a_person_is_paged(plan: Make, step: Make) -> None:
    """What does not hold and cannot be taken back stops the plan with its state."""
    drive = checking(plan, step, undo=False)
    drive.see(plans.Observed.NOT_DONE)
    assert drive.outcomes == [SagaOutcome.STUCK]
    assert drive.saga.tracks[0].mark is StepMark.DONE


@pytest.mark.parametrize("how", ["unknown", "silence"])
def test_where_nobody_can_tell_verification_judges(plan: Make, step: Make, how: str) -> None:
    """An executor that cannot look, or does not answer, keeps no healing from being verified."""
    drive = checking(plan, step)
    if how == "unknown":
        drive.see(plans.Observed.UNKNOWN)
    else:
        drive.fire()
    assert drive.saga.state is SagaState.SETTLING


def test_a_halt_while_looking_stops_at_the_answer(plan: Make, step: Make) -> None:
    """The look is the next safe point; nothing is undone under halt."""
    drive = checking(plan, step)
    drive.tell(say.Halted(drive.at, "ann"))
    drive.see(plans.Observed.DONE)
    assert drive.saga.over
    assert StepDirection.UNDO not in {c.direction for c in drive.all if isinstance(c, say.Begin)}


def test_a_restart_while_looking_changes_nothing(plan: Make, step: Make) -> None:
    """The question is asked again from the outbox."""
    drive = checking(plan, step)
    before = drive.saga
    drive.tell(say.Restarted(drive.at))
    assert drive.saga == before


def test_the_second_step_waits_for_the_first_ones_postcondition(plan: Make, step: Make) -> None:
    """No budget is reserved for what follows until the look is answered."""
    drive = Drive(plan(step("a", postcondition=HOLDS), step("b"))).start().do()
    assert not [c for c in drive.last if isinstance(c, say.ReserveBudget)]
    drive.see(plans.Observed.DONE)
    assert drive.find(say.ReserveBudget).step == "b"


def test_an_undo_is_not_looked_at(plan: Make, step: Make) -> None:
    """The postcondition is the step's; its undo ends with its report."""
    drive = checking(plan, step)
    drive.see(plans.Observed.NOT_DONE)
    drive.allow().report(StepStatus.DONE)
    assert drive.saga.over
