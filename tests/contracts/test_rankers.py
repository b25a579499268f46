"""Every ranker, ours and those of installed plug-ins, keeps the rankers' contract."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.adapters.plugins import installed
from aiops.contracts import rankers
from aiops.contracts.rankers import START, episode, shape
from aiops.model.durations import SECOND
from aiops.model.entities import Edge, EdgeKind
from aiops.model.reports import Change
from aiops.plugins import ExtensionKind
from topology.graph import Graph
from topology.rankers.protocol import MOST_CANDIDATES, Ranker, RankingQuestion

pytestmark = pytest.mark.contract

PLUGINS = installed()
NAMES = [f"n{at}" for at in range(9)]
BY_LOT = {"random"}
"""Rankers that go by names on purpose."""


def known() -> tuple[str, ...]:
    return PLUGINS.names(ExtensionKind.RANKER)


def ranker(name: str) -> Ranker:
    found: Ranker = PLUGINS.make(ExtensionKind.RANKER, name)
    return found


@pytest.fixture(params=known())
def each(request: pytest.FixtureRequest) -> Ranker:
    return ranker(request.param)


@st.composite
def questions(draw: st.DrawFn) -> RankingQuestion:
    """Any graph, any episodes: unknown entities, peers and times among them."""
    name = st.sampled_from([*NAMES, "nobody", "ghost"])
    edges = draw(st.lists(st.builds(Edge, name, name, st.sampled_from(list(EdgeKind))), max_size=25))
    metric = st.sampled_from(["errors", "cpu", "latency", "requests", "what"])
    times, scores = st.integers(-1, 600), st.sampled_from([0.0, 0.3, 0.9, 0.99, 1.0])
    made = st.builds(episode, name, times, score=scores, metric=metric, peer=st.none() | name)
    episodes = draw(st.lists(made, max_size=12, unique_by=lambda e: e.id))
    changes = (Change("c1", draw(name), START - SECOND, "deploy"),) if draw(st.booleans()) else ()
    return RankingQuestion(tuple(episodes), Graph.build([], edges), draw(st.sampled_from([0, START])), changes)


@pytest.mark.parametrize("rule", rankers.RULES, ids=lambda rule: rule.__name__)
def test_keeps_the_contract(each: Ranker, rule: object) -> None:
    """One rule on one ranker."""
    assert callable(rule)
    rule(each)


@pytest.mark.parametrize("name", known())
@given(question=questions())
@settings(max_examples=60, deadline=None)
def test_probabilities_add_up(name: str, question: RankingQuestion) -> None:
    """The contract's rule, on whatever hypothesis finds."""
    rankers.adds_up(ranker(name), question)


@pytest.mark.parametrize("name", known())
@given(question=questions(), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_order_of_episodes_does_not_matter(name: str, question: RankingQuestion, seed: int) -> None:
    """The same episodes in another order give the same answer, evidence included."""
    shuffled = list(question.episodes)
    random.Random(seed).shuffle(shuffled)
    each = ranker(name)
    assert each.rank(replace(question, episodes=tuple(shuffled))) == each.rank(question)


@pytest.mark.parametrize("name", sorted(set(known()) - BY_LOT))
@given(question=questions(), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_names_do_not_matter(name: str, question: RankingQuestion, seed: int) -> None:
    """Renamed entities get the same probabilities: no ranker knows names."""
    names = sorted({*question.graph.names, *(e.entity for e in question.episodes), *NAMES, "nobody", "ghost"})
    fresh = [f"r{at}" for at in range(len(names))]
    random.Random(seed).shuffle(fresh)
    renamed = dict(zip(names, fresh, strict=True))
    asked = _rename(question, renamed)
    one, two = ranker(name).rank(question), ranker(name).rank(asked)
    assert [c.probability for c in two.candidates] == pytest.approx([c.probability for c in one.candidates], abs=1e-7)
    if len(one.candidates) < MOST_CANDIDATES:
        moved = {renamed[entity]: chance for entity, chance in shape(one).items()}
        assert shape(two) == pytest.approx(moved, abs=1e-7)


def _rename(question: RankingQuestion, names: dict[str, str]) -> RankingQuestion:
    edges = [
        Edge(names[name], names[end], kind)
        for name in question.graph.names
        for end, kind in question.graph.needs_of(name)
    ]
    episodes = tuple(
        replace(
            e,
            entity=names[e.entity],
            signals=tuple(replace(s, peer=names[s.peer] if s.peer else None) for s in e.signals),
        )
        for e in question.episodes
    )
    changes = tuple(replace(c, entity=names[c.entity]) for c in question.changes)
    return replace(question, episodes=episodes, graph=Graph.build([], edges), changes=changes)


@pytest.mark.parametrize("name", sorted(set(known()) - BY_LOT))
def test_twins_tie(name: str) -> None:
    """Two entities that nothing tells apart have equal probability."""
    graph = Graph.build([], [Edge("top", "a"), Edge("top", "b")])
    ranked = shape(ranker(name).rank(RankingQuestion((episode("a"), episode("b"), episode("top", 30)), graph, START)))
    assert ranked["a"] == ranked["b"]


@pytest.mark.timeout(120)
def test_a_storm_is_ranked(each: Ranker) -> None:
    """5,000 abnormal entities among 20,000 items get probabilities; a ranker of quadratic cost does not end in time."""
    draw = np.random.default_rng(3)
    edges = [Edge(f"s{at}", f"s{draw.integers(at)}") for at in range(1, 20_000) for _ in range(3)]
    asked = RankingQuestion(tuple(episode(f"s{at}", at // 500) for at in range(5_000)), Graph.build([], edges), START)
    ranked = shape(each.rank(asked))
    assert ranked
    assert sum(ranked.values()) <= 1.0 + 1e-9
