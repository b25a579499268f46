"""Records that people and systems send: changes, tickets, alerts. Text is untrusted and may hold personal data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiops.model.entities import MAIN_DOMAIN
from aiops.model.prose import NOTHING, Prose


@dataclass(frozen=True, slots=True)
class Change:
    """A deliberate change: a deployment, a configuration, a feature flag."""

    id: str
    entity: str
    at: int
    kind: str
    """``deploy``, ``config``, ``flag``, ``scale``, ``infrastructure`` or another word."""
    summary: Prose = NOTHING
    instances: tuple[str, ...] = ()
    author: str = ""
    reversible: bool = True
    version: str = ""
    """Of a deployment: the version that runs after it. Decisions read this field and never ``summary``."""
    domain: str = MAIN_DOMAIN


@dataclass(frozen=True, slots=True)
class Ticket:
    """A user's report of a problem. It is evidence; tickets alone never lead to an action."""

    id: str
    at: int
    title: Prose
    text: Prose = NOTHING
    item: str | None = None
    """The item that the requester or the form named, if any."""
    requester: str = ""
    """A keyed digest, never the name."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    domain: str = MAIN_DOMAIN
