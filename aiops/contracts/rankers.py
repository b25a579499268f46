"""Rules for every ranker. The subject is a ranker. Functions with a question can run on any question."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from aiops.contracts.rule import require
from aiops.model.durations import SECOND
from aiops.model.entities import Edge, EdgeKind
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from aiops.model.reports import Change
from topology.graph import Graph
from topology.rankers.protocol import MOST_CANDIDATES, Ranker, Ranking, RankingQuestion

START: Final = 1_700_000_000 * SECOND
NAMES: Final = (*(f"n{at}" for at in range(9)), "nobody", "ghost")
QUESTIONS: Final = 60


def episode(
    entity: str, after: int = 0, *, score: float = 0.9, metric: str = "errors", peer: str | None = None
) -> Episode:
    """An episode with one signal that began ``after`` seconds after ``START``; negative: at an unknown time."""
    at = START + after * SECOND if after >= 0 else 0
    signal = Signal(metric, metric, SignalDirection.UP, Source.METRIC, at, score, 2.0, 1.0, peer=peer)
    return Episode(f"{entity}/{after}/{metric}", entity, at, 1, score, (signal,), 1, START + 900 * SECOND)


def no_anomaly_is_unknown(ranker: Ranker) -> None:
    """Without episodes there are no candidates, and ``p_unknown`` is 1."""
    ranked = ranker.rank(RankingQuestion((), Graph.empty(), 0))
    require((ranked.candidates, ranked.p_unknown) == ((), 1.0), f"a question without episodes gives {ranked}")


def probabilities_add_up(ranker: Ranker) -> None:
    """On generated graphs and episodes."""
    for question in _questions():
        adds_up(ranker, question)


def adds_up(ranker: Ranker, question: RankingQuestion) -> None:
    """Probabilities lie in [0, 1], highest first, one per entity; their sum with unknown and rest is 1."""
    ranked = ranker.rank(question)
    chances = [candidate.probability for candidate in ranked.candidates]
    total = sum(chances) + ranked.p_unknown + ranked.p_rest
    require(math.isclose(total, 1.0, abs_tol=1e-6), f"probabilities add up to {total}")
    require(
        all(0 <= p <= 1 for p in [*chances, ranked.p_rest, ranked.p_unknown]), f"{chances} are not all probabilities"
    )
    require(chances == sorted(chances, reverse=True), f"{chances} are not in descending order")
    require(len(chances) <= MOST_CANDIDATES, f"{len(chances)} candidates, at most {MOST_CANDIDATES} are allowed")
    require(len({c.entity for c in ranked.candidates}) == len(chances), "an entity is named twice")


def order_of_episodes_does_not_matter(ranker: Ranker) -> None:
    """The same episodes in another order give the same ranking, including evidence."""
    for question in _questions():
        ignores_order(ranker, question)


def ignores_order(ranker: Ranker, question: RankingQuestion) -> None:
    """Episodes in reverse order give the same ranking."""
    other = replace(question, episodes=question.episodes[::-1])
    require(ranker.rank(other) == ranker.rank(question), "the ranking depends on the order of episodes")


def unconnected_entities_are_all_considered(ranker: Ranker) -> None:
    """Without edges every abnormal entity is a candidate."""
    ranked = ranker.rank(RankingQuestion((episode("a"), episode("b"), episode("c")), Graph.empty(), START))
    require(set(shape(ranked)) == {"a", "b", "c"}, f"of a, b and c only {sorted(shape(ranked))} are ranked")


def same_question_same_answer(ranker: Ranker) -> None:
    """A ranker keeps no state between questions."""
    asked = RankingQuestion((episode("a"), episode("b", 20)), Graph.build([], [Edge("b", "a")]), START)
    first = ranker.rank(asked)
    ranker.rank(RankingQuestion((episode("z"),), Graph.empty(), START))
    require(ranker.rank(asked) == first, "the same question gives another ranking after a different question")


RULES: Final = (
    no_anomaly_is_unknown,
    probabilities_add_up,
    order_of_episodes_does_not_matter,
    unconnected_entities_are_all_considered,
    same_question_same_answer,
)


def shape(ranked: Ranking) -> dict[str, float]:
    """Entity to probability."""
    return {candidate.entity: candidate.probability for candidate in ranked.candidates}


def _questions() -> Iterator[RankingQuestion]:
    """Seeded random graphs and episodes, with unknown entities, peers and times."""
    for seed in range(QUESTIONS):
        draw = random.Random(seed)  # noqa: S311 (seeded cases, no secret)
        kinds = list(EdgeKind)
        pairs = [draw.choices(NAMES, k=2) for _ in range(draw.randrange(26))]
        edges = [Edge(source, target, draw.choice(kinds)) for source, target in pairs]
        made = {one.id: one for one in (_episode(draw) for _ in range(draw.randrange(13)))}
        change = (Change("c1", draw.choice(NAMES), START - SECOND, "deploy"),) if draw.random() < 0.5 else ()
        yield RankingQuestion(tuple(made.values()), Graph.build([], edges), draw.choice((0, START)), change)


def _episode(draw: random.Random) -> Episode:
    return episode(
        draw.choice(NAMES),
        draw.randint(-1, 600),
        score=draw.choice((0.0, 0.3, 0.9, 0.99, 1.0)),
        metric=draw.choice(("errors", "cpu", "latency", "requests", "what")),
        peer=draw.choice((None, *NAMES)),
    )
