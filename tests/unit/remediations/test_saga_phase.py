"""The phase of a plan follows from its state, its direction and its flags, for every saga that can come about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiops.model.plans import StepDirection
from remediations.saga_phase import Phase, moves_by_itself, phase_of
from remediations.saga_state import SagaState, begin
from tests.unit.remediations.conftest import make_plan, make_step
from tests.unit.remediations.reachable import reachable

ONE = begin(make_plan(make_step("a")))
UNDO = {"direction": StepDirection.UNDO}


@pytest.mark.parametrize(
    ("fields", "phase"),
    [
        ({}, Phase.AHEAD),
        ({"state": SagaState.HELD}, Phase.AHEAD),
        ({"state": SagaState.RUNNING, "halted": True}, Phase.AHEAD),
        ({"state": SagaState.RUNNING, "withdrawn": True}, Phase.ENDING),
        ({"state": SagaState.CHECKING, "withdrawn": True}, Phase.ENDING),
        ({"state": SagaState.SETTLING}, Phase.WATCHED),
        ({"state": SagaState.VERIFYING, "halted": True}, Phase.WATCHED),
        ({"state": SagaState.AUTHORISING, **UNDO}, Phase.UNDOING),
        ({"state": SagaState.RUNNING, "withdrawn": True, **UNDO}, Phase.UNDOING),
        ({"state": SagaState.HOLDING, "reversing": True}, Phase.TEMPORARY),
        ({"state": SagaState.RUNNING, "reversing": True, **UNDO}, Phase.TEMPORARY),
        ({"state": SagaState.STUCK, "reversing": True, **UNDO}, Phase.STUCK),
        ({"state": SagaState.FINISHED}, Phase.FINISHED),
    ],
)
def test_the_phase_says_what_the_plan_may_still_do(fields: dict[str, object], phase: Phase) -> None:
    """A halt changes no phase: it stops the plan at its next safe point."""
    assert phase_of(replace(ONE, **fields)) is phase  # type: ignore[arg-type]


def test_only_a_waiting_reversal_and_a_plan_at_rest_do_not_move() -> None:
    """Every other saga waits for an answer or a timer that moves it soon."""
    for saga in reachable():
        waits = saga.state in (SagaState.HOLDING, SagaState.STUCK, SagaState.FINISHED)
        assert moves_by_itself(saga) is not waits, saga


def test_every_phase_comes_about() -> None:
    """The table of combinations has no column that no plan reaches."""
    assert {phase_of(saga) for saga in reachable()} == set(Phase)
