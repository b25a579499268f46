"""Measures of rankings: places with the worst of ties, Wilson intervals, calibration, and comparisons case by case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from aiops.model.entities import Edge, EdgeKind

Z95 = 1.959963984540054
"""Quantile of the normal distribution for 95 % intervals."""
MOST_PLACES = 5
BINS = 10
BAR = 0.6
"""Probability from which a policy lets the runtime act on the first hypothesis."""
BARS = (0.4, BAR, 0.8, 0.9)
MOST_WORSE = 2
"""Cases that the product may be worse by in a comparison."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one ranker says of one case."""

    scores: Mapping[str, float]
    """Entity to score, higher is likelier; entities that are not listed are not suspected."""
    unknown: bool = False
    """The ranker says that the cause is unknown."""
    seconds: float = 0.0

    @property
    def first(self) -> float:
        """The highest score; 0 where nobody is suspected."""
        return max(self.scores.values(), default=0.0)


def by_service(answer: Answer, edges: Iterable[Edge]) -> Answer:
    """The answer with each part replaced by its whole; a whole has the best score of its parts and of itself."""
    whole = wholes(edges)
    found: dict[str, float] = {}
    for entity, score in answer.scores.items():
        name = whole.get(entity, entity)
        found[name] = max(found.get(name, score), score)
    return Answer(found, answer.unknown, answer.seconds)


def wholes(edges: Iterable[Edge]) -> dict[str, str]:
    """Each part and what it is part of."""
    return {edge.source: edge.target for edge in edges if edge.kind is EdgeKind.PART_OF}


def place(scores: Mapping[str, float], truth: frozenset[str]) -> int | None:
    """Place of the best true entity, from 1, behind everything that it ties with; None: it is not listed."""
    right = [score for entity, score in scores.items() if entity in truth]
    if not right:
        return None
    return 1 + sum(score >= max(right) for entity, score in scores.items() if entity not in truth)


def share_within(places: Sequence[int | None], top: int) -> float:
    """AC@top: share of the cases whose place is at most ``top``; a case without a place is a miss."""
    return sum(at is not None and at <= top for at in places) / len(places) if places else 0.0


def average_at_5(places: Sequence[int | None]) -> float:
    """Avg@5: mean of AC@1 to AC@5."""
    return sum(share_within(places, top) for top in range(1, MOST_PLACES + 1)) / MOST_PLACES


def wilson(hits: int, cases: int) -> tuple[float, float]:
    """95 % score interval of a share (Wilson, JASA 1927); (0, 1) without cases."""
    if cases == 0:
        return 0.0, 1.0
    share, z2 = hits / cases, Z95**2
    middle = (share + z2 / (2 * cases)) / (1 + z2 / cases)
    half = Z95 / (1 + z2 / cases) * sqrt(share * (1 - share) / cases + z2 / (4 * cases**2))
    return max(middle - half, 0.0), min(middle + half, 1.0)


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The first hypotheses whose probability lies in (low, high]; the lowest bin holds 0 too."""

    low: float
    high: float
    cases: int
    probability: float
    """Mean probability of the first hypothesis."""
    right: float
    """Share of them that were right."""


def reliability(firsts: Sequence[tuple[float, bool]]) -> list[ReliabilityBin]:
    """Bins of equal width that hold a case, from pairs (probability of the first hypothesis, whether it is right)."""
    held: dict[int, list[tuple[float, bool]]] = {}
    for chance, right in firsts:
        held.setdefault(min(max(int(-(-chance * BINS // 1)) - 1, 0), BINS - 1), []).append((chance, right))
    return [
        ReliabilityBin(
            low=at / BINS,
            high=(at + 1) / BINS,
            cases=len(pairs),
            probability=sum(chance for chance, _ in pairs) / len(pairs),
            right=sum(right for _, right in pairs) / len(pairs),
        )
        for at, pairs in sorted(held.items())
    ]


def calibration_error(firsts: Sequence[tuple[float, bool]]) -> float:
    """Expected calibration error: mean over cases of |probability - share right| of their bin (Naeini, AAAI 2015)."""
    bins = reliability(firsts)
    total = sum(each.cases for each in bins)
    return sum(each.cases * abs(each.probability - each.right) for each in bins) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """The product and one baseline on the same cases, by whether the first place is right."""

    baseline: str
    wins: int
    """Cases in which only the product is right."""
    losses: int
    """Cases in which only the baseline is right."""

    @property
    def worse_by(self) -> int:
        """Cases by which the product is worse; 0 where it is not."""
        return max(self.losses - self.wins, 0)

    @property
    def holds(self) -> bool:
        """Whether the product is worse by at most ``MOST_WORSE`` cases."""
        return self.worse_by <= MOST_WORSE


def compare(product: Sequence[int | None], baseline: Sequence[int | None], name: str) -> Comparison:
    """Compare the first places case by case; both sequences are in the order of the cases."""
    pairs = [(mine == 1, theirs == 1) for mine, theirs in zip(product, baseline, strict=True)]
    return Comparison(
        name, sum(mine and not theirs for mine, theirs in pairs), sum(theirs and not mine for mine, theirs in pairs)
    )


def best_of(places: Mapping[str, Sequence[int | None]]) -> str | None:
    """The ranker with the highest AC@1, then Avg@5, then name; None without rankers."""
    return max(places, key=lambda name: (share_within(places[name], 1), average_at_5(places[name]), name), default=None)
