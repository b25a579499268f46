"""The weighed ranker: right causes with reasons, probabilities that add up, and "unknown" where nothing stands out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiops.contracts.rankers import episode
from aiops.model.entities import Edge
from tests.unit.topology.evidence.recorded import ONSET, Levels, asked, inquiry, recorded
from topology.graph import Graph
from topology.rankers import fitted
from topology.rankers.protocol import MOST_CANDIDATES, NOTHING, RankingQuestion
from topology.rankers.walk import WalkRanker
from topology.rankers.weighed import EXPLAINED, FITTED, STRONGEST, WeighedRanker, WeighedTestimony, Weights
from topology.testimony.witnesses import WITNESSES

CALLS = (("web", "shop"), ("shop", "store"), ("shop", "mail"))
SLOW_STORE: Levels = {
    ("web", "latency_ms"): (100.0, 400.0),
    ("shop", "latency_ms"): (50.0, 350.0),
    ("store", "latency_ms"): (10.0, 300.0),
    ("store", "cpu_usage"): (0.2, 0.9),
    ("mail", "latency_ms"): (5.0, 5.0),
}
CALM: Levels = {name: (before, before) for name, (before, _) in SLOW_STORE.items()}
EVEN = Weights({witness.name: 1.0 for witness in WITNESSES}, unknown=3.0, slope=1.0, offset=0.0)


def question(levels: Levels = SLOW_STORE) -> RankingQuestion:
    return asked(recorded(levels, CALLS, symptom="web"))


def test_the_cause_is_first() -> None:
    """Store is slow by itself; shop and web wait for it."""
    ranked = WeighedRanker().rank(question())
    assert ranked.candidates[0].entity == "store"
    assert ranked.candidates[0].probability > ranked.p_unknown


def test_nothing_that_stands_out_is_unknown() -> None:
    """Calm series: no candidate is as probable as "unknown"."""
    ranked = WeighedRanker().rank(question(CALM))
    assert ranked.p_unknown > max(candidate.probability for candidate in ranked.candidates)


def test_the_strongest_witnesses_are_told_with_figures() -> None:
    """Two for, one against, for each of the first three; no more."""
    ranked = WeighedRanker().rank(question())
    for candidate in ranked.candidates[:EXPLAINED]:
        supports = [evidence.supports for evidence in candidate.evidence]
        assert supports.count(True) <= STRONGEST
        assert supports.count(False) <= 1
    first = ranked.candidates[0]
    assert len(first.evidence) >= STRONGEST
    assert all("store" in evidence.what for evidence in first.evidence if evidence.supports)
    assert all(not candidate.evidence for candidate in ranked.candidates[EXPLAINED:])


def test_what_speaks_against_is_what_speaks_for_a_rival() -> None:
    """Against shop: what store shows."""
    ranked = WeighedRanker().rank(question())
    shop = next(candidate for candidate in ranked.candidates if candidate.entity == "shop")
    (against,) = [evidence for evidence in shop.evidence if not evidence.supports]
    assert "store" in against.what
    assert against.id.endswith("@store")


def test_a_cause_explains_its_abnormal_callers() -> None:
    """Itself first; mail is normal."""
    ranked = WeighedRanker().rank(question())
    assert ranked.candidates[0].members == ("store", "shop", "web")


def test_without_evidence_it_answers_as_the_walk() -> None:
    """What is live today is not made worse."""
    graph = Graph.build([], [Edge("web", "store")])
    told = RankingQuestion((episode("web", 30), episode("store")), graph, ONSET)
    assert WeighedRanker().rank(told) == WalkRanker().rank(told)


def test_evidence_without_rows_is_nothing() -> None:
    """A region in which no entity has a series."""
    held = question()
    assert held.evidence is not None
    none = replace(held.evidence, entities=(), entity=held.evidence.entity[:0])
    assert WeighedRanker().rank(RankingQuestion((), Graph.empty(), 0, evidence=none)) == NOTHING


@pytest.mark.parametrize("many", [1, 3, 40])
def test_probabilities_add_up(many: int) -> None:
    """With those that are not listed and "unknown"; ties are equal."""
    levels = {(f"service{chr(97 + at % 26)}{chr(97 + at // 26)}", "cpu_usage"): (0.2, 0.8) for at in range(many)}
    ranked = WeighedRanker(EVEN).rank(asked(recorded(levels)))
    chances = [candidate.probability for candidate in ranked.candidates]
    assert sum(chances) + ranked.p_unknown + ranked.p_rest == pytest.approx(1.0)
    assert min(ranked.p_unknown, ranked.p_rest) >= 0.0
    assert chances == sorted(chances, reverse=True)
    assert len(chances) <= MOST_CANDIDATES


def test_twins_tie() -> None:
    """Two stores that nothing tells apart, however sure the calibration makes the first."""
    levels = {(f"store {name}", "cpu_usage"): (0.2, 0.9) for name in "ab"}
    case = recorded({**levels, ("mail", "cpu_usage"): (0.2, 0.2)})
    # the noise of recorded series differs by name: one series under both names
    half = case.metrics.filter(case.metrics["entity"] != "store b")
    twin = half.filter(half["entity"] == "store a").with_columns(
        entity=half.filter(half["entity"] == "store a")["entity"].str.replace("a$", "b")
    )
    sure = replace(EVEN, slope=5.0, offset=5.0)
    ranked = WeighedRanker(sure).rank(asked(replace(case, metrics=half.vstack(twin))))
    first, second, *_ = ranked.candidates
    assert first.probability == second.probability <= 0.5


def test_calibration_keeps_the_order_and_moves_the_first() -> None:
    """A slope below 1 makes a sure first less sure; unknown and the others share the rest."""
    plain, doubtful = (WeighedRanker(replace(EVEN, slope=slope)).rank(question()) for slope in (1.0, 0.2))
    assert plain.candidates[0].entity == doubtful.candidates[0].entity
    assert doubtful.candidates[0].probability < plain.candidates[0].probability


def test_a_witness_without_weight_is_not_heard() -> None:
    """All weights 0: every candidate is equal."""
    told = WeighedTestimony(inquiry(recorded(SLOW_STORE, CALLS)), replace(EVEN, by_witness={}))
    assert not told.totals.any()


def test_the_order_of_rows_does_not_matter() -> None:
    """The same metrics in reverse give the same answer, evidence included."""
    case = recorded(SLOW_STORE, CALLS, symptom="web")
    assert WeighedRanker().rank(asked(replace(case, metrics=case.metrics.reverse()))) == WeighedRanker().rank(
        asked(case)
    )


def test_every_witness_has_a_fitted_weight() -> None:
    """Of at least 0: each witness states its sign. A witness that was renamed has lost its weight."""
    assert set(FITTED.by_witness) == {witness.name for witness in WITNESSES}
    assert min(fitted.BY_WITNESS.values()) >= 0.0
    assert FITTED.slope > 0.0
