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

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from aiops.model import plans
from aiops.model.errors import NoTransitionError
from aiops.model.plans import StepDirection, StepStatus, Verdict
from aiops.model.prose import Prose
from remediations import saga_messages as say
from remediations.saga_messages import Command, Event, SagaOutcome
from remediations.saga_state import LASTING, Saga, SagaState, StepMark

NANOSECONDS = 1_000_000_000
ANSWER_SECONDS = 60.0
"""Budget and oversight that have not answered by then have refused."""
REPORT_GRACE_SECONDS = 5.0
"""After an effect's hard deadline: an executor that is still silent leaves it in doubt."""
VERIFY_AGAIN_SECONDS = 15.0
MAX_RUNS = 2
"""Runs of one effect at most; the second only after it was seen that the first did nothing."""


Moved = tuple[Saga, tuple[Command, ...]]
Handler = Callable[[Saga, Any], Moved]


def advance(saga: Saga, event: Event) -> Moved:
    """The next saga and what follows; ``NoTransitionError`` when the state does not know the event."""
    handler = TABLE.get((saga.state, type(event)))
    if handler is None:
        raise NoTransitionError(f"saga {saga.plan.id}: {saga.state} knows no {type(event).__name__}")
    return handler(saga, event)


# ------------------------------------------------------------------------------------------------- small changes


def _track(saga: Saga, **changes: Any) -> Saga:
    """The saga with its current step's track changed."""
    tracks = list(saga.tracks)
    tracks[saga.cursor] = replace(tracks[saga.cursor], **changes)
    return replace(saga, tracks=tuple(tracks))


def _timer(saga: Saga, name: str, due: int) -> tuple[Saga, say.SetTimer]:
    moves = saga.moves + 1
    timer = f"{saga.plan.id}/{name}/{moves}"
    return replace(saga, timer=timer, moves=moves), say.SetTimer(timer, name, due)


def _after(at: int, seconds: float) -> int:
    return at + round(seconds * NANOSECONDS)


def _expect(saga: Saga, said: str, current: str) -> None:
    if said != current:
        raise NoTransitionError(f"saga {saga.plan.id}: {saga.state} waits for {current}, not for {said}")


def _current(saga: Saga, event: say.Authorised | say.Vetoed | say.Held) -> None:
    _expect(saga, f"{event.step}/{event.direction}", f"{saga.step.id}/{saga.direction}")


# ---------------------------------------------------------------------------------------------------- going ahead


def _start(saga: Saga, event: say.Started) -> Moved:
    return _reserve(saga, event.at)


def _reserve(saga: Saga, at: int) -> Moved:
    step = saga.step
    saga = replace(saga, state=SagaState.RESERVING, direction=StepDirection.DO, moves=saga.moves + 1)
    key = f"{saga.plan.id}/{step.id}/reservation/{saga.moves}"
    saga, timer = _timer(_track(saga, reservation=key, runs=0), "reserve", _after(at, ANSWER_SECONDS))
    targets = {step.action.target: None} | ({step.undo.target: None} if step.undo else {})
    return saga, (say.ReserveBudget(key, step.id, tuple(targets), step.blast), timer)


def _reserved(saga: Saga, event: say.Reserved) -> Moved:
    _expect(saga, event.key, saga.tracks[saga.cursor].reservation)
    return _ask(_track(saga, undo=event.undo), event.at)


def _refused(saga: Saga, event: say.BudgetRefused) -> Moved:
    _expect(saga, event.key, saga.tracks[saga.cursor].reservation)
    return _give_up(saga, event.at, Prose(f"budget: {event.reason}"))


def _ask(saga: Saga, at: int) -> Moved:
    step = saga.step
    action = step.action if saga.direction is StepDirection.DO else step.undo
    assert action is not None
    saga, timer = _timer(replace(saga, state=SagaState.AUTHORISING), "authorise", _after(at, ANSWER_SECONDS))
    return saga, (say.AskAuthority(step.id, saga.direction, action, step.blast), timer)


def _authorised(saga: Saga, event: say.Authorised) -> Moved:
    _current(saga, event)
    step, forward = saga.step, saga.direction is StepDirection.DO
    action = step.action if forward else step.undo
    assert action is not None
    run = saga.tracks[saga.cursor].runs + 1
    saga = _track(
        replace(saga, state=SagaState.RUNNING), mark=StepMark.BEGUN if forward else StepMark.UNDOING, runs=run
    )
    due = _after(event.at, step.timeout_seconds + REPORT_GRACE_SECONDS)
    saga, timer = _timer(saga, "step", due)
    return saga, (say.Begin(step.id, saga.direction, saga.key, action, step.timeout_seconds, run), timer)


def _vetoed(saga: Saga, event: say.Vetoed) -> Moved:
    _current(saga, event)
    return _give_up(saga, event.at, Prose(f"oversight: {event.reason}"))


def _held(saga: Saga, event: say.Held) -> Moved:
    """Nothing begun: wait without holding locks. Half-way, a plan does not wait for hours: it is taken back."""
    _current(saga, event)
    if saga.begun or saga.direction is StepDirection.UNDO:
        return _give_up(saga, event.at, Prose(f"oversight: {event.reason}"))
    release = say.ReleaseBudget(saga.tracks[saga.cursor].reservation)
    saga = _track(replace(saga, state=SagaState.HELD, why=event.reason), reservation="")
    saga, timer = _timer(saga, "hold", max(event.until, event.at))
    return saga, (release, timer)


def _reported(saga: Saga, event: say.Reported) -> Moved:
    _expect(saga, event.outcome.key, saga.key)
    outcome, forward = event.outcome, saga.direction is StepDirection.DO
    saga = _track(saga, detail=outcome.detail)
    match outcome.status:
        case StepStatus.DONE if forward and saga.step.postcondition and not saga.halted:
            return _check(saga, event.at)
        case StepStatus.DONE:
            return _happened(saga, event.at)
        case StepStatus.REFUSED:
            return _did_not_happen(saga, event.at, Prose(f"refused: {outcome.detail}"))
        case StepStatus.FAILED if not forward:
            return _stuck(_track(saga, mark=StepMark.UNDO_IN_DOUBT), Prose(f"undo failed: {outcome.detail}"))
        case StepStatus.FAILED | StepStatus.UNKNOWN:
            return _look(saga, event.at)


def _look(saga: Saga, at: int) -> Moved:
    """The effect is in doubt: look at the target."""
    step = saga.step
    action = step.action if saga.direction is StepDirection.DO else step.undo
    assert action is not None
    saga, timer = _timer(replace(saga, state=SagaState.OBSERVING), "observe", _after(at, ANSWER_SECONDS))
    run = saga.tracks[saga.cursor].runs
    return saga, (say.Observe(step.id, saga.direction, saga.key, action, run), timer)


def _check(saga: Saga, at: int) -> Moved:
    """The effect was reported done: look whether its postcondition holds before anything rests on it."""
    step = saga.step
    saga = _track(replace(saga, state=SagaState.CHECKING), mark=StepMark.DONE, done_at=at)
    saga, timer = _timer(saga, "check", _after(at, ANSWER_SECONDS))
    run = saga.tracks[saga.cursor].runs
    return saga, (say.Observe(step.id, saga.direction, saga.key, step.action, run, step.postcondition), timer)


def _checked(saga: Saga, event: say.EffectObserved) -> Moved:
    """What does not hold has failed; where nobody can tell, verification judges."""
    _expect(saga, event.key, saga.key)
    if event.observed is plans.Observed.NOT_DONE:
        saga = _track(saga, detail=event.detail)
        return _give_up(
            saga, event.at, Prose(f"{saga.step.id} was done, but it does not hold that {saga.step.postcondition}")
        )
    return _go_on(saga, event.at)


def _observed(saga: Saga, event: say.EffectObserved) -> Moved:
    _expect(saga, event.key, saga.key)
    if event.detail:
        saga = _track(saga, detail=event.detail)
    match event.observed:
        case plans.Observed.DONE:
            return _happened(saga, event.at)
        case plans.Observed.NOT_DONE if saga.tracks[saga.cursor].runs < MAX_RUNS and not saga.halted:
            return _ask(_track(saga, mark=_rest(saga)), event.at)
        case plans.Observed.NOT_DONE:
            return _did_not_happen(saga, event.at, Prose("it did not happen"))
        case plans.Observed.UNKNOWN:
            return _doubtful(saga, event.at)


def _rest(saga: Saga) -> StepMark:
    """The mark of a step whose current effect did not happen."""
    return StepMark.NOT_DONE if saga.direction is StepDirection.DO else StepMark.DONE


def _happened(saga: Saga, at: int) -> Moved:
    if saga.direction is StepDirection.UNDO:
        return _undone(_track(saga, mark=StepMark.UNDONE), at)
    return _go_on(_track(saga, mark=StepMark.DONE, done_at=at), at)


def _go_on(saga: Saga, at: int) -> Moved:
    """The current step is done: the next one, or wait for the effect to show."""
    if saga.halted:
        return _stop(saga)
    if saga.cursor + 1 < len(saga.plan.steps):
        return _reserve(replace(saga, cursor=saga.cursor + 1), at)
    settle = max(step.settle_seconds for step in saga.plan.steps)
    saga = replace(saga, state=SagaState.SETTLING, deadline=_after(at, settle + saga.plan.verify_deadline_seconds))
    saga, timer = _timer(saga, "settle", _after(at, settle + saga.plan.verify_window_seconds))
    return saga, (timer,)


def _did_not_happen(saga: Saga, at: int, why: Prose) -> Moved:
    saga = _track(saga, mark=_rest(saga))
    if saga.direction is StepDirection.UNDO:
        return _stuck(saga, Prose(f"undo {why}"))
    return _give_up(saga, at, Prose(f"{saga.step.id} {why}"))


def _doubtful(saga: Saga, at: int) -> Moved:
    """Nobody can tell whether it happened: never again, and undone only where that is safe either way."""
    if saga.direction is StepDirection.UNDO:
        return _stuck(_track(saga, mark=StepMark.UNDO_IN_DOUBT), Prose("nobody can tell whether the undo happened"))
    saga = _track(saga, mark=StepMark.IN_DOUBT)
    return _give_up(saga, at, Prose(f"nobody can tell whether {saga.step.id} happened"))


# --------------------------------------------------------------------------------------------------- verification


def _verify(saga: Saga, at: int) -> Moved:
    since = max(track.done_at for track in saga.tracks)
    saga, timer = _timer(replace(saga, state=SagaState.VERIFYING), "verify", _next_look(saga, at))
    return saga, (say.AskVerification(since), timer)


def _next_look(saga: Saga, at: int) -> int:
    again = min(VERIFY_AGAIN_SECONDS, max(2.0, saga.plan.verify_window_seconds / 4))
    return max(at, min(saga.deadline, _after(at, again)))


def _verified(saga: Saga, event: say.VerificationEnded) -> Moved:
    """Healthy ends it, harm takes it back at once; all else is asked again until the deadline, then is failure."""
    saga = replace(saga, verdict=event.verdict)
    if event.verdict is Verdict.HEALTHY:
        return _hold(saga, event.at)
    why = Prose(f"{event.verdict}: {'; '.join(event.reasons)}")
    if event.verdict is Verdict.HARMED or event.at >= saga.deadline:
        return _give_up(saga, event.at, why)
    saga, timer = _timer(replace(saga, why=why), "verify", _next_look(saga, event.at))
    return saga, (timer,)


def _hold(saga: Saga, at: int) -> Moved:
    """Verified: give back what is not needed for a reversal, and wait for the reversal if there is one."""
    keep = [_temporary(saga, place) for place in range(len(saga.tracks))]
    releases = tuple(
        say.ReleaseBudget(track.reservation)
        for track, kept in zip(saga.tracks, keep, strict=True)
        if not kept and track.reservation
    )
    tracks = tuple(
        track if kept else replace(track, reservation="") for track, kept in zip(saga.tracks, keep, strict=True)
    )
    saga = replace(saga, tracks=tracks, timer="", why=Prose("the goal was verified"), ended=SagaOutcome.VERIFIED)
    finished = say.Finished(SagaOutcome.VERIFIED, saga.why, saga.describe(), saga.verdict)
    if not any(keep):
        return replace(saga, state=SagaState.FINISHED), (*releases, finished)
    saga, timer = _await_reversal(saga, at)
    return saga, (*releases, finished, timer)


def _temporary(saga: Saga, place: int) -> bool:
    return saga.plan.steps[place].reverse_after_seconds is not None and saga.tracks[place].mark is StepMark.DONE


def _await_reversal(saga: Saga, at: int) -> tuple[Saga, say.SetTimer]:
    """Point at the temporary step that is due first; of equals the later step, which is undone first."""
    dues = [
        (_after(saga.tracks[place].done_at, step.reverse_after_seconds or 0.0), -place)
        for place, step in enumerate(saga.plan.steps)
        if _temporary(saga, place)
    ]
    due, place = min(dues)
    saga = replace(saga, state=SagaState.HOLDING, cursor=-place, reversing=True)
    return _timer(saga, "reverse", max(due, at))


# -------------------------------------------------------------------------------------------------------- undoing


def _give_up(saga: Saga, at: int, why: Prose) -> Moved:
    """The plan will not succeed: take back what was done, or stop where that may not run."""
    if saga.direction is StepDirection.UNDO:
        return _stuck(saga, Prose(f"undo not permitted: {why}"))
    saga = replace(saga, why=why)
    return _stop(saga) if saga.halted else _undo(saga, at)


def _undo(saga: Saga, at: int) -> Moved:
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
        return _end(saga, SagaOutcome.UNDONE if was_begun else SagaOutcome.REFUSED)
    saga = replace(saga, cursor=places[-1])
    step, track = saga.step, saga.tracks[saga.cursor]
    if track.mark is StepMark.IN_DOUBT and not step.undo_either_way:
        return _stuck(saga, Prose(f"{saga.why}; {step.id} is in doubt and its undo is not safe either way"))
    if step.undo is None or not track.undo:
        return _stuck(saga, Prose(f"{saga.why}; {step.id} cannot be undone"))
    return _ask(_track(replace(saga, direction=StepDirection.UNDO), runs=0), at)


def _undone(saga: Saga, at: int) -> Moved:
    if saga.halted:
        return _stop(saga)
    if not saga.reversing:
        return _undo(saga, at)
    release = say.ReleaseBudget(saga.tracks[saga.cursor].reservation)
    saga = replace(_track(saga, reservation=""), direction=StepDirection.DO)
    if any(_temporary(saga, place) for place in range(len(saga.tracks))):
        saga, timer = _await_reversal(saga, at)
        return saga, (release, timer)
    saga, commands = _end(saga, SagaOutcome.REVERSED)
    return saga, (release, *commands)


def _end(saga: Saga, outcome: SagaOutcome) -> Moved:
    releases = tuple(say.ReleaseBudget(key) for key in saga.reservations)
    tracks = tuple(replace(track, reservation="") for track in saga.tracks)
    saga = replace(saga, state=SagaState.FINISHED, timer="", tracks=tracks, ended=outcome)
    return saga, (*releases, say.Finished(outcome, saga.why, saga.describe(), saga.verdict))


def _stuck(saga: Saga, why: Prose) -> Moved:
    saga = replace(saga, state=SagaState.STUCK, timer="", why=why, ended=SagaOutcome.STUCK)
    state = saga.describe()
    return saga, (say.PageOperator(why, state), say.Finished(SagaOutcome.STUCK, why, state, saga.verdict))


# --------------------------------------------------------------------------- halts, restarts, timers, people


def _stop(saga: Saga) -> Moved:
    """Halted at a safe point: no undo runs; a person is paged unless nothing was changed."""
    if saga.begun:
        return _stuck(saga, Prose("halted half-way"))
    return _end(replace(saga, why=Prose("halted")), SagaOutcome.UNDONE if _touched(saga) else SagaOutcome.REFUSED)


def _touched(saga: Saga) -> bool:
    return any(track.mark in (StepMark.UNDONE, StepMark.SPENT) for track in saga.tracks)


def _halt_here(saga: Saga, event: say.Halted) -> Moved:  # noqa: ARG001
    return _stop(replace(saga, halted=True))


def _halt_later(saga: Saga, event: say.Halted) -> Moved:  # noqa: ARG001
    """An effect is in flight: its end is the next safe point."""
    return replace(saga, halted=True), ()


def _halt_watching(saga: Saga, event: say.Halted) -> Moved:
    """All steps are done and only looking is left: that goes on, but no undo will run, and a person knows."""
    if saga.halted:
        return saga, ()
    who = f" by {event.who}" if event.who else ""
    return replace(saga, halted=True), (say.PageOperator(Prose(f"halted{who} while {saga.state}"), saga.describe()),)


def _resume(saga: Saga, event: say.Resumed) -> Moved:  # noqa: ARG001
    return replace(saga, halted=False), ()


def _stay(saga: Saga, event: Event) -> Moved:  # noqa: ARG001
    return saga, ()


def _restarted(saga: Saga, event: say.Restarted) -> Moved:
    return _look(saga, event.at)


def _on_timer(then: Handler) -> Handler:
    """Only the newest timer means anything."""

    def fired(saga: Saga, event: say.SagaTimerFired) -> Moved:
        return then(saga, event) if event.timer == saga.timer else (saga, ())

    return fired


def _no_answer(saga: Saga, event: say.SagaTimerFired) -> Moved:
    return _give_up(saga, event.at, Prose(f"no answer while {saga.state}"))


def _look_again_or_fail(saga: Saga, event: say.SagaTimerFired) -> Moved:
    if event.at < saga.deadline:
        return _verify(saga, event.at)
    return _give_up(saga, event.at, Prose(saga.why or "verification did not answer before its deadline"))


def _reverse(saga: Saga, event: say.SagaTimerFired) -> Moved:
    saga = replace(saga, why=Prose("its time is over"))
    if saga.halted:
        return _stuck(saga, Prose("halted when the reversal was due"))
    if saga.step.undo is None or not saga.tracks[saga.cursor].undo:
        return _stuck(saga, Prose(f"{saga.step.id} cannot be reversed"))
    return _ask(_track(replace(saga, direction=StepDirection.UNDO), runs=0), event.at)


def _taken_over(saga: Saga, event: say.TakenOver) -> Moved:
    releases = tuple(say.ReleaseBudget(key) for key in saga.reservations)
    tracks = tuple(replace(track, reservation="") for track in saga.tracks)
    return replace(saga, state=SagaState.FINISHED, tracks=tracks, why=Prose(f"taken over by {event.who}")), releases


TABLE: dict[tuple[SagaState, type[Event]], Handler] = {
    (SagaState.READY, say.Started): _start,
    (SagaState.READY, say.Halted): _halt_here,
    (SagaState.RESERVING, say.Reserved): _reserved,
    (SagaState.RESERVING, say.BudgetRefused): _refused,
    (SagaState.RESERVING, say.SagaTimerFired): _on_timer(_no_answer),
    (SagaState.RESERVING, say.Halted): _halt_here,
    (SagaState.AUTHORISING, say.Authorised): _authorised,
    (SagaState.AUTHORISING, say.Vetoed): _vetoed,
    (SagaState.AUTHORISING, say.Held): _held,
    (SagaState.AUTHORISING, say.SagaTimerFired): _on_timer(_no_answer),
    (SagaState.AUTHORISING, say.Halted): _halt_here,
    (SagaState.HELD, say.SagaTimerFired): _on_timer(lambda saga, event: _reserve(saga, event.at)),
    (SagaState.HELD, say.Halted): _halt_here,
    (SagaState.RUNNING, say.Reported): _reported,
    (SagaState.RUNNING, say.SagaTimerFired): _on_timer(lambda saga, event: _look(saga, event.at)),
    (SagaState.RUNNING, say.Halted): _halt_later,
    (SagaState.RUNNING, say.Restarted): _restarted,
    (SagaState.OBSERVING, say.Reported): _reported,
    (SagaState.OBSERVING, say.EffectObserved): _observed,
    (SagaState.OBSERVING, say.SagaTimerFired): _on_timer(lambda saga, event: _doubtful(saga, event.at)),
    (SagaState.OBSERVING, say.Halted): _halt_later,
    (SagaState.CHECKING, say.EffectObserved): _checked,
    (SagaState.CHECKING, say.SagaTimerFired): _on_timer(lambda saga, event: _go_on(saga, event.at)),
    (SagaState.CHECKING, say.Halted): _halt_later,
    (SagaState.SETTLING, say.SagaTimerFired): _on_timer(lambda saga, event: _verify(saga, event.at)),
    (SagaState.SETTLING, say.Halted): _halt_watching,
    (SagaState.SETTLING, say.Resumed): _resume,
    (SagaState.VERIFYING, say.VerificationEnded): _verified,
    (SagaState.VERIFYING, say.SagaTimerFired): _on_timer(_look_again_or_fail),
    (SagaState.VERIFYING, say.Halted): _halt_watching,
    (SagaState.VERIFYING, say.Resumed): _resume,
    (SagaState.HOLDING, say.SagaTimerFired): _on_timer(_reverse),
    (SagaState.HOLDING, say.Halted): _halt_watching,
    (SagaState.HOLDING, say.Resumed): _resume,
    (SagaState.STUCK, say.TakenOver): _taken_over,
}
"""What each state does with each event. ``Started`` of an empty plan is refused by oversight before it gets here."""

LIVE = [state for state in SagaState if state not in (SagaState.FINISHED, SagaState.STUCK)]
TABLE |= {(state, kind): _stay for state in LIVE for kind in (say.Restarted, say.Resumed) if (state, kind) not in TABLE}
"""Elsewhere a restart or a resume changes nothing: what was asked is asked again from the outbox, timers are kept."""
