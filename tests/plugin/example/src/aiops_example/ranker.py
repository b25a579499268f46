"""A ranker: who scores highest is probably the cause."""

from __future__ import annotations

from topology.rankers.protocol import Ranking, RankingQuestion, ranking


class Loudest:
    """Probability in the proportion of severities."""

    name = "loudest"

    def rank(self, question: RankingQuestion) -> Ranking:
        """One candidate for each abnormal entity."""
        worst: dict[str, float] = {}
        for episode in question.episodes:
            worst[episode.entity] = max(worst.get(episode.entity, 0.0), episode.severity, 1e-6)
        return ranking(sorted(worst.items()), 0.05 if worst else 1.0)
