"""The orchestrator's documents: one frozen dataclass per kind of object, stored as JSON under (kind, key).

The journal keeps the newest text of each. Reading all of them restores the state without repeating a decision. An
unknown field is an error on reading, so no part of a document is dropped silently.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import AliasChoices, BeforeValidator, Field

from aiops.agents.view import Attempt
from aiops.control.state.approval_basis import ApprovalBasis
from aiops.model import earlier
from aiops.model.diagnoses import Diagnosis
from aiops.model.entities import Edge, Item
from aiops.model.episodes import Episode
from aiops.model.findings import Finding
from aiops.model.handoffs import Handoff, Role
from aiops.model.incidents import Incident
from aiops.model.pages import Page, SluggedReason
from aiops.model.plans import Oversight, Plan, StepOrder, Verdict
from aiops.model.reports import Change, Ticket
from aiops.model.telemetry import FleetQuestion
from remediations.breakers import Breaker
from remediations.saga_state import Saga


@dataclass(frozen=True, slots=True)
class EpisodeRecord:
    """An episode, the incident it belongs to, and the other episodes that were folded into it."""

    episode: Episode
    incident: str
    folded: tuple[str, ...] = ()
    """Ids of overlapping episodes of the same entity and reporter: they count as this episode."""


@dataclass(frozen=True, slots=True)
class Member:
    """An entity in an incident. ``Incident`` lists only some of its members; these documents hold all of them."""

    incident: str
    entity: str
    number: int
    """Position in the order of joining, from 0."""
    since: int
    """Earliest onset of its signals, ns."""
    joined_at: int
    episodes: int
    open: int
    """Episodes of it in this incident that have not ended."""


@dataclass(frozen=True, slots=True)
class NamedCause:
    """A diagnosis's first hypothesis, with the precision that the incident's story shows."""

    entity: str
    """Empty: the diagnosis has no hypothesis."""
    kind: str
    percent: int
    unknown: bool


def named(diagnosis: Diagnosis) -> NamedCause:
    """The first hypothesis of a diagnosis as the incident's story shows it."""
    for best in diagnosis.hypotheses[:1]:
        return NamedCause(best.entity, best.kind, round(best.probability * 100), diagnosis.unknown)
    return NamedCause("", "", 0, diagnosis.unknown)


@dataclass(frozen=True, slots=True)
class Work:
    """The orchestrator's internal state of an incident, beside the ``Incident`` that people see."""

    incident: str
    asked: int = 0
    """Number of diagnoses requested so far; part of their handoffs' ids."""
    asked_members: int = 0
    """Number of members when the last diagnosis was requested."""
    chain: str = ""
    """Id of the handoff between diagnosis and plan that has no answer yet; at most one. Empty: none."""
    topic: str = ""
    """Subject of an incident of the runtime itself; such an incident never leads to an action. Empty: any other."""
    proposed: Plan | None = None
    """The plan that waits for approval or runs."""
    approvals: tuple[str, ...] = ()
    bound: ApprovalBasis | None = None
    """What the approvals are given for; None: no plan waits for approval."""
    attempts: tuple[Attempt, ...] = ()
    paged: tuple[SluggedReason, ...] = ()
    """Reasons for which a page was sent."""
    reopened: int = 0
    calm_at: int = 0
    """When the incident was last closed, ns. Views leave out episodes that began by then and have ended."""
    voided: int = 0
    """Number of plans that were dropped while they waited for approval, because another cause was found."""
    named: NamedCause | None = None
    """The newest cause in the incident's story; an equal one adds no line."""
    least_level: Oversight = Oversight.UNATTENDED
    """Least level of oversight that routing requires; policy may require more."""
    basis: int = 0
    """Context version that the proposed plan rests on; approvals of an older one are void."""


def plan_version(work: Work) -> str:
    """PLAN@VERSION of the plan that waits for approval, as an approval names it; empty: none waits."""
    return f"{work.proposed.id}@{work.basis}" if work.proposed else ""


@dataclass(frozen=True, slots=True)
class HandoffRecord:
    """A handoff that an agent has not answered yet."""

    handoff: Handoff
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check of verification; figures are left out, so that checks with one result are equal."""

    verdict: Verdict
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class SagaRecord:
    """A plan under way, or one whose temporary changes wait for their reversal."""

    saga: Annotated[Saga, BeforeValidator(earlier.saga)]
    incident: str
    approvals: tuple[str, ...]
    evidence_at: int
    checks: Annotated[int, Field(validation_alias=AliasChoices("checks", "looks"))] = 0
    """Number of checks of verification so far; version 0.1.0 called it ``looks``."""
    seen: Annotated[CheckResult | None, BeforeValidator(earlier.newest_check)] = None
    """The newest check; a later check with an equal result is not logged."""
    bound: ApprovalBasis | None = None
    """What the plan was approved for; None: it needed no approval."""
    lag: int = 0
    """Lag of the sources behind the time of the question, as observed, ns."""


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """The newest order of one idempotency key; ``ObserveStep`` needs its capability when the outcome is in doubt."""

    order: StepOrder
    plan: str
    reported: bool = False


@dataclass(frozen=True, slots=True)
class QuestionRecord:
    """A question to the monitoring fleet for the verification of a plan."""

    question: FleetQuestion
    plan: str
    since: int


@dataclass(frozen=True, slots=True)
class PageRecord:
    """A page, whether it was delivered, and who acknowledged it."""

    page: Page
    reason: SluggedReason
    delivered: bool = False
    failures: int = 0
    acknowledged_by: str = ""


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """A configuration item with its own declared edges."""

    item: Item
    edges: tuple[Edge, ...] = ()


@dataclass(frozen=True, slots=True)
class TicketRecord:
    """A ticket and the items that triage found in it; without an incident it is a weak signal."""

    ticket: Ticket
    items: tuple[str, ...] = ()
    incident: str = ""
    read: bool = False


@dataclass(frozen=True, slots=True)
class AgentRecord:
    """Failures of an agent since its last answer."""

    role: Role
    failures: int


@dataclass(frozen=True, slots=True)
class SlotRecord:
    """The newest generation of a slot that was received; episodes of an older generation are refused."""

    slot: int
    generation: int


@dataclass(frozen=True, slots=True)
class MembershipAccount:
    """Counts for the membership invariant: each episode is in one incident, folded into another, or archived."""

    seen: int = 0
    folded: int = 0
    archived: int = 0


@dataclass(frozen=True, slots=True)
class LeadershipRecord:
    """The epoch and the halt generation under which the orchestrator decides."""

    epoch: int = 0
    halt_generation: int = 0
    halted: bool = False
    halted_by: str = ""
    incidents: int = 0
    """Number of incidents opened so far; the next incident's id is made from it."""


@dataclass(frozen=True, slots=True)
class BreakerRecord:
    """One circuit breaker: ``target:NAME``, ``action:PRIMITIVE`` or ``global``."""

    name: str
    breaker: Breaker


Document = (
    Incident
    | EpisodeRecord
    | Member
    | Work
    | HandoffRecord
    | SagaRecord
    | OrderRecord
    | QuestionRecord
    | PageRecord
    | ItemRecord
    | Edge
    | Change
    | TicketRecord
    | AgentRecord
    | SlotRecord
    | MembershipAccount
    | LeadershipRecord
    | BreakerRecord
)


LEADERSHIP: Final = "reign"
"""Kind under which journals store the leadership, since version 0.1.0."""


def edge_key(edge: Edge) -> str:
    """Identity of an observed edge."""
    return f"{edge.source}>{edge.target}>{edge.kind}>{edge.origin}"


_KEYS: Final[dict[type, tuple[str, Callable[[Any], str]]]] = {
    Incident: ("incident", lambda d: d.id),
    EpisodeRecord: ("episode", lambda d: d.episode.id),
    Member: ("member", lambda d: f"{d.incident}/{d.entity}"),
    Work: ("work", lambda d: d.incident),
    HandoffRecord: ("handoff", lambda d: d.handoff.id),
    SagaRecord: ("saga", lambda d: d.saga.plan.id),
    OrderRecord: ("order", lambda d: d.order.capability.key),
    QuestionRecord: ("question", lambda d: d.question.id),
    PageRecord: ("page", lambda d: d.page.key),
    ItemRecord: ("item", lambda d: d.item.id),
    Edge: ("edge", edge_key),
    Change: ("change", lambda d: d.id),
    TicketRecord: ("ticket", lambda d: d.ticket.id),
    AgentRecord: ("agent", lambda d: d.role.value),
    SlotRecord: ("slot", lambda d: str(d.slot)),
    MembershipAccount: ("account", lambda _: "episodes"),
    LeadershipRecord: (LEADERSHIP, lambda _: "now"),
    BreakerRecord: ("breaker", lambda d: d.name),
}
TYPES: Final[dict[str, type[Any]]] = {kind: type_ for type_, (kind, _) in _KEYS.items()}
"""Type of each kind of document."""


def identity(document: Document) -> tuple[str, str]:
    """Kind and key of a document."""
    kind, key = _KEYS[type(document)]
    return kind, key(document)
