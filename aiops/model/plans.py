"""Actions, plans and the capabilities that authorise them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from aiops.model.entities import MAIN_DOMAIN
from aiops.model.prose import NOTHING, Prose

Parameter = str | int | float | bool


class Oversight(StrEnum):
    """Level of human oversight that an action needs, least first. ``FORBIDDEN``: no level permits it."""

    UNATTENDED = "unattended"
    ONE_APPROVER = "one-approver"
    TWO_APPROVERS = "two-approvers"
    FORBIDDEN = "forbidden"


class StepDirection(StrEnum):
    """Whether a step is done or undone."""

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
    """Greatest possible harm of an action, stated before it runs."""

    shares: Mapping[str, float]
    """Share of healthy capacity or business value in [0, 1], by account (a failure domain, or ``value``)."""
    entities: tuple[str, ...]
    """Affected entities: the target and the entities that need it."""


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
    """A temporary change is reversed after this many seconds; None: the change is not temporary."""
    undo_either_way: bool = False
    """The undo is safe whether or not the step happened, so a step in doubt may be undone."""
    transient: bool = False
    """The effect leaves nothing to undo (a restart): an undo of the plan counts it as undone."""
    postcondition: str = ""
    """Condition that holds on the target after success; it is checked before the next step. Empty: none is stated."""


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
    """Usual duration without verification, seconds; 0: not stated."""


@dataclass(frozen=True, slots=True)
class Capability:
    """Authority for one effect: one work item, one action, one target, one use, an expiry."""

    id: str
    work_item: str
    key: str
    """Idempotency key of the effect; executors and targets refuse a second effect with the same key."""
    action: Action
    direction: StepDirection
    epoch: int
    halt_generation: int
    expires_at: int
    domain: str = MAIN_DOMAIN


@dataclass(frozen=True, slots=True)
class StepOrder:
    """An order to an executor: run the action now; after ``deadline_at`` (ns) it must not run any more."""

    capability: Capability
    deadline_at: int
    dry_run: bool = False
    postcondition: str = ""
    """Condition on the target that ``observe`` checks; empty: ``observe`` checks whether the effect happened."""
    domain: str = MAIN_DOMAIN


class StepStatus(StrEnum):
    """How an effect ended, as reported by its executor."""

    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    """Refused because of epoch, halt, capability or precondition. Nothing was changed."""
    UNKNOWN = "unknown"
    """The effect may or may not have happened; it is observed before anything is repeated."""


class Observed(StrEnum):
    """Result of observing the effect of one idempotency key on its target."""

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
    """Result of verification; inconclusive counts as failure."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    HARMED = "harmed"
    """The target or a neighbour is worse than before."""
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
    """Granted with a fencing token, or refused; ``reason`` then names the account or lock that prevents it."""

    key: str
    granted: bool
    token: int = 0
    reason: Prose = NOTHING
