"""The rankers that every other one must beat: by chance, by time, by severity."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.episodes import Episode
from tests.unit.topology.estates import SECOND, START, episode, shop
from topology.rankers.controls import DOUBT, EarliestRanker, RandomRanker, SeverestRanker
from topology.rankers.protocol import NOTHING, Ranker, Ranking, RankingQuestion

ALL: list[Ranker] = [RandomRanker(), EarliestRanker(), SeverestRanker()]


def question(*episodes: Episode, resolution: int = 10 * SECOND) -> RankingQuestion:
    """About the shop."""
    return RankingQuestion(episodes, shop(), START, resolution=resolution)


def order(ranking: Ranking) -> list[str]:
    """Candidates, best first."""
    return [candidate.entity for candidate in ranking.candidates]


def probabilities(ranking: Ranking) -> list[float]:
    """In the same order."""
    return [candidate.probability for candidate in ranking.candidates]


@pytest.mark.parametrize("ranker", ALL, ids=lambda ranker: ranker.name)
def test_nobody_abnormal_is_nothing(ranker: Ranker) -> None:
    """All is unknown."""
    assert ranker.rank(question()) == NOTHING


@pytest.mark.parametrize("ranker", ALL, ids=lambda ranker: ranker.name)
@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(0, 900), st.floats(0.01, 1)), max_size=8))
def test_probabilities_add_up_to_one(ranker: Ranker, told: list[tuple[str, float, float]]) -> None:
    """Each entity once, none out of bounds, and what is left is doubt."""
    found = ranker.rank(question(*(episode(name, after, score=score) for name, after, score in told)))
    assert sum(probabilities(found)) + found.p_unknown + found.p_rest == pytest.approx(1)
    assert all(0 <= probability <= 1 for probability in probabilities(found))
    assert sorted(order(found)) == sorted({name for name, _, _ in told})


@pytest.mark.parametrize("ranker", ALL, ids=lambda ranker: ranker.name)
def test_the_order_of_the_episodes_does_not_matter(ranker: Ranker) -> None:
    """They arrive in any."""
    told = [episode(name, after) for name, after in (("web", 0.0), ("db", 30.0), ("cache", 60.0))]
    assert ranker.rank(question(*told)) == ranker.rank(question(*reversed(told)))


def test_the_first_is_the_earliest() -> None:
    """By its first episode, not its last."""
    told = [episode("web", 100.0), episode("db", 40.0), episode("web", 0.0), episode("cache", 80.0)]
    assert order(EarliestRanker().rank(question(*told))) == ["web", "db", "cache"]


def test_a_step_of_the_data_later_counts_half() -> None:
    """Two steps a third: times closer than a step say little."""
    told = [episode("a", 0.0), episode("b", 10.0), episode("c", 20.0)]
    found = EarliestRanker().rank(question(*told, resolution=10 * SECOND))
    first = probabilities(found)[0]
    assert [p / first for p in probabilities(found)] == pytest.approx([1, 1 / 2, 1 / 3])


def test_without_times_all_are_equally_early() -> None:
    """An episode at 0 has no known time."""
    told = [replace(episode(name), opened_at=0) for name in "abc"]
    assert len(set(probabilities(EarliestRanker().rank(question(*told))))) == 1


def test_a_resolution_of_nothing_is_a_nanosecond() -> None:
    """It divides."""
    found = EarliestRanker().rank(question(episode("a"), episode("b", 1.0), resolution=0))
    assert order(found) == ["a", "b"]


def test_the_severest_is_the_worst_of_its_episodes() -> None:
    """More signals decide between equals."""
    told = [episode("a", score=0.5), episode("a", 5.0, score=0.9), episode("b", score=0.8)]
    assert order(SeverestRanker().rank(question(*told))) == ["a", "b"]
    many = replace(episode("c", score=0.8), signals=episode("c").signals * 3)
    assert order(SeverestRanker().rank(question(episode("b", score=0.8), many))) == ["c", "b"]


def test_a_severity_of_nothing_is_no_candidate() -> None:
    """Nothing is known against it."""
    found = SeverestRanker().rank(question(episode("a", score=0.0)))
    assert (order(found), found.p_unknown + found.p_rest) == ([], 1.0)


def test_chance_is_the_same_each_time_and_another_for_another_incident() -> None:
    """Else two runs could not be compared; one order for all incidents would be a rule and not chance."""
    ranker = RandomRanker()
    told = [episode(name) for name in "abcdefgh"]
    assert ranker.rank(question(*told)) == ranker.rank(question(*told))
    other = [replace(one, severity=0.5) for one in told]
    assert order(ranker.rank(question(*told))) != order(ranker.rank(question(*other)))


def test_all_leave_the_same_room_for_doubt() -> None:
    """So that none wins by being surer."""
    found = [ranker.rank(question(episode("a"), episode("b", 30.0))) for ranker in ALL]
    assert {round(ranking.p_unknown + ranking.p_rest, 9) for ranking in found} == {DOUBT}
