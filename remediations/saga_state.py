"""The value a saga is: what is known of one plan under way. ``remediations.saga`` moves it.

Immutable, of plain fields, so that the journal keeps it as JSON (``aiops.model.codec``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aiops.model.plans import Plan, Step, StepDirection, Verdict
from aiops.model.prose import NOTHING, Prose
from remediations.saga_messages import SagaOutcome


class SagaState(StrEnum):
    """Where a saga stands."""

    READY = "ready"
    RESERVING = "reserving"
    AUTHORISING = "authorising"
    HELD = "held"
    RUNNING = "running"
    OBSERVING = "observing"
    CHECKING = "checking"
    """The effect was reported done; whether its postcondition holds is being looked at."""
    SETTLING = "settling"
    VERIFYING = "verifying"
    HOLDING = "holding"
    """Verified; a temporary change waits for its reversal."""
    FINISHED = "finished"
    STUCK = "stuck"


class StepMark(StrEnum):
    """What became of one step."""

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
"""Marks of steps whose effect may still be in the world."""


@dataclass(frozen=True, slots=True)
class Track:
    """One step's story."""

    mark: StepMark = StepMark.PENDING
    reservation: str = ""
    """Key of the reservation that it holds or asked for."""
    undo: bool = True
    """Its undo is reserved with it."""
    runs: int = 0
    """Runs of the current direction's key."""
    done_at: int = 0
    detail: Prose = NOTHING


@dataclass(frozen=True, slots=True)
class Saga:
    """All that must survive a crash; encode it with ``aiops.model.codec``."""

    plan: Plan
    tracks: tuple[Track, ...]
    state: SagaState = SagaState.READY
    cursor: int = 0
    direction: StepDirection = StepDirection.DO
    halted: bool = False
    reversing: bool = False
    """Verified already; undoing is the planned reversal."""
    timer: str = ""
    moves: int = 0
    """Rises with every timer and reservation, so that their names are never used twice."""
    deadline: int = 0
    """Verification ends then, ns."""
    why: Prose = NOTHING
    verdict: Verdict | None = None
    """The newest verdict of verification, also while and after the plan is taken back; None: none was given."""
    ended: SagaOutcome | None = None
    """The outcome that was reported last; ``VERIFIED`` may be followed by ``REVERSED`` or ``STUCK``."""

    @property
    def over(self) -> bool:
        """Nothing more will happen by itself."""
        return self.state in (SagaState.FINISHED, SagaState.STUCK)

    @property
    def step(self) -> Step:
        """The step it is at."""
        return self.plan.steps[self.cursor]

    @property
    def key(self) -> str:
        """Idempotency key of the effect it is at."""
        return f"{self.plan.id}/{self.step.id}/{self.direction}"

    @property
    def begun(self) -> bool:
        """Something may have been changed and not been taken back."""
        return any(track.mark in LASTING for track in self.tracks)

    @property
    def reservations(self) -> tuple[str, ...]:
        """Keys of reservations that it holds or asked for."""
        return tuple(track.reservation for track in self.tracks if track.reservation)

    def describe(self) -> tuple[Prose, ...]:
        """The exact state, a line for each step."""
        lines = []
        for step, track in zip(self.plan.steps, self.tracks, strict=True):
            action = step.action
            tail = f" ({track.detail})" if track.detail else ""
            lines.append(Prose(f"{step.id}: {action.primitive} {action.target}: {track.mark}{tail}"))
        return tuple(lines)


def begin(plan: Plan) -> Saga:
    """A saga that has not started; ``Started`` sets it going."""
    return Saga(plan, tuple(Track() for _ in plan.steps))
