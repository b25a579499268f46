"""What a saga is told and what it asks for: the words of ``remediations.saga``.

Every event carries ``at``, the control plane's time in nanoseconds. Steps are named by their id; ``key`` is the
idempotency key ``plan/step/direction`` of an effect, or the key of a reservation.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aiops.model import plans
from aiops.model.plans import Action, BlastRadius, StepDirection, StepOutcome, Verdict
from aiops.model.prose import NOTHING, Prose


class SagaOutcome(StrEnum):
    """How a saga ends."""

    VERIFIED = "verified"
    """The goal was verified; temporary changes may still be held and reverse themselves later."""
    REVERSED = "reversed"
    """After ``VERIFIED``: the temporary changes were taken back at their time."""
    UNDONE = "undone"
    """Something was begun, and everything was undone."""
    REFUSED = "refused"
    """Nothing was ever changed."""
    STUCK = "stuck"
    """Half-way; a person was paged with the exact state, and reservations are kept."""


# --------------------------------------------------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class Started:
    """Begin with the plan's first step."""

    at: int


@dataclass(frozen=True, slots=True)
class Reserved:
    """The budget granted reservation ``key``."""

    at: int
    key: str
    undo: bool = True
    """False: the undo could not be reserved with it, so the step counts as irreversible."""


@dataclass(frozen=True, slots=True)
class BudgetRefused:
    """The budget refused, or cannot be reached."""

    at: int
    key: str
    reason: Prose


@dataclass(frozen=True, slots=True)
class Authorised:
    """Oversight permits this effect at this moment."""

    at: int
    step: str
    direction: StepDirection


@dataclass(frozen=True, slots=True)
class Vetoed:
    """Oversight forbids it, or was late."""

    at: int
    step: str
    direction: StepDirection
    reason: Prose


@dataclass(frozen=True, slots=True)
class Held:
    """A change window or freeze forbids it until ``until``."""

    at: int
    step: str
    direction: StepDirection
    until: int
    reason: Prose


@dataclass(frozen=True, slots=True)
class Reported:
    """An executor reported an outcome."""

    at: int
    outcome: StepOutcome


@dataclass(frozen=True, slots=True)
class EffectObserved:
    """A look at the target of the in-doubt effect ``key``."""

    at: int
    key: str
    observed: plans.Observed
    detail: Prose = NOTHING


@dataclass(frozen=True, slots=True)
class VerificationEnded:
    """Resolution's verdict."""

    at: int
    verdict: Verdict
    reasons: tuple[Prose, ...] = ()


@dataclass(frozen=True, slots=True)
class Halted:
    """Somebody halted everything."""

    at: int
    who: str = ""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The halt is over; only what was not stopped goes on."""

    at: int


@dataclass(frozen=True, slots=True)
class Restarted:
    """A new orchestrator took over: an effect without outcome is in doubt."""

    at: int


@dataclass(frozen=True, slots=True)
class SagaTimerFired:
    """The timer ``timer`` of a ``SetTimer`` fired; one that was replaced since means nothing."""

    at: int
    timer: str


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A person says that a stuck plan's targets are in order again."""

    at: int
    who: str


Event = (
    Started
    | Reserved
    | BudgetRefused
    | Authorised
    | Vetoed
    | Held
    | Reported
    | EffectObserved
    | VerificationEnded
    | Halted
    | Resumed
    | Restarted
    | SagaTimerFired
    | TakenOver
)

# ------------------------------------------------------------------------------------------------------- commands


@dataclass(frozen=True, slots=True)
class ReserveBudget:
    """Spend budget and lock targets for a step and for its undo together."""

    key: str
    step: str
    targets: tuple[str, ...]
    blast: BlastRadius


@dataclass(frozen=True, slots=True)
class AskAuthority:
    """May this effect happen now?"""

    step: str
    direction: StepDirection
    action: Action
    blast: BlastRadius


@dataclass(frozen=True, slots=True)
class Begin:
    """Journal "begun", then run. ``run`` counts runs of this key from 1: each needs a capability of its own."""

    step: str
    direction: StepDirection
    key: str
    action: Action
    timeout_seconds: float
    run: int


@dataclass(frozen=True, slots=True)
class Observe:
    """Look whether the effect ``key`` happened; makes sure first that it will not begin any more.

    With a ``postcondition``: it was reported done, and the question is whether this holds.
    """

    step: str
    direction: StepDirection
    key: str
    action: Action
    run: int
    postcondition: str = ""


@dataclass(frozen=True, slots=True)
class AskVerification:
    """Compare steady state before with after; the last step took effect at ``since``."""

    since: int


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Fire ``timer`` at ``due``. It replaces every timer this saga set before."""

    timer: str
    name: str
    due: int


@dataclass(frozen=True, slots=True)
class ReleaseBudget:
    """Give a reservation back."""

    key: str


@dataclass(frozen=True, slots=True)
class PageOperator:
    """Tell a person, with the exact state: a line for each step."""

    reason: Prose
    state: tuple[Prose, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """The saga ended so; after ``VERIFIED`` it may live on to reverse what is temporary (``Saga.over``)."""

    outcome: SagaOutcome
    reason: Prose
    state: tuple[Prose, ...]
    verdict: Verdict | None = None
    """The newest verdict of verification; it stands whatever became of the undo."""


Command = (
    ReserveBudget
    | AskAuthority
    | Begin
    | Observe
    | AskVerification
    | SetTimer
    | ReleaseBudget
    | PageOperator
    | Finished
)
