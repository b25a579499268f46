"""What analysis says of an incident: causes with evidence, impact, suspicious changes, or "unknown"."""

from __future__ import annotations

from dataclasses import dataclass

from aiops.model.entities import MAIN_DOMAIN
from aiops.model.prose import Prose


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason for or against a hypothesis."""

    id: str
    """Episode, change, ticket or edge that it rests on; what a handoff's reasoning refers to."""
    supports: bool
    what: Prose
    """A sentence a person can read."""
    source: str
    """``metric``, ``log``, ``span``, ``alert``, ``change``, ``ticket`` or ``graph``."""
    from_at: int
    to_at: int
    weight: float
    """How much it moved the score, in nats or the ranker's own unit; higher moved it more."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """``entity`` is the cause, with this probability."""

    entity: str
    probability: float
    kind: str
    """Kind of fault in the field's words (``crash``, ``saturation``, ``bad deploy``, ``latency`` …) or ``unknown``."""
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """An item that the cause breaks or may break, and what that costs."""

    entity: str
    how: Prose
    """``unwell`` (seen) or ``at risk`` (needs the cause), with the path."""
    value_per_minute: float
    business_service: bool = False


@dataclass(frozen=True, slots=True)
class ChangeSuspect:
    """A change near the onset on or under the cause."""

    id: str
    entity: str
    suspicion: float
    """In [0, 1]."""
    why: Prose


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Ranked causes; probabilities, ``p_unknown`` and ``p_rest`` add up to 1."""

    work_item: str
    context_version: int
    at: int
    onset: int
    hypotheses: tuple[Hypothesis, ...]
    """Best first, up to 10; equal probability is a tie."""
    p_unknown: float
    p_rest: float
    impact: tuple[Impact, ...]
    changes: tuple[ChangeSuspect, ...]
    unknown: bool
    """No hypothesis is good enough to act on."""
    members: tuple[str, ...] = ()
    """Entities whose trouble the first hypothesis explains."""
    domain: str = MAIN_DOMAIN
