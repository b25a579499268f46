"""Pages: what an on-call engineer reads at 3 a.m., and what became of them."""

from __future__ import annotations

from dataclasses import dataclass

from aiops.model.entities import MAIN_DOMAIN
from aiops.model.incidents import Priority


@dataclass(frozen=True, slots=True)
class Page:
    """An escalation. Sent at least once, always with the same ``key``, which receivers can recognise."""

    key: str
    work_item: str
    level: int
    """Step of the escalation chain, 0 first."""
    at: int
    priority: Priority
    title: str
    broken: str
    """What is broken."""
    matters: str
    """Why it matters: business services and value a minute."""
    affected: tuple[str, ...]
    causes: tuple[str, ...]
    """Ranked causes with their evidence, a sentence each."""
    tried: tuple[str, ...]
    """What was tried and how it ended; the exact half-way state where there is one."""
    asks: str
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
    error: str = ""
    domain: str = MAIN_DOMAIN
