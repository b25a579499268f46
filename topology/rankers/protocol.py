"""What every ranker is asked and how it answers; ``tests/contracts/test_rankers.py`` holds all of them to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from aiops.model.diagnoses import Evidence
from aiops.model.durations import SECOND
from aiops.model.episodes import Episode
from aiops.model.metric_semantics.table import MetricTable
from aiops.model.reports import Change
from aiops.model.series_evidence import SeriesEvidence
from topology.graph import Graph

MOST_CANDIDATES = 10
DIGITS = 9
"""Probabilities closer than this many digits are a tie: sums in another order differ by less."""


@dataclass(frozen=True, slots=True, eq=False)
class RankingQuestion:
    """The facts about one incident."""

    episodes: tuple[Episode, ...]
    """Who is abnormal; an episode whose ``opened_at`` is 0 has no known time."""
    graph: Graph
    onset: int
    """When the trouble began, ns; 0: not known."""
    changes: tuple[Change, ...] = ()
    resolution: int = 10 * SECOND
    """Times closer than this cannot be told apart, ns (a step of the data)."""
    metrics: MetricTable = field(default_factory=MetricTable)
    """What metrics mean."""
    evidence: SeriesEvidence | None = None
    """What all series of the region did at the onset; None: only the episodes are known."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entity that may be the cause."""

    entity: str
    probability: float
    evidence: tuple[Evidence, ...] = ()
    members: tuple[str, ...] = ()
    """Unwell entities that it explains."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates, best first; their probabilities, ``p_unknown`` and ``p_rest`` add up to 1."""

    candidates: tuple[Candidate, ...]
    p_unknown: float
    p_rest: float


NOTHING = Ranking((), 1.0, 0.0)
"""The answer when nobody is abnormal."""


class Ranker(Protocol):
    """Ranks the causes of one incident. Pure: the same question gives the same answer."""

    @property
    def name(self) -> str:
        """The name in the registry."""
        ...

    def rank(self, question: RankingQuestion) -> Ranking:
        """Candidates, from whatever the question holds; never raises on odd data."""
        ...


def ranking(scores: Iterable[tuple[str, float]], p_unknown: float) -> Ranking:
    """A ranking without evidence from non-negative scores, which share what ``p_unknown`` leaves."""
    held = [(name, score) for name, score in scores if score > 0]
    total = sum(score for _, score in held)
    if not held or not 0 < total < float("inf"):
        return NOTHING
    known = 1.0 - p_unknown
    shares = sorted(((round(known * score / total, DIGITS), name) for name, score in held), key=lambda s: (-s[0], s[1]))
    listed = shares[:MOST_CANDIDATES]
    rest = max(known - sum(share for share, _ in listed), 0.0) if len(shares) > len(listed) else 0.0
    return Ranking(
        tuple(Candidate(name, share) for share, name in listed), 1.0 - rest - sum(s for s, _ in listed), rest
    )
