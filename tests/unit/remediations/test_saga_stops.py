"""Withdrawal: no further step begins, what was done is undone, and an undo on its way goes on."""

from __future__ import annotations

from dataclasses import replace

from aiops.model.errors import NoTransitionError
from aiops.model.plans import Observed, StepDirection, StepOutcome, StepStatus
from aiops.model.prose import Prose
from remediations import saga_messages as say
from remediations.saga import advance
from remediations.saga_messages import SagaOutcome
from remediations.saga_moves import Moved
from remediations.saga_phase import Phase, phase_of
from remediations.saga_state import Saga, SagaState, StepMark, begin
from remediations.saga_stops import halt_here, halt_later, halt_watching, resume, stay, taken_over
from tests.unit.remediations.conftest import make_plan, make_step
from tests.unit.remediations.reachable import HOUR, LATE, events, reachable

WHY = Prose("INC-1 is escalated")
GONE = say.Withdrawn(LATE, WHY)


def started(*names: str) -> Saga:
    """A plan that waits for the budget of its first step."""
    return advance(begin(make_plan(*(make_step(name) for name in names))), say.Started(1))[0]


def run(saga: Saga) -> Saga:
    """The current step runs."""
    saga, _ = advance(saga, say.Reserved(1, saga.tracks[saga.cursor].reservation))
    return advance(saga, say.Authorised(1, saga.step.id, saga.direction))[0]


def reported(saga: Saga, status: StepStatus) -> tuple[Saga, tuple[say.Command, ...]]:
    """Its executor reports."""
    return advance(saga, say.Reported(LATE, StepOutcome(saga.key, status, LATE)))


def test_a_plan_that_did_nothing_ends_at_once() -> None:
    """Its reservation is given back; nothing was changed."""
    saga, commands = advance(started("a"), GONE)
    assert (saga.state, saga.reservations) == (SagaState.FINISHED, ())
    (end,) = [command for command in commands if isinstance(command, say.Finished)]
    assert (end.outcome, end.reason) == (SagaOutcome.REFUSED, WHY)


def test_a_plan_that_waits_for_a_window_ends_too() -> None:
    """It does not run hours later on its old approval."""
    saga = started("a")
    saga, _ = advance(saga, say.Reserved(1, saga.tracks[0].reservation))
    saga, _ = advance(saga, say.Held(1, "a", StepDirection.DO, LATE, Prose("freeze")))
    saga, _ = advance(saga, GONE)
    assert (saga.state, saga.ended) == (SagaState.FINISHED, SagaOutcome.REFUSED)


def test_between_two_steps_the_first_is_undone() -> None:
    """The second waits for its budget when the incident is closed."""
    saga, _ = reported(run(started("a", "b")), StepStatus.DONE)
    saga, commands = advance(saga, GONE)
    (asked,) = [command for command in commands if isinstance(command, say.AskAuthority)]
    assert (asked.step, asked.direction, phase_of(saga)) == ("a", StepDirection.UNDO, Phase.UNDOING)


def test_an_effect_in_flight_ends_before_it_is_undone() -> None:
    """Its end is the next safe point; until then nothing begins."""
    saga, commands = advance(run(started("a", "b")), GONE)
    assert (saga.state, commands, phase_of(saga)) == (SagaState.RUNNING, (), Phase.ENDING)
    saga, _ = reported(saga, StepStatus.DONE)
    assert (saga.step.id, saga.direction) == ("a", StepDirection.UNDO)


def test_an_effect_that_did_not_happen_is_not_tried_again() -> None:
    """The second run would be a new effect."""
    saga, _ = advance(run(started("a")), GONE)
    saga, _ = reported(saga, StepStatus.UNKNOWN)
    saga, _ = advance(saga, say.EffectObserved(LATE, saga.key, Observed.NOT_DONE))
    assert (saga.state, saga.ended, saga.why) == (SagaState.FINISHED, SagaOutcome.REFUSED, "a it did not happen")


def test_the_undo_of_a_withdrawn_plan_may_run_twice() -> None:
    """An undo that was seen not to have happened runs again: the plan must not stay half-way."""
    saga, _ = advance(run(started("a")), GONE)
    saga, _ = reported(saga, StepStatus.DONE)
    saga, _ = advance(saga, say.Authorised(LATE, "a", StepDirection.UNDO))
    saga, _ = reported(saga, StepStatus.UNKNOWN)
    saga, _ = advance(saga, say.EffectObserved(LATE + HOUR, saga.key, Observed.NOT_DONE))
    assert saga.state is SagaState.AUTHORISING


def test_after_a_withdrawal_no_step_ever_begins() -> None:
    """In whatever state it comes: every path from there begins undos only."""
    seen: set[object] = set()
    edge: list[Moved] = []
    for saga in reachable():
        try:
            edge.append(advance(saga, GONE))
        except NoTransitionError:
            assert phase_of(saga) in (Phase.STUCK, Phase.FINISHED)
    while edge:
        now, told = edge.pop()
        assert phase_of(now) is not Phase.AHEAD
        assert not [c for c in told if isinstance(c, say.Begin) and c.direction is StepDirection.DO]
        kind = (now.state, now.direction, now.cursor, now.halted, tuple(t.mark for t in now.tracks))
        if kind in seen:
            continue
        seen.add(kind)
        for event in events(now):
            try:
                edge.append(advance(now, event))
            except NoTransitionError:
                continue


def test_a_halt_stops_where_nothing_is_in_flight() -> None:
    """Nothing was changed: the plan ends; elsewhere it only remembers the halt."""
    saga, _ = halt_here(started("a"), say.Halted(1))
    assert (saga.state, saga.why) == (SagaState.FINISHED, "halted")
    saga, commands = halt_later(run(started("a")), say.Halted(1))
    assert (saga.halted, saga.state, commands) == (True, SagaState.RUNNING, ())
    assert resume(saga, say.Resumed(1))[0].halted is False
    assert stay(saga, say.Resumed(1)) == (saga, ())


def test_a_halt_while_a_plan_is_verified_pages_once() -> None:
    """No undo will run, so a person must know."""
    watched = replace(started("a"), state=SagaState.SETTLING)
    saga, commands = halt_watching(watched, say.Halted(1, "ann"))
    assert [command.reason for command in commands if isinstance(command, say.PageOperator)] == [
        "halted by ann while settling"
    ]
    assert halt_watching(saga, say.Halted(2)) == (saga, ())


def test_who_takes_over_frees_the_reservations() -> None:
    """The targets are in order again, as this person says."""
    stuck = replace(run(started("a")), state=SagaState.STUCK)
    saga, commands = taken_over(stuck, say.TakenOver(1, "ann"))
    assert commands == tuple(say.ReleaseBudget(key) for key in stuck.reservations)
    assert (saga.state, saga.reservations, saga.tracks[0].mark) == (SagaState.FINISHED, (), StepMark.BEGUN)
