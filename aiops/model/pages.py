"""Pages: what an on-call engineer reads at 3 a.m., and what became of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, PlainSerializer

from aiops.model.entities import MAIN_DOMAIN
from aiops.model.incidents import Priority
from aiops.model.prose import NOTHING, Prose


class EscalationCause(StrEnum):
    """Why people are paged. What ``PageReason.subject`` is stands beside each that has one."""

    APPROVAL = "approval"
    """A plan waits; subject: the attempt, and after a dash which plan of it from the second on."""
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
    """An incident about the runtime came from outside."""
    RUNTIME_TROUBLE = "runtime-trouble"
    """The runtime's own; subject: what it is about."""


_SLUGS: Final = {
    EscalationCause.APPROVAL: ("approval-", ""),
    EscalationCause.VETOED: ("vetoed-", ""),
    EscalationCause.STUCK: ("stuck-", ""),
    EscalationCause.AGENT_ESCALATES: ("", "-escalates"),
    EscalationCause.AGENT_FAILED: ("", "-failed"),
    EscalationCause.RUNTIME_TROUBLE: ("", ""),
}
"""What stands before and after the subject in the slug of a cause that has one; the last takes what no other does."""
_AGAIN: Final = "-again-"


@dataclass(frozen=True, slots=True)
class PageReason:
    """What a page is about: one page per incident and reason."""

    cause: EscalationCause
    subject: str = ""
    again: int = 0
    """Which reopening of the incident it is about, from 1; 0: it was not reopened."""

    @property
    def slug(self) -> str:
        """Its place in a page's key and in documents."""
        before, after = _SLUGS.get(self.cause, (self.cause.value, ""))
        return f"{before}{self.subject}{after}" + (f"{_AGAIN}{self.again}" if self.again else "")


def page_reason(slug: str) -> PageReason:
    """The reason whose slug this is."""
    bare, mark, again = slug.rpartition(_AGAIN)
    if mark and bare and again.isdecimal():
        return replace(page_reason(bare), again=int(again))
    for cause in EscalationCause:
        if cause not in _SLUGS and slug == cause.value:
            return PageReason(cause)
    for cause, (before, after) in _SLUGS.items():
        if slug.startswith(before) and slug.endswith(after) and len(slug) > len(before) + len(after):
            return PageReason(cause, slug.removeprefix(before).removesuffix(after))
    return PageReason(EscalationCause.RUNTIME_TROUBLE, slug)


def _read(value: Any) -> Any:
    return page_reason(value) if isinstance(value, str) else value


SluggedReason = Annotated[PageReason, BeforeValidator(_read), PlainSerializer(lambda reason: reason.slug)]
"""A reason that documents keep as its slug."""


@dataclass(frozen=True, slots=True)
class Page:
    """An escalation. Sent at least once, always with the same ``key``, which receivers can recognise."""

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
    """What was tried and how it ended; the exact half-way state where there is one."""
    asks: Prose
    """What is asked of the person, and how to approve or stop."""
    answer_by: int | None = None
    """Not acknowledged by then: the next level is paged."""
    agreement: str = ""
    """The objective that is at stake."""
    repair_by: int | None = None
    """When the agreed time to repair is over."""
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
