"""How a saga is taken back: undoing in reverse order, reversing what was temporary, stopping half-way, ending."""

from __future__ import annotations

from dataclasses import replace

from aiops.model.plans import StepDirection
from aiops.model.prose import Prose
from remediations import saga_messages as messages
from remediations.saga_messages import SagaOutcome
from remediations.saga_moves import Moved, ask_authority, later, track_of_step, with_timer
from remediations.saga_state import LASTING, Saga, SagaState, StepMark


def give_up(saga: Saga, at: int, why: Prose) -> Moved:
    """The plan will not succeed: take back what was done, or stop where that may not run."""
    if saga.direction is StepDirection.UNDO:
        return stuck(saga, Prose(f"undo not permitted: {why}"))
    saga = replace(saga, why=why)
    return stop(saga) if saga.halted else undo(saga, at)


def undo(saga: Saga, at: int) -> Moved:
    """Undo the last lasting step; strictly in reverse order, so the first that cannot be undone stops it."""
    spent = tuple(
        replace(track, mark=StepMark.SPENT)
        if step.transient and track.mark in (StepMark.DONE, StepMark.IN_DOUBT)
        else track
        for step, track in zip(saga.plan.steps, saga.tracks, strict=True)
    )
    was_begun = any(track.mark in LASTING | {StepMark.UNDONE, StepMark.SPENT} for track in saga.tracks)
    saga = replace(saga, tracks=spent)
    places = [place for place, track in enumerate(saga.tracks) if track.mark in LASTING]
    if not places:
        return end(saga, SagaOutcome.UNDONE if was_begun else SagaOutcome.REFUSED)
    saga = replace(saga, cursor=places[-1])
    step, track = saga.step, saga.tracks[saga.cursor]
    if track.mark is StepMark.IN_DOUBT and not step.undo_either_way:
        return stuck(saga, Prose(f"{saga.why}; {step.id} is in doubt and its undo is not safe either way"))
    if step.undo is None or not track.undo:
        return stuck(saga, Prose(f"{saga.why}; {step.id} cannot be undone"))
    return ask_authority(track_of_step(replace(saga, direction=StepDirection.UNDO), runs=0), at)


def undone(saga: Saga, at: int) -> Moved:
    """The current step is undone: undo the step before, or wait for the next reversal."""
    if saga.halted:
        return stop(saga)
    if not saga.reversing:
        return undo(saga, at)
    release = messages.ReleaseBudget(saga.tracks[saga.cursor].reservation)
    saga = replace(track_of_step(saga, reservation=""), direction=StepDirection.DO)
    if any(is_temporary(saga, place) for place in range(len(saga.tracks))):
        saga, timer = await_reversal(saga, at)
        return saga, (release, timer)
    saga, commands = end(saga, SagaOutcome.REVERSED)
    return saga, (release, *commands)


def end(saga: Saga, outcome: SagaOutcome) -> Moved:
    """The plan is over: give every reservation back and report the outcome."""
    releases = tuple(messages.ReleaseBudget(key) for key in saga.reservations)
    tracks = tuple(replace(track, reservation="") for track in saga.tracks)
    saga = replace(saga, state=SagaState.FINISHED, timer="", tracks=tracks, ended=outcome)
    return saga, (*releases, messages.Finished(outcome, saga.why, saga.describe(), saga.verdict))


def stuck(saga: Saga, why: Prose) -> Moved:
    """The plan stops half-way: page an operator with the exact state of each step."""
    saga = replace(saga, state=SagaState.STUCK, timer="", why=why, ended=SagaOutcome.STUCK)
    state = saga.describe()
    return saga, (messages.PageOperator(why, state), messages.Finished(SagaOutcome.STUCK, why, state, saga.verdict))


def stop(saga: Saga) -> Moved:
    """Halted at a safe point: no undo runs; a person is paged unless nothing was changed."""
    if saga.begun:
        return stuck(saga, Prose("halted half-way"))
    return end(replace(saga, why=Prose("halted")), SagaOutcome.UNDONE if _touched(saga) else SagaOutcome.REFUSED)


def _touched(saga: Saga) -> bool:
    return any(track.mark in (StepMark.UNDONE, StepMark.SPENT) for track in saga.tracks)


def is_temporary(saga: Saga, place: int) -> bool:
    """Whether the step at ``place`` is done and is to be reversed at its time."""
    return saga.plan.steps[place].reverse_after_seconds is not None and saga.tracks[place].mark is StepMark.DONE


def await_reversal(saga: Saga, at: int) -> tuple[Saga, messages.SetTimer]:
    """Point at the temporary step that is due first; of equals the later step, which is undone first."""
    dues = [
        (later(saga.tracks[place].done_at, step.reverse_after_seconds or 0.0), -place)
        for place, step in enumerate(saga.plan.steps)
        if is_temporary(saga, place)
    ]
    due, place = min(dues)
    saga = replace(saga, state=SagaState.HOLDING, cursor=-place, reversing=True)
    return with_timer(saga, "reverse", max(due, at))


def reverse(saga: Saga, event: messages.SagaTimerFired) -> Moved:
    """The time of a temporary step is over: undo it."""
    saga = replace(saga, why=Prose("its time is over"))
    if saga.halted:
        return stuck(saga, Prose("halted when the reversal was due"))
    if saga.step.undo is None or not saga.tracks[saga.cursor].undo:
        return stuck(saga, Prose(f"{saga.step.id} cannot be reversed"))
    return ask_authority(track_of_step(replace(saga, direction=StepDirection.UNDO), runs=0), event.at)
