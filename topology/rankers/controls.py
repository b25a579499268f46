"""Controls: what a ranker must beat to be worth its code."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b

from aiops.model.episodes import Episode
from topology.rankers.protocol import NOTHING, Ranking, RankingQuestion, ranking

DOUBT = 0.1


class RandomRanker:
    """Any abnormal entity, by a hash of the names: the floor. The one ranker that renaming changes."""

    name = "random"

    def rank(self, question: RankingQuestion) -> Ranking:
        names = sorted({episode.entity for episode in question.episodes})
        salt = repr(sorted((e.id, e.severity) for e in question.episodes)).encode()
        return ranking(((name, _uniform(name, salt)) for name in names), DOUBT)


class EarliestRanker:
    """Whoever became abnormal first; without times all are equal."""

    name = "earliest"

    def rank(self, question: RankingQuestion) -> Ranking:
        first = _by_entity(question.episodes, lambda episode: float(episode.opened_at), min)
        if not first:
            return NOTHING
        start = min(first.values())
        late = {name: (at - start) / max(question.resolution, 1) for name, at in first.items()}
        return ranking(((name, 1.0 / (1.0 + steps)) for name, steps in late.items()), DOUBT)


class SeverestRanker:
    """Whoever is worst off."""

    name = "severest"

    def rank(self, question: RankingQuestion) -> Ranking:
        worst = _by_entity(question.episodes, lambda e: e.severity * (1 + 1e-3 * len(e.signals)), max)
        return ranking(worst.items(), DOUBT)


def _by_entity(
    episodes: Iterable[Episode], figure: Callable[[Episode], float], better: Callable[[float, float], float]
) -> dict[str, float]:
    found: dict[str, float] = {}
    for episode in episodes:
        value = figure(episode)
        found[episode.entity] = better(found.get(episode.entity, value), value)
    return found


def _uniform(name: str, salt: bytes) -> float:
    return (int.from_bytes(blake2b(name.encode(), key=blake2b(salt).digest(), digest_size=8).digest()) + 1) / 2**64
