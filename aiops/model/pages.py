"""Pages to on-call engineers, and the reports of their delivery."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer

from aiops.model.entities import MAIN_DOMAIN
from aiops.model.incidents import Priority
from aiops.model.prose import NOTHING, Prose


class EscalationCause(StrEnum):
    """Why people are paged. The text beside a cause states its ``PageReason.subject``, if it has one."""

    APPROVAL = "approval"
    """A plan waits for approval; subject: the attempt's number, and ``-N`` for its Nth plan from the second on."""
    NOT_APPROVED = "not-approved"
    FORBIDDEN = "forbidden"
    """Policy forbids the plan."""
    VETOED = "vetoed"
    """Subject: the intent that oversight vetoed."""
    PLAN_REFUSED = "plan-refused"
    """The plan does not fit the incident."""
    NO_PLAN = "no-plan"
    AGENT_ESCALATES = "escalates"
    """Subject: the agent's role."""
    AGENT_FAILED = "failed"
    """Subject: the agent's role."""
    UNSETTLED = "unsettled"
    """Analysis names another cause each time."""
    STUCK = "stuck"
    """Subject: the plan that stopped half-way."""
    HALTED = "halted"
    ATTEMPTS = "attempts"
    """The allowed number of plans did not heal it."""
    TOO_LONG = "too-long"
    OVERDUE = "overdue"
    """The agreed time to repair is over."""
    REMINDER = "reminder"
    RUNTIME = "runtime"
    """An external source reported an incident of the runtime."""
    RUNTIME_PROBLEM = "runtime-trouble"
    """The runtime reported a problem of its own; subject: its topic."""


_SLUGS: Final = {
    EscalationCause.APPROVAL: ("approval-", ""),
    EscalationCause.VETOED: ("vetoed-", ""),
    EscalationCause.STUCK: ("stuck-", ""),
    EscalationCause.AGENT_ESCALATES: ("", "-escalates"),
    EscalationCause.AGENT_FAILED: ("", "-failed"),
    EscalationCause.RUNTIME_PROBLEM: ("", ""),
}
"""Text before and after the subject in the slug of a cause with a subject; the last entry matches any other slug."""
_AGAIN: Final = "-again-"


@dataclass(frozen=True, slots=True)
class PageReason:
    """The reason of a page; one page per incident and reason."""

    cause: EscalationCause
    subject: str = ""
    again: int = 0
    """Number of the incident's reopening, from 1; 0: it was not reopened."""

    @property
    def slug(self) -> str:
        """The reason as text, in page keys and documents."""
        before, after = _SLUGS.get(self.cause, (self.cause.value, ""))
        return f"{before}{self.subject}{after}" + (f"{_AGAIN}{self.again}" if self.again else "")


def page_reason(slug: str) -> PageReason:
    """The reason of a slug."""
    bare, mark, again = slug.rpartition(_AGAIN)
    if mark and bare and again.isdecimal():
        return replace(page_reason(bare), again=int(again))
    for cause in EscalationCause:
        if cause not in _SLUGS and slug == cause.value:
            return PageReason(cause)
    for cause, (before, after) in _SLUGS.items():
        if slug.startswith(before) and slug.endswith(after) and len(slug) > len(before) + len(after):
            return PageReason(cause, slug.removeprefix(before).removesuffix(after))
    return PageReason(EscalationCause.RUNTIME_PROBLEM, slug)


def _read(value: Any) -> Any:
    return page_reason(value) if isinstance(value, str) else value


SluggedReason = Annotated[PageReason, BeforeValidator(_read), PlainSerializer(lambda reason: reason.slug)]
"""A reason that documents store as its slug."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page to a person. It is sent at least once, always with the same ``key``, so receivers can drop repeats."""

    key: str
    work_item: str
    level: int
    """Step of the escalation chain, 0 first."""
    at: int
    priority: Priority
    title: Prose
    broken: Prose
    """What is broken."""
    matters: Prose
    """Why it matters: business services and value a minute."""
    affected: tuple[Prose, ...]
    causes: tuple[Prose, ...]
    """Ranked causes with their evidence, a sentence each."""
    tried: tuple[Prose, ...]
    """Plans that were tried and how they ended; of a plan that stopped half-way, its exact state."""
    asks: Prose
    """The request to the person, and how to approve or stop."""
    answer_by: int | None = None
    """If no one acknowledges the page by then (ns), the next level is paged."""
    agreement: str = ""
    """The objective that is at stake."""
    repair_by: int | None = None
    """When the agreed time to repair is over, ns."""
    domain: str = MAIN_DOMAIN


@dataclass(frozen=True, slots=True)
class Delivery:
    """One channel's report on one page."""

    key: str
    channel: str
    delivered: bool
    at: int
    error: Prose = NOTHING
    domain: str = MAIN_DOMAIN
