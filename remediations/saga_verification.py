"""How a saga is verified: asking how the targets do until they are healthy, harmed, or the deadline has passed."""

from __future__ import annotations

from dataclasses import replace

from aiops.model.plans import Verdict
from aiops.model.prose import Prose
from remediations import saga_messages as messages
from remediations.saga_messages import SagaOutcome
from remediations.saga_moves import VERIFY_AGAIN_SECONDS, Moved, later, with_timer
from remediations.saga_state import Saga, SagaState
from remediations.saga_undo import await_reversal, give_up, is_temporary


def verify(saga: Saga, at: int) -> Moved:
    """Ask how the targets do now."""
    since = max(track.done_at for track in saga.tracks)
    saga, timer = with_timer(replace(saga, state=SagaState.VERIFYING), "verify", _next_check(saga, at))
    return saga, (messages.AskVerification(since), timer)


def _next_check(saga: Saga, at: int) -> int:
    again = min(VERIFY_AGAIN_SECONDS, max(2.0, saga.plan.verify_window_seconds / 4))
    return max(at, min(saga.deadline, later(at, again)))


def verified(saga: Saga, event: messages.VerificationEnded) -> Moved:
    """Healthy ends it, harm takes it back at once; all else is asked again until the deadline, then is failure."""
    saga = replace(saga, verdict=event.verdict)
    if event.verdict is Verdict.HEALTHY:
        return _hold(saga, event.at)
    why = Prose(f"{event.verdict}: {'; '.join(event.reasons)}")
    if event.verdict is Verdict.HARMED or event.at >= saga.deadline:
        return give_up(saga, event.at, why)
    saga, timer = with_timer(replace(saga, why=why), "verify", _next_check(saga, event.at))
    return saga, (timer,)


def _hold(saga: Saga, at: int) -> Moved:
    """Verified: give back what is not needed for a reversal, and wait for the reversal if there is one."""
    keep = [is_temporary(saga, place) for place in range(len(saga.tracks))]
    releases = tuple(
        messages.ReleaseBudget(track.reservation)
        for track, kept in zip(saga.tracks, keep, strict=True)
        if not kept and track.reservation
    )
    tracks = tuple(
        track if kept else replace(track, reservation="") for track, kept in zip(saga.tracks, keep, strict=True)
    )
    saga = replace(saga, tracks=tracks, timer="", why=Prose("the goal was verified"), ended=SagaOutcome.VERIFIED)
    finished = messages.Finished(SagaOutcome.VERIFIED, saga.why, saga.describe(), saga.verdict)
    if not any(keep):
        return replace(saga, state=SagaState.FINISHED), (*releases, finished)
    saga, timer = await_reversal(saga, at)
    return saga, (*releases, finished, timer)


def check_again_or_fail(saga: Saga, event: messages.SagaTimerFired) -> Moved:
    """No verdict came: ask again before the deadline, and fail after it."""
    if event.at < saga.deadline:
        return verify(saga, event.at)
    return give_up(saga, event.at, Prose(saga.why or "verification did not answer before its deadline"))
