"""One plan from its first step to an end that somebody can trust: verified, undone, or a person paged.

``advance(saga, event)`` is the one door. It reads a table of (state, event) and returns the next saga, an immutable
value that the journal keeps as JSON, and the commands that follow from it. A pair that is not in the table raises
``NoTransitionError`` and changes nothing, and so does an answer that speaks of another step than the current one: such
answers are late ones and may be dropped.

What holds whatever the order of events: an effect begins only when its step's reservation was granted, oversight
permitted it, and nothing is halted; an effect in doubt is observed, and only NOT_DONE lets it run again; steps are
undone in reverse order; an undo that fails, or that may not run, stops the plan and pages the exact state.
"""

from __future__ import annotations

from dataclasses import replace

from aiops.model import plans
from aiops.model.errors import NoTransitionError
from aiops.model.plans import StepDirection, StepStatus
from aiops.model.prose import Prose
from remediations import saga_messages as messages
from remediations.saga_messages import Event
from remediations.saga_moves import (
    ANSWER_SECONDS,
    MAX_RUNS,
    REPORT_GRACE_SECONDS,
    Handler,
    Moved,
    ask_authority,
    ended_by,
    expect,
    expect_current,
    later,
    mark_at_rest,
    on_timer,
    track_of_step,
    with_timer,
)
from remediations.saga_state import Saga, SagaState, StepMark
from remediations.saga_stops import (
    halt_here,
    halt_later,
    halt_watching,
    resume,
    stay,
    taken_over,
    withdraw_here,
    withdraw_later,
)
from remediations.saga_undo import give_up, reverse, stop, stuck, undone
from remediations.saga_verification import check_again_or_fail, verified, verify


def advance(saga: Saga, event: Event) -> Moved:
    """The next saga and what follows; ``NoTransitionError`` when the state does not know the event."""
    handler = TABLE.get((saga.state, type(event)))
    if handler is None:
        raise NoTransitionError(f"saga {saga.plan.id}: {saga.state} knows no {type(event).__name__}")
    return handler(saga, event)


# ---------------------------------------------------------------------------------------------------- going ahead


def _start(saga: Saga, event: messages.Started) -> Moved:
    return _reserve(saga, event.at)


def _reserve(saga: Saga, at: int) -> Moved:
    step = saga.step
    saga = replace(saga, state=SagaState.RESERVING, direction=StepDirection.DO, moves=saga.moves + 1)
    key = f"{saga.plan.id}/{step.id}/reservation/{saga.moves}"
    saga, timer = with_timer(track_of_step(saga, reservation=key, runs=0), "reserve", later(at, ANSWER_SECONDS))
    targets = {step.action.target: None} | ({step.undo.target: None} if step.undo else {})
    return saga, (messages.ReserveBudget(key, step.id, tuple(targets), step.blast), timer)


def _reserved(saga: Saga, event: messages.Reserved) -> Moved:
    expect(saga, event.key, saga.tracks[saga.cursor].reservation)
    return ask_authority(track_of_step(saga, undo=event.undo), event.at)


def _refused(saga: Saga, event: messages.BudgetRefused) -> Moved:
    expect(saga, event.key, saga.tracks[saga.cursor].reservation)
    return give_up(saga, event.at, Prose(f"budget: {event.reason}"))


def _authorised(saga: Saga, event: messages.Authorised) -> Moved:
    expect_current(saga, event)
    step, forward = saga.step, saga.direction is StepDirection.DO
    action = step.action if forward else step.undo
    assert action is not None
    run = saga.tracks[saga.cursor].runs + 1
    mark, ends_at = StepMark.BEGUN if forward else StepMark.UNDOING, later(event.at, step.timeout_seconds)
    saga = track_of_step(replace(saga, state=SagaState.RUNNING), mark=mark, runs=run, ends_at=ends_at, unsure=False)
    due = later(event.at, step.timeout_seconds + REPORT_GRACE_SECONDS)
    saga, timer = with_timer(saga, "step", due)
    return saga, (messages.Begin(step.id, saga.direction, saga.key, action, step.timeout_seconds, run), timer)


def _vetoed(saga: Saga, event: messages.Vetoed) -> Moved:
    expect_current(saga, event)
    return give_up(saga, event.at, Prose(f"oversight: {event.reason}"))


def _held(saga: Saga, event: messages.Held) -> Moved:
    """Nothing begun: wait without holding locks. Half-way, a plan does not wait for hours: it is taken back."""
    expect_current(saga, event)
    if saga.begun or saga.direction is StepDirection.UNDO:
        return give_up(saga, event.at, Prose(f"oversight: {event.reason}"))
    release = messages.ReleaseBudget(saga.tracks[saga.cursor].reservation)
    saga = track_of_step(replace(saga, state=SagaState.HELD, why=event.reason), reservation="")
    saga, timer = with_timer(saga, "hold", max(event.until, event.at))
    return saga, (release, timer)


def _reported(saga: Saga, event: messages.Reported) -> Moved:
    expect(saga, event.outcome.key, saga.key)
    outcome, forward = event.outcome, saga.direction is StepDirection.DO
    saga = track_of_step(saga, detail=outcome.detail, unsure=outcome.status is StepStatus.UNKNOWN)
    match outcome.status:
        case StepStatus.DONE if forward and saga.step.postcondition and not (saga.halted or saga.withdrawn):
            return _check(saga, event.at)
        case StepStatus.DONE:
            return _happened(saga, event.at)
        case StepStatus.REFUSED:
            return _did_not_happen(saga, event.at, Prose(f"refused: {outcome.detail}"))
        case StepStatus.FAILED if not forward:
            return stuck(track_of_step(saga, mark=StepMark.UNDO_IN_DOUBT), Prose(f"undo failed: {outcome.detail}"))
        case StepStatus.FAILED | StepStatus.UNKNOWN:
            return _observe(saga, event.at)


def _observe(saga: Saga, at: int) -> Moved:
    """The effect is in doubt: look at the target. No answer is final before the effect's own deadline."""
    step, saga = saga.step, track_of_step(saga, look_again=False)
    action = step.action if saga.direction is StepDirection.DO else step.undo
    assert action is not None
    due = later(max(at, ended_by(saga)), ANSWER_SECONDS)
    saga, timer = with_timer(replace(saga, state=SagaState.OBSERVING), "observe", due)
    run = saga.tracks[saga.cursor].runs
    return saga, (messages.Observe(step.id, saga.direction, saga.key, action, run), timer)


def _check(saga: Saga, at: int) -> Moved:
    """The effect was reported done: look whether its postcondition holds before anything rests on it."""
    step = saga.step
    saga = track_of_step(replace(saga, state=SagaState.CHECKING), mark=StepMark.DONE, done_at=at)
    saga, timer = with_timer(saga, "check", later(at, ANSWER_SECONDS))
    run = saga.tracks[saga.cursor].runs
    return saga, (messages.Observe(step.id, saga.direction, saga.key, step.action, run, step.postcondition), timer)


def _checked(saga: Saga, event: messages.EffectObserved) -> Moved:
    """What does not hold has failed; where nobody can tell, verification judges."""
    expect(saga, event.key, saga.key)
    if event.observed is plans.Observed.NOT_DONE:
        saga = track_of_step(saga, detail=event.detail)
        return give_up(
            saga, event.at, Prose(f"{saga.step.id} was done, but it does not hold that {saga.step.postcondition}")
        )
    return _go_on(saga, event.at)


def _observed(saga: Saga, event: messages.EffectObserved) -> Moved:
    expect(saga, event.key, saga.key)
    if event.detail:
        saga = track_of_step(saga, detail=event.detail)
    match event.observed:
        case plans.Observed.DONE:
            return _happened(saga, event.at)
        case seen if event.at < ended_by(saga) and (seen is plans.Observed.UNKNOWN or saga.tracks[saga.cursor].unsure):
            saga, timer = with_timer(track_of_step(saga, look_again=True), "observe", ended_by(saga))
            return saga, (timer,)
        case plans.Observed.NOT_DONE if _may_run_again(saga):
            return ask_authority(track_of_step(saga, mark=mark_at_rest(saga)), event.at)
        case plans.Observed.NOT_DONE:
            return _did_not_happen(saga, event.at, Prose("it did not happen"))
        case plans.Observed.UNKNOWN:
            return _doubtful(saga, event.at)


def _not_observed(saga: Saga, event: messages.SagaTimerFired) -> Moved:
    again = saga.tracks[saga.cursor].look_again
    return _observe(saga, event.at) if again else _doubtful(saga, event.at)


def _may_run_again(saga: Saga) -> bool:
    ending = saga.halted or (saga.withdrawn and saga.direction is StepDirection.DO)
    return saga.tracks[saga.cursor].runs < MAX_RUNS and not ending


def _happened(saga: Saga, at: int) -> Moved:
    if saga.direction is StepDirection.UNDO:
        return undone(track_of_step(saga, mark=StepMark.UNDONE), at)
    return _go_on(track_of_step(saga, mark=StepMark.DONE, done_at=at), at)


def _go_on(saga: Saga, at: int) -> Moved:
    """The current step is done: the next one, or wait for the effect to show."""
    if saga.halted:
        return stop(saga)
    if saga.withdrawn:
        return give_up(saga, at, saga.why)
    if saga.cursor + 1 < len(saga.plan.steps):
        return _reserve(replace(saga, cursor=saga.cursor + 1), at)
    settle = max(step.settle_seconds for step in saga.plan.steps)
    saga = replace(saga, state=SagaState.SETTLING, deadline=later(at, settle + saga.plan.verify_deadline_seconds))
    saga, timer = with_timer(saga, "settle", later(at, settle + saga.plan.verify_window_seconds))
    return saga, (timer,)


def _did_not_happen(saga: Saga, at: int, why: Prose) -> Moved:
    saga = track_of_step(saga, mark=mark_at_rest(saga))
    if saga.direction is StepDirection.UNDO:
        return stuck(saga, Prose(f"undo {why}"))
    return give_up(saga, at, Prose(f"{saga.step.id} {why}"))


def _doubtful(saga: Saga, at: int) -> Moved:
    """Nobody can tell whether it happened: never again, and undone only where that is safe either way."""
    if saga.direction is StepDirection.UNDO:
        return stuck(
            track_of_step(saga, mark=StepMark.UNDO_IN_DOUBT), Prose("nobody can tell whether the undo happened")
        )
    saga = track_of_step(saga, mark=StepMark.IN_DOUBT)
    return give_up(saga, at, Prose(f"nobody can tell whether {saga.step.id} happened"))


# --------------------------------------------------------------------------- halts, restarts, timers, people


def _restarted(saga: Saga, event: messages.Restarted) -> Moved:
    return _observe(saga, event.at)


def _no_answer(saga: Saga, event: messages.SagaTimerFired) -> Moved:
    return give_up(saga, event.at, Prose(f"no answer while {saga.state}"))


TABLE: dict[tuple[SagaState, type[Event]], Handler] = {
    (SagaState.READY, messages.Started): _start,
    (SagaState.READY, messages.Halted): halt_here,
    (SagaState.READY, messages.Withdrawn): withdraw_here,
    (SagaState.RESERVING, messages.Reserved): _reserved,
    (SagaState.RESERVING, messages.BudgetRefused): _refused,
    (SagaState.RESERVING, messages.SagaTimerFired): on_timer(_no_answer),
    (SagaState.RESERVING, messages.Halted): halt_here,
    (SagaState.RESERVING, messages.Withdrawn): withdraw_here,
    (SagaState.AUTHORISING, messages.Authorised): _authorised,
    (SagaState.AUTHORISING, messages.Vetoed): _vetoed,
    (SagaState.AUTHORISING, messages.Held): _held,
    (SagaState.AUTHORISING, messages.SagaTimerFired): on_timer(_no_answer),
    (SagaState.AUTHORISING, messages.Halted): halt_here,
    (SagaState.AUTHORISING, messages.Withdrawn): withdraw_here,
    (SagaState.HELD, messages.SagaTimerFired): on_timer(lambda saga, event: _reserve(saga, event.at)),
    (SagaState.HELD, messages.Halted): halt_here,
    (SagaState.HELD, messages.Withdrawn): withdraw_here,
    (SagaState.RUNNING, messages.Reported): _reported,
    (SagaState.RUNNING, messages.SagaTimerFired): on_timer(lambda saga, event: _observe(saga, event.at)),
    (SagaState.RUNNING, messages.Halted): halt_later,
    (SagaState.RUNNING, messages.Withdrawn): withdraw_later,
    (SagaState.RUNNING, messages.Restarted): _restarted,
    (SagaState.OBSERVING, messages.Reported): _reported,
    (SagaState.OBSERVING, messages.EffectObserved): _observed,
    (SagaState.OBSERVING, messages.SagaTimerFired): on_timer(_not_observed),
    (SagaState.OBSERVING, messages.Halted): halt_later,
    (SagaState.OBSERVING, messages.Withdrawn): withdraw_later,
    (SagaState.CHECKING, messages.EffectObserved): _checked,
    (SagaState.CHECKING, messages.SagaTimerFired): on_timer(lambda saga, event: _go_on(saga, event.at)),
    (SagaState.CHECKING, messages.Halted): halt_later,
    (SagaState.CHECKING, messages.Withdrawn): withdraw_later,
    (SagaState.SETTLING, messages.SagaTimerFired): on_timer(lambda saga, event: verify(saga, event.at)),
    (SagaState.SETTLING, messages.Halted): halt_watching,
    (SagaState.SETTLING, messages.Resumed): resume,
    (SagaState.VERIFYING, messages.VerificationEnded): verified,
    (SagaState.VERIFYING, messages.SagaTimerFired): on_timer(check_again_or_fail),
    (SagaState.VERIFYING, messages.Halted): halt_watching,
    (SagaState.VERIFYING, messages.Resumed): resume,
    (SagaState.HOLDING, messages.SagaTimerFired): on_timer(reverse),
    (SagaState.HOLDING, messages.Halted): halt_watching,
    (SagaState.HOLDING, messages.Resumed): resume,
    (SagaState.STUCK, messages.TakenOver): taken_over,
}
"""What each state does with each event. ``Started`` of an empty plan is refused by oversight before it gets here."""

LIVE = [state for state in SagaState if state not in (SagaState.FINISHED, SagaState.STUCK)]
for _kind in (messages.Restarted, messages.Resumed, messages.Withdrawn):
    TABLE |= {(state, _kind): stay for state in LIVE if (state, _kind) not in TABLE}
"""Elsewhere a restart, a resume or a withdrawal changes nothing: what was asked is asked again from the outbox, timers
are kept, and a plan whose steps are all done, or that is being undone, ends by itself."""
