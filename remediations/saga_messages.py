"""Events that a saga takes and commands that it returns; see ``remediations.saga``.

Every event carries ``at``, the control plane's time, ns. ``step`` is a step's id. ``key`` is the idempotency key
``plan/step/direction`` of an effect, or the key of a reservation.
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
    """The goal was verified; temporary changes may still be in place and are reversed later."""
    REVERSED = "reversed"
    """After ``VERIFIED``: the temporary changes were reversed at their time."""
    UNDONE = "undone"
    """At least one step had begun, and all steps were undone."""
    REFUSED = "refused"
    """The plan changed nothing."""
    STUCK = "stuck"
    """The plan can neither continue nor be undone; a person was paged with the exact state, reservations are kept."""


# --------------------------------------------------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class Started:
    """The plan starts with its first step."""

    at: int


@dataclass(frozen=True, slots=True)
class Reserved:
    """The budget granted reservation ``key``."""

    at: int
    key: str
    undo: bool = True
    """False: the reservation does not cover the undo, and the step counts as irreversible."""


@dataclass(frozen=True, slots=True)
class BudgetRefused:
    """The budget refused reservation ``key``, or is unreachable."""

    at: int
    key: str
    reason: Prose


@dataclass(frozen=True, slots=True)
class Authorised:
    """Oversight permits this effect now."""

    at: int
    step: str
    direction: StepDirection


@dataclass(frozen=True, slots=True)
class Vetoed:
    """Oversight forbids this effect, or did not answer in time."""

    at: int
    step: str
    direction: StepDirection
    reason: Prose


@dataclass(frozen=True, slots=True)
class Held:
    """A change window or freeze forbids this effect until ``until``, ns."""

    at: int
    step: str
    direction: StepDirection
    until: int
    reason: Prose


@dataclass(frozen=True, slots=True)
class Reported:
    """An executor reported the outcome of a step."""

    at: int
    outcome: StepOutcome


@dataclass(frozen=True, slots=True)
class EffectObserved:
    """The target of effect ``key`` was observed: whether the effect happened, or its postcondition holds."""

    at: int
    key: str
    observed: plans.Observed
    detail: Prose = NOTHING


@dataclass(frozen=True, slots=True)
class VerificationEnded:
    """Verification ended with a verdict."""

    at: int
    verdict: Verdict
    reasons: tuple[Prose, ...] = ()


@dataclass(frozen=True, slots=True)
class Halted:
    """An operator halted all plans."""

    at: int
    who: str = ""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The halt is over; plans that the halt did not stop continue."""

    at: int


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The plan's incident does not act any more: the plan ends, or is undone, at its next safe point."""

    at: int
    reason: Prose


@dataclass(frozen=True, slots=True)
class Restarted:
    """A new orchestrator took over; an effect that began and has no outcome is in doubt."""

    at: int


@dataclass(frozen=True, slots=True)
class SagaTimerFired:
    """The timer ``timer`` of a ``SetTimer`` fired; a timer that was replaced is ignored."""

    at: int
    timer: str


@dataclass(frozen=True, slots=True)
class TakenOver:
    """An operator reports that a stuck plan's targets are in order again."""

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
    | Withdrawn
    | Restarted
    | SagaTimerFired
    | TakenOver
)

# ------------------------------------------------------------------------------------------------------- commands


@dataclass(frozen=True, slots=True)
class ReserveBudget:
    """Reserve budget and lock targets for a step together with its undo."""

    key: str
    step: str
    targets: tuple[str, ...]
    blast: BlastRadius


@dataclass(frozen=True, slots=True)
class AskAuthority:
    """Ask oversight whether this effect may happen now."""

    step: str
    direction: StepDirection
    action: Action
    blast: BlastRadius


@dataclass(frozen=True, slots=True)
class Begin:
    """Journal "begun", then run the action. ``run`` counts runs of this key from 1; each needs its own capability."""

    step: str
    direction: StepDirection
    key: str
    action: Action
    timeout_seconds: float
    run: int


@dataclass(frozen=True, slots=True)
class Observe:
    """Observe whether the effect ``key`` happened, after making sure that it can no longer begin.

    With a ``postcondition``: the effect was reported done; observe whether the postcondition holds.
    """

    step: str
    direction: StepDirection
    key: str
    action: Action
    run: int
    postcondition: str = ""


@dataclass(frozen=True, slots=True)
class AskVerification:
    """Compare steady state before and after; ``since`` is when the last step took effect, ns."""

    since: int


@dataclass(frozen=True, slots=True)
class SetTimer:
    """Fire ``timer`` at ``due``, ns. It replaces the saga's earlier timer."""

    timer: str
    name: str
    due: int


@dataclass(frozen=True, slots=True)
class ReleaseBudget:
    """Release a reservation."""

    key: str


@dataclass(frozen=True, slots=True)
class PageOperator:
    """Page a person with the exact state, one line a step."""

    reason: Prose
    state: tuple[Prose, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """The saga ended; after ``VERIFIED`` it may continue in order to reverse temporary changes (``Saga.over``)."""

    outcome: SagaOutcome
    reason: Prose
    state: tuple[Prose, ...]
    verdict: Verdict | None = None
    """The newest verdict of verification; the result of the undo does not change it."""


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
