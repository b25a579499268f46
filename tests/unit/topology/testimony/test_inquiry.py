"""A question prepared for the witnesses."""

from __future__ import annotations

import numpy as np
import pytest

from aiops.model.entities import Edge, EdgeKind
from aiops.model.series_evidence import assemble
from tests.unit.topology.evidence.recorded import inquiry, recorded
from topology.graph import Graph
from topology.rankers.protocol import RankingQuestion
from topology.testimony.inquiry import FELT, INNER, Inquiry

CALLS = (("web", "shop"), ("shop", "store"))
LEVELS = {
    ("web", "latency_ms"): (100.0, 400.0),
    ("shop", "client_latency_ms"): (50.0, 350.0),
    ("shop", "cpu_usage"): (0.2, 0.2),
    ("shop", "errors"): (1.0, 9.0),
}


@pytest.fixture
def asked() -> Inquiry:
    """Web and shop have series, store has none."""
    return inquiry(recorded(LEVELS, CALLS))


def test_what_an_entity_needs_is_a_candidate(asked: Inquiry) -> None:
    """Store shows nothing and may be the cause."""
    assert asked.names == ("shop", "store", "web")


def test_calls_are_between_candidates(asked: Inquiry) -> None:
    """As positions; what is no call is left out."""
    pairs = {(asked.names[a], asked.names[b]) for a, b in zip(*asked.calls, strict=True)}
    assert pairs == set(CALLS)
    graph = Graph.build([], [Edge("web", "h1", EdgeKind.RUNS_ON)])
    hosted = Inquiry(RankingQuestion((), graph, 0, evidence=asked.evidence), asked.evidence)
    assert len(hosted.calls[0]) == 0


def test_figures_of_calls_to_others_are_not_an_entitys_own(asked: Inquiry) -> None:
    """A client's latency is its callee's."""
    own = {asked.evidence.series[row] for row in range(len(asked.evidence)) if asked.own[row]}
    assert own == {"latency_ms", "cpu_usage", "errors"}


def test_families_divide_what_is_felt_from_what_is_inner(asked: Inquiry) -> None:
    """No metric is both."""
    assert not FELT & INNER
    assert (asked.in_families(FELT) & asked.in_families(INNER)).sum() == 0


def test_the_entrance_is_called_by_nobody(asked: Inquiry) -> None:
    """A stated symptom comes before it."""
    assert {asked.names[at] for at in asked.entrances} == {"web"}
    stated = inquiry(recorded(LEVELS, CALLS, symptom="shop"))
    assert {stated.names[at] for at in stated.entrances} == {"shop"}


def test_what_is_akin_is_of_the_symptoms_kind(asked: Inquiry) -> None:
    """Web is slow, so its errors are not akin; shop has errors alone. Without a felt symptom all that is felt is."""
    both = inquiry(recorded({**LEVELS, ("web", "errors"): (1.0, 1.0)}, CALLS))
    kinds = {(both.names[both.of[row]], both.evidence.series[row]) for row in np.flatnonzero(both.akin).tolist()}
    assert kinds == {("web", "latency_ms"), ("shop", "errors")}
    assert asked.akin.sum() == 2
    nowhere = inquiry(recorded(LEVELS))
    assert {nowhere.evidence.series[row] for row in range(len(nowhere.evidence)) if nowhere.akin[row]} == {
        "errors",
        "latency_ms",
    }


def test_values_reach_callers_and_callees(asked: Inquiry) -> None:
    """The largest of each; 0 where there is none."""
    at = asked.number
    value = asked.kin
    assert asked.of_callees(value)[at["store"]] == 0.0
    assert asked.of_callers(value)[at["shop"]] == value[at["web"]] > 0.0


def test_siblings_share_a_stem() -> None:
    """Ordinals and suffixes of pods; the thing itself is none."""
    names = ("web-0", "web-1", "shop-7d9f8b6c5d-abc12", "shop-7d9f8b6c5d-zzzzz", "store")
    asked = inquiry(recorded({(name, "latency_ms"): (1.0, 1.0) for name in names}))
    found = {asked.names[at]: {asked.names[o] for o in others} for at, others in enumerate(asked.siblings)}
    assert found["web-0"] == {"web-1"}
    assert found["shop-7d9f8b6c5d-abc12"] == {"shop-7d9f8b6c5d-zzzzz"}
    assert found["store"] == set()


def test_an_inquiry_without_rows_has_no_candidates() -> None:
    """Every aggregate is empty and none fails."""
    empty = Inquiry(RankingQuestion((), Graph.empty(), 0), assemble([], onset=0, resolution=1))
    assert (len(empty), empty.kin.tolist(), empty.entrances, empty.siblings) == (0, [], frozenset(), [])
