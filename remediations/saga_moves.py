"""Small moves that every part of a saga uses: its timer, the track of its current step, the question to oversight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from aiops.model.durations import SECOND
from aiops.model.errors import NoTransitionError
from aiops.model.plans import StepDirection
from remediations import saga_messages as messages
from remediations.saga_messages import Command
from remediations.saga_state import Saga, SagaState, StepMark

ANSWER_SECONDS = 60.0
"""Budget and oversight that have not answered by then have refused."""
REPORT_GRACE_SECONDS = 5.0
"""After an effect's hard deadline: an executor that is still silent leaves it in doubt."""
VERIFY_AGAIN_SECONDS = 15.0
MAX_RUNS = 2
"""Runs of one effect at most; the second only after it was seen that the first did nothing."""


Moved = tuple[Saga, tuple[Command, ...]]
Handler = Callable[[Saga, Any], Moved]


def track_of_step(saga: Saga, **changes: Any) -> Saga:
    """The saga with its current step's track changed."""
    tracks = list(saga.tracks)
    tracks[saga.cursor] = replace(tracks[saga.cursor], **changes)
    return replace(saga, tracks=tuple(tracks))


def with_timer(saga: Saga, name: str, due: int) -> tuple[Saga, messages.SetTimer]:
    """The saga that waits for a new timer, and the command that sets the timer."""
    moves = saga.moves + 1
    timer = f"{saga.plan.id}/{name}/{moves}"
    return replace(saga, timer=timer, moves=moves), messages.SetTimer(timer, name, due)


def later(at: int, seconds: float) -> int:
    """A time that many seconds after ``at``, ns."""
    return at + round(seconds * SECOND)


def on_timer(then: Handler) -> Handler:
    """Only the newest timer means anything."""

    def fired(saga: Saga, event: messages.SagaTimerFired) -> Moved:
        return then(saga, event) if event.timer == saga.timer else (saga, ())

    return fired


def ended_by(saga: Saga) -> int:
    """When the newest run of the current step cannot happen any more, ns: its deadline and a grace."""
    return later(saga.tracks[saga.cursor].ends_at, REPORT_GRACE_SECONDS)


def expect(saga: Saga, named: str, current: str) -> None:
    """Refuse an answer that is about another step or reservation.

    Raises:
        NoTransitionError: it is.
    """
    if named != current:
        raise NoTransitionError(f"saga {saga.plan.id}: {saga.state} waits for {current}, not for {named}")


def expect_current(saga: Saga, event: messages.Authorised | messages.Vetoed | messages.Held) -> None:
    """Refuse an answer of oversight that is about another step than the current one."""
    expect(saga, f"{event.step}/{event.direction}", f"{saga.step.id}/{saga.direction}")


def ask_authority(saga: Saga, at: int) -> Moved:
    """Ask oversight whether the current step may run, or may be undone, now."""
    step = saga.step
    action = step.action if saga.direction is StepDirection.DO else step.undo
    assert action is not None
    saga, timer = with_timer(replace(saga, state=SagaState.AUTHORISING), "authorise", later(at, ANSWER_SECONDS))
    return saga, (messages.AskAuthority(step.id, saga.direction, action, step.blast), timer)


def mark_at_rest(saga: Saga) -> StepMark:
    """The mark of a step whose current effect did not happen."""
    return StepMark.NOT_DONE if saga.direction is StepDirection.DO else StepMark.DONE
