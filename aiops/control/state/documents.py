"""What the orchestrator remembers: one frozen document per thing, stored as JSON under (kind, key).

The journal keeps the newest text of each; folding them gives the state again without deciding anything anew. Unknown
fields are an error on reading, so a document never loses a part silently.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

from aiops.agents.view import Attempt
from aiops.model import earlier
from aiops.model.diagnoses import Diagnosis
from aiops.model.entities import Edge, Item
from aiops.model.episodes import Episode
from aiops.model.findings import Finding
from aiops.model.handoffs import Handoff, Role
from aiops.model.incidents import Incident
from aiops.model.pages import Page, SluggedReason
from aiops.model.plans import Plan, StepOrder, Verdict
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
    """Ids of overlapping episodes of the same entity: the same trouble told twice."""


@dataclass(frozen=True, slots=True)
class Member:
    """An entity in an incident. The incident's own list is cut; these are exact."""

    incident: str
    entity: str
    number: int
    """Place in the order of joining, from 0."""
    since: int
    """Earliest onset of its signals, ns."""
    joined_at: int
    episodes: int
    open: int
    """Episodes of it in this incident that have not ended."""


@dataclass(frozen=True, slots=True)
class NamedCause:
    """What a diagnosis names first, as exactly as people are told."""

    entity: str
    """Empty: it found nothing."""
    kind: str
    percent: int
    unknown: bool


def named(diagnosis: Diagnosis) -> NamedCause:
    """What this diagnosis names first."""
    for best in diagnosis.hypotheses[:1]:
        return NamedCause(best.entity, best.kind, round(best.probability * 100), diagnosis.unknown)
    return NamedCause("", "", 0, diagnosis.unknown)


@dataclass(frozen=True, slots=True)
class Work:
    """The orchestrator's own notes on an incident, beside what people see of it."""

    incident: str
    asked: int = 0
    """Diagnoses asked for so far; numbers their handoffs."""
    asked_members: int = 0
    """Members when the last one was asked."""
    chain: str = ""
    """Handoff of the way from diagnosis to plan that is in flight; at most one."""
    topic: str = ""
    """Of a trouble of the runtime itself: what it is about. Such an incident never leads to an action."""
    proposed: Plan | None = None
    """The plan that waits for approval or runs."""
    approvals: tuple[str, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    paged: tuple[SluggedReason, ...] = ()
    """Reasons that a page was sent for."""
    reopened: int = 0
    calm_at: int = 0
    """When it was closed the last time; what had begun by then and is over says nothing of the trouble after it."""
    voided: int = 0
    """Plans that waited for approval until another cause was found."""
    named: NamedCause | None = None
    """What the story was told last that a diagnosis names; one that names the same is not told again."""
    basis: int = 0
    """Context version that the proposed plan rests on; approvals of an older one are void."""


def sight(work: Work) -> str:
    """PLAN@VERSION: what somebody saw who looked at the plan that waits; an approval names it."""
    return f"{work.proposed.id}@{work.basis}" if work.proposed else ""


@dataclass(frozen=True, slots=True)
class HandoffRecord:
    """A handoff that an agent has not answered yet."""

    handoff: Handoff
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class Look:
    """What one look of verification found; equal looks say the same, whatever their figures are."""

    verdict: Verdict
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class SagaRecord:
    """A plan under way, or one whose temporary changes wait for their reversal."""

    saga: Annotated[Saga, BeforeValidator(earlier.saga)]
    incident: str
    approvals: tuple[str, ...]
    evidence_at: int
    looks: int = 0
    """Verdicts of verification so far."""
    seen: Annotated[Look | None, BeforeValidator(earlier.look)] = None
    """The newest look; one that says the same is not told again."""
    lag: int = 0
    """How far behind the sources were seen to be when they were asked, ns."""


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """The newest order for one idempotency key; observing an effect in doubt needs its capability."""

    order: StepOrder
    plan: str
    reported: bool = False


@dataclass(frozen=True, slots=True)
class QuestionRecord:
    """A question to the fleet that verifies a plan."""

    question: FleetQuestion
    plan: str
    since: int


@dataclass(frozen=True, slots=True)
class PageRecord:
    """A page and what became of it."""

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
    """A ticket and what triage made of it; without an incident it is a weak signal."""

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
    """The newest generation seen of a slot; episodes of an older one are refused."""

    slot: int
    generation: int


@dataclass(frozen=True, slots=True)
class MembershipAccount:
    """The second account of conservation: every episode is in one incident, was folded, or is archived with one."""

    seen: int = 0
    folded: int = 0
    archived: int = 0


@dataclass(frozen=True, slots=True)
class LeadershipRecord:
    """Under which epoch and halt generation it decides."""

    epoch: int = 0
    halt_generation: int = 0
    halted: bool = False
    halted_by: str = ""
    incidents: int = 0
    """Incidents opened so far; numbers them."""


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
    LeadershipRecord: ("reign", lambda _: "now"),
    BreakerRecord: ("breaker", lambda d: d.name),
}
TYPES: Final[dict[str, type[Any]]] = {kind: type_ for type_, (kind, _) in _KEYS.items()}
"""Kind of a document to its type."""


def identity(document: Document) -> tuple[str, str]:
    """Kind and key of a document."""
    kind, key = _KEYS[type(document)]
    return kind, key(document)
