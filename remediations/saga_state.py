"""State of a saga, the execution of one plan. ``remediations.saga`` computes its transitions.

The values are immutable and have plain fields. The journal stores them as JSON (``aiops.model.codec``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aiops.model.plans import Plan, Step, StepDirection, Verdict
from aiops.model.prose import NOTHING, Prose
from remediations.saga_messages import SagaOutcome


class SagaState(StrEnum):
    """State of a saga."""

    READY = "ready"
    RESERVING = "reserving"
    AUTHORISING = "authorising"
    HELD = "held"
    RUNNING = "running"
    OBSERVING = "observing"
    CHECKING = "checking"
    """The effect was reported done; its postcondition is being checked."""
    SETTLING = "settling"
    VERIFYING = "verifying"
    HOLDING = "holding"
    """Verified; a temporary change waits for its reversal."""
    FINISHED = "finished"
    STUCK = "stuck"


class StepMark(StrEnum):
    """State of one step."""

    PENDING = "pending"
    BEGUN = "begun"
    DONE = "done"
    NOT_DONE = "not done"
    IN_DOUBT = "in doubt"
    UNDOING = "undo begun"
    UNDONE = "undone"
    SPENT = "done, nothing to undo"
    UNDO_IN_DOUBT = "undo in doubt"


LASTING = frozenset({StepMark.BEGUN, StepMark.DONE, StepMark.IN_DOUBT, StepMark.UNDOING, StepMark.UNDO_IN_DOUBT})
"""Marks of steps whose effect may still be in place."""


@dataclass(frozen=True, slots=True)
class Track:
    """State of one step with its reservation."""

    mark: StepMark = StepMark.PENDING
    reservation: str = ""
    """Key of the reservation that the step holds or has requested; empty: none."""
    undo: bool = True
    """Whether the reservation covers the undo."""
    runs: int = 0
    """Number of runs in the current direction."""
    ends_at: int = 0
    """Deadline of the newest run, ns: without an outcome, its effect may still happen until then."""
    unsure: bool = False
    """The executor of the newest run reported that its effect may or may not have happened."""
    look_again: bool = False
    """The target could not be observed before the deadline; it is observed again after it."""
    done_at: int = 0
    detail: Prose = NOTHING


@dataclass(frozen=True, slots=True)
class Saga:
    """The state that must survive a crash; encode it with ``aiops.model.codec``."""

    plan: Plan
    tracks: tuple[Track, ...]
    state: SagaState = SagaState.READY
    cursor: int = 0
    direction: StepDirection = StepDirection.DO
    halted: bool = False
    withdrawn: bool = False
    """The incident does not act any more: no further step begins, and what was done is undone."""
    reversing: bool = False
    """The plan was verified; the current undo is the planned reversal."""
    timer: str = ""
    moves: int = 0
    """Rises with every timer and reservation, which keeps their names unique."""
    deadline: int = 0
    """When verification ends, ns."""
    why: Prose = NOTHING
    verdict: Verdict | None = None
    """The newest verdict of verification, kept during and after an undo; None: there was none."""
    ended: SagaOutcome | None = None
    """The newest reported outcome; ``VERIFIED`` may be followed by ``REVERSED`` or ``STUCK``."""

    @property
    def over(self) -> bool:
        """Whether the saga has finished or is stuck; it then does nothing more by itself."""
        return self.state in (SagaState.FINISHED, SagaState.STUCK)

    @property
    def step(self) -> Step:
        """The current step."""
        return self.plan.steps[self.cursor]

    @property
    def key(self) -> str:
        """Idempotency key of the current effect."""
        return f"{self.plan.id}/{self.step.id}/{self.direction}"

    @property
    def begun(self) -> bool:
        """Whether the effect of any step may still be in place."""
        return any(track.mark in LASTING for track in self.tracks)

    @property
    def reservations(self) -> tuple[str, ...]:
        """Keys of the reservations that the saga holds or has requested."""
        return tuple(track.reservation for track in self.tracks if track.reservation)

    def describe(self) -> tuple[Prose, ...]:
        """The exact state, one line a step."""
        lines = []
        for step, track in zip(self.plan.steps, self.tracks, strict=True):
            action = step.action
            tail = f" ({track.detail})" if track.detail else ""
            lines.append(Prose(f"{step.id}: {action.primitive} {action.target}: {track.mark}{tail}"))
        return tuple(lines)


def begin(plan: Plan) -> Saga:
    """A saga that has not started; the event ``Started`` starts it."""
    return Saga(plan, tuple(Track() for _ in plan.steps))
