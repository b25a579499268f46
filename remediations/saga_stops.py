"""What ends a saga from outside: a halt, the loss of its incident's authority, a person who takes over.

A halt runs no undo: nothing at all may begin. A withdrawal stops what goes ahead and lets the undo run.
"""

from __future__ import annotations

from dataclasses import replace

from aiops.model.plans import StepDirection
from aiops.model.prose import Prose
from remediations import saga_messages as messages
from remediations.saga_messages import Event
from remediations.saga_moves import Moved
from remediations.saga_state import Saga, SagaState
from remediations.saga_undo import give_up, stop


def halt_here(saga: Saga, event: messages.Halted) -> Moved:  # noqa: ARG001
    """No effect is in flight: the plan stops here."""
    return stop(replace(saga, halted=True))


def halt_later(saga: Saga, event: messages.Halted) -> Moved:  # noqa: ARG001
    """An effect is in flight: its end is the next safe point."""
    return replace(saga, halted=True), ()


def halt_watching(saga: Saga, event: messages.Halted) -> Moved:
    """All steps are done and only looking is left: that goes on, but no undo will run, and a person knows."""
    if saga.halted:
        return saga, ()
    who = f" by {event.who}" if event.who else ""
    return replace(saga, halted=True), (
        messages.PageOperator(Prose(f"halted{who} while {saga.state}"), saga.describe()),
    )


def resume(saga: Saga, event: messages.Resumed) -> Moved:  # noqa: ARG001
    """The halt is over before it stopped the plan."""
    return replace(saga, halted=False), ()


def stay(saga: Saga, event: Event) -> Moved:  # noqa: ARG001
    """Nothing changes."""
    return saga, ()


def withdraw_here(saga: Saga, event: messages.Withdrawn) -> Moved:
    """No effect is in flight: the plan ends now, or its undo begins. An undo that is on its way goes on."""
    if saga.direction is StepDirection.UNDO:
        return saga, ()
    return give_up(replace(saga, withdrawn=True), event.at, event.reason)


def withdraw_later(saga: Saga, event: messages.Withdrawn) -> Moved:
    """An effect is in flight: its end is the next safe point."""
    if saga.direction is StepDirection.UNDO:
        return saga, ()
    return replace(saga, withdrawn=True, why=event.reason), ()


def taken_over(saga: Saga, event: messages.TakenOver) -> Moved:
    """A person repaired the targets: the saga ends and gives its reservations back."""
    releases = tuple(messages.ReleaseBudget(key) for key in saga.reservations)
    tracks = tuple(replace(track, reservation="") for track in saga.tracks)
    return replace(saga, state=SagaState.FINISHED, tracks=tracks, why=Prose(f"taken over by {event.who}")), releases
