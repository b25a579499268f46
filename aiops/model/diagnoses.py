"""Diagnoses of incidents by analysis: ranked causes with evidence, impact, suspicious changes, or "unknown"."""

from __future__ import annotations

from dataclasses import dataclass

from aiops.model.entities import MAIN_DOMAIN
from aiops.model.prose import Prose


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason for or against a hypothesis."""

    id: str
    """Id of the episode, change, ticket or edge behind it; a handoff's reasoning cites this id."""
    supports: bool
    what: Prose
    """The observation as a sentence for people."""
    source: str
    """``metric``, ``log``, ``span``, ``alert``, ``change``, ``ticket`` or ``graph``."""
    from_at: int
    to_at: int
    weight: float
    """Contribution to the score, in nats or in the ranker's own unit; a higher weight contributed more."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A possible cause: ``entity``, with its probability in [0, 1]."""

    entity: str
    probability: float
    kind: str
    """Kind of fault (``crash``, ``saturation``, ``bad deploy``, ``latency`` …) or ``unknown``."""
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """An item that the cause breaks or may break, and its business value a minute."""

    entity: str
    how: Prose
    """``abnormal`` (observed) or ``at risk`` (needs the cause), with the path."""
    value_per_minute: float
    business_service: bool = False


@dataclass(frozen=True, slots=True)
class ChangeSuspect:
    """A change near the onset, on the cause or on something that the cause needs."""

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
    """No hypothesis is probable enough to act on."""
    members: tuple[str, ...] = ()
    """Entities whose anomalies the first hypothesis explains."""
    domain: str = MAIN_DOMAIN
