"""Actions, plans and the authority to carry them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aiops.model.entities import MAIN_DOMAIN
from aiops.model.prose import NOTHING, Prose

Parameter = str | int | float | bool


class Oversight(StrEnum):
    """How much human oversight an action needs, least first. ``FORBIDDEN``: at no level."""

    UNATTENDED = "unattended"
    ONE_APPROVER = "one-approver"
    TWO_APPROVERS = "two-approvers"
    FORBIDDEN = "forbidden"


class StepDirection(StrEnum):
    """A step is done or undone."""

    DO = "do"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Action:
    """A primitive on a target, with its parameters."""

    primitive: str
    target: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """What an action can harm, stated before it runs."""

    shares: Mapping[str, float]
    """Account (failure domain, or ``value``) to share of its healthy capacity or business value, in [0, 1]."""
    entities: tuple[str, ...]
    """Who is touched: the target and what needs it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One action of a plan; its undo is authorised and budgeted together with it."""

    id: str
    action: Action
    undo: Action | None
    """None: irreversible."""
    blast: BlastRadius
    timeout_seconds: float = 60.0
    settle_seconds: float = 30.0
    """How long the effect takes to show; verification starts after it."""
    reverse_after_seconds: float | None = None
    """A temporary change reverses itself then."""
    undo_either_way: bool = False
    """The undo is safe whether or not the step happened, so a step in doubt may be undone."""
    transient: bool = False
    """The effect leaves nothing behind that could be undone (a restart): once spent it counts as undone."""
    postcondition: str = ""
    """What is true of the target once it worked; looked at before anything rests on it. Empty: nothing is stated."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps of one runbook, bound to a work item. It ends verified, undone, or with a person paged."""

    id: str
    work_item: str
    runbook: str
    steps: tuple[Step, ...]
    symptom: str
    """Entity whose steady state shows success."""
    neighbours: tuple[str, ...]
    """Entities that must not get worse."""
    reason: Prose
    expected: Prose
    verify_window_seconds: float = 60.0
    verify_deadline_seconds: float = 300.0
    confidence: float = 0.0
    domain: str = MAIN_DOMAIN
    expected_seconds: float = 0.0
    """How long it usually takes, verification not counted; 0: not stated."""


@dataclass(frozen=True, slots=True)
class Capability:
    """Authority for one effect: one work item, one action, one target, one use, an expiry."""

    id: str
    work_item: str
    key: str
    """Idempotency key of the effect; executors and targets refuse a second one."""
    action: Action
    direction: StepDirection
    epoch: int
    halt_generation: int
    expires_at: int
    domain: str = MAIN_DOMAIN


@dataclass(frozen=True, slots=True)
class StepOrder:
    """What an executor gets: do this now, or by ``deadline_at`` never."""

    capability: Capability
    deadline_at: int
    dry_run: bool = False
    postcondition: str = ""
    """What must be true of the target for ``observe`` to say done; empty: that the effect happened."""
    domain: str = MAIN_DOMAIN


class StepStatus(StrEnum):
    """How an effect ended as far as its executor can tell."""

    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    """The executor would not: epoch, halt, capability or precondition. Nothing was changed."""
    UNKNOWN = "unknown"
    """It may or may not have happened; never repeated blindly."""


class Observed(StrEnum):
    """A primitive's look at the target for one key."""

    DONE = "done"
    NOT_DONE = "not-done"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """An executor's report on one order."""

    key: str
    status: StepStatus
    at: int
    detail: Prose = NOTHING
    domain: str = MAIN_DOMAIN


class Verdict(StrEnum):
    """Verification's word; inconclusive counts as failure."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    HARMED = "harmed"
    """The target or a neighbour does worse than before."""
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Reservation:
    """A request to spend blast-radius budget and to lock targets, before a step begins."""

    key: str
    work_item: str
    targets: tuple[str, ...]
    shares: Mapping[str, float]
    epoch: int
    at: int
    domain: str = MAIN_DOMAIN


@dataclass(frozen=True, slots=True)
class ReservationAnswer:
    """Granted with a fencing token, or refused with the account or lock that stands in the way."""

    key: str
    granted: bool
    token: int = 0
    reason: Prose = NOTHING
