"""Rules that hold for every witness."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.model.entities import Edge
from aiops.model.series_evidence import EvidenceColumns, EvidenceKind, assemble
from topology.graph import Graph
from topology.rankers.protocol import RankingQuestion
from topology.testimony.inquiry import Inquiry
from topology.testimony.witness import Witness
from topology.testimony.witnesses import WITNESSES

NAMES = ("a", "b", "c-0", "c-1", "10.0.0.1")
METRICS = ("latency_ms", "errors", "cpu_usage", "requests", "what", "log errors")


@st.composite
def inquiries(draw: st.DrawFn) -> Inquiry:
    """Any rows of any kind, broken figures among them."""
    name, number = st.sampled_from(NAMES), st.floats(allow_nan=True, allow_infinity=False, width=32)
    parts = []
    for kind in draw(st.lists(st.sampled_from(list(EvidenceKind)), max_size=4)):
        many = draw(st.integers(1, 5))
        columns = [np.array(draw(st.lists(number, min_size=many, max_size=many))) for _ in range(3)]
        peers = draw(st.lists(st.none() | name, min_size=many, max_size=many))
        parts.append(
            EvidenceColumns(
                entity=draw(st.lists(name, min_size=many, max_size=many)),
                kind=kind,
                series=[f"s{at}" for at in range(many)],
                metric=draw(st.lists(st.sampled_from(METRICS), min_size=many, max_size=many)),
                usual=columns[0],
                spread=np.ones(many),
                level=columns[1],
                deviation=np.nan_to_num(columns[2]),
                peer=[None] * many if kind is not EvidenceKind.NETWORK_TIME else [p or "a" for p in peers],
                changed_at=np.full(many, draw(st.sampled_from([0, 100, 900])), np.int64),
            )
        )
    edges = draw(st.lists(st.builds(Edge, name, name), max_size=8))
    question = RankingQuestion((), Graph.build([], edges), 100)
    return Inquiry(question, assemble(parts, onset=100, resolution=10))


@pytest.mark.parametrize("witness", WITNESSES, ids=lambda witness: witness.name)
@given(asked=inquiries())
@settings(max_examples=30, deadline=None)
def test_scores_are_finite_whatever_the_rows_hold(witness: Witness, asked: Inquiry) -> None:
    """One figure a candidate; a sentence or none for each."""
    with np.errstate(over="ignore"):
        found = witness.scores(asked)
    assert found.shape == (len(asked),)
    assert np.isfinite(found).all()
    for candidate in range(len(asked)):
        assert witness.says(asked, candidate) != ""


def test_names_are_unique_and_every_witness_says_what_it_believes() -> None:
    """The table of weights is by name."""
    assert len({witness.name for witness in WITNESSES}) == len(WITNESSES)
    assert all((type(witness).__doc__ or "").strip() for witness in WITNESSES)


def test_there_are_few() -> None:
    """Few weights can be fitted on few labelled incidents."""
    assert len(WITNESSES) <= 21
