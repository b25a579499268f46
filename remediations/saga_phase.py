"""The phase of a plan: what it may still do to its targets. An incident's state permits some phases and not others."""

from __future__ import annotations

from enum import StrEnum

from aiops.model.plans import StepDirection
from remediations.saga_state import Saga, SagaState


class Phase(StrEnum):
    """What a plan may still do."""

    AHEAD = "going ahead"
    """Its next step may begin."""
    ENDING = "ending"
    """No further step begins; an effect is in flight, and after it the plan ends or is undone."""
    WATCHED = "being verified"
    """All steps are done; it ends verified, or it is undone."""
    UNDOING = "being undone"
    TEMPORARY = "holding a temporary change"
    """Verified; the change is reversed at its time, or is being reversed."""
    STUCK = "half-way"
    """It does nothing more; a person was paged."""
    FINISHED = "finished"


AT_REST = frozenset({Phase.STUCK, Phase.FINISHED})
"""Phases in which a plan does nothing more by itself."""
_OF_STATE = {
    SagaState.FINISHED: Phase.FINISHED,
    SagaState.STUCK: Phase.STUCK,
    SagaState.HOLDING: Phase.TEMPORARY,
    SagaState.SETTLING: Phase.WATCHED,
    SagaState.VERIFYING: Phase.WATCHED,
}


def phase_of(saga: Saga) -> Phase:
    """The phase of a plan, from its state, direction and flags."""
    if saga.state in (SagaState.FINISHED, SagaState.STUCK):
        return _OF_STATE[saga.state]
    if saga.reversing:
        return Phase.TEMPORARY
    if saga.direction is StepDirection.UNDO:
        return Phase.UNDOING
    return _OF_STATE.get(saga.state, Phase.ENDING if saga.withdrawn else Phase.AHEAD)


def moves_by_itself(saga: Saga) -> bool:
    """Whether the plan is under way; a temporary change that waits for its time, and a plan at rest, are not."""
    return phase_of(saga) not in AT_REST and saga.state is not SagaState.HOLDING
