"""Witnesses that read spans."""

from __future__ import annotations

import numpy as np
import pytest

from aiops.model.series_evidence import EvidenceColumns, EvidenceKind, assemble
from topology.graph import Graph
from topology.rankers.protocol import RankingQuestion
from topology.testimony.inquiry import Inquiry
from topology.testimony.traces import CallShape, FirstError, NetworkTime, OwnTime

Told = list[tuple[str, str | None, float, float, float]]
"""Entity, peer, usual, level, deviation."""


def asked(kind: EvidenceKind, rows: Told) -> Inquiry:
    columns = [np.array(column, np.float64) for column in list(zip(*rows, strict=True))[2:]]
    part = EvidenceColumns(
        entity=[row[0] for row in rows],
        kind=kind,
        series=[f"GET /{at}" for at in range(len(rows))],
        metric=["own time"] * len(rows),
        usual=columns[0],
        spread=np.ones(len(rows)),
        level=columns[1],
        deviation=columns[2],
        peer=[row[1] for row in rows],
    )
    evidence = assemble([part], onset=100, resolution=10)
    return Inquiry(RankingQuestion((), Graph.empty(), 100), evidence)


def test_the_slowest_operation_counts() -> None:
    """Faster ones do not."""
    made = asked(
        EvidenceKind.OWN_TIME, [("a", None, 0.01, 0.4, 30.0), ("a", None, 0.4, 0.01, -90.0), ("b", None, 1, 1, 0.0)]
    )
    assert OwnTime().scores(made).tolist() == [pytest.approx(np.log(31.0)), 0.0]
    assert OwnTime().says(made, 0) == "own time of GET /0 of a went from 10 ms to 400 ms, 30 times the usual spread"
    assert OwnTime().says(made, 1) is None


def test_the_common_end_of_slow_calls_is_cut_off() -> None:
    """All calls to and from ``a`` wait; ``b`` and ``c`` have other calls that do not."""
    slow, calm = (0.001, 0.2), (0.001, 0.001)
    made = asked(
        EvidenceKind.NETWORK_TIME,
        [
            ("a", "b", *slow, 99.0),
            ("c", "a", *slow, 99.0),
            ("d", "b", *calm, 0.0),
            ("e", "b", *calm, 0.0),
            ("c", "d", *calm, 0.0),
        ],
    )
    found = dict(zip(made.names, NetworkTime().scores(made).tolist(), strict=True))
    assert max(found, key=lambda name: found[name]) == "a"
    assert found["a"] > 4.0
    assert found["b"] == 0.0
    assert NetworkTime().says(made, made.number["a"]) == "calls from b to a spend 200 ms between the two, usually 1 ms"


def test_without_calls_the_network_is_silent() -> None:
    """Other kinds of rows do not count."""
    made = asked(EvidenceKind.OWN_TIME, [("a", None, 0.01, 0.4, 30.0)])
    assert NetworkTime().scores(made).tolist() == [0.0]
    assert NetworkTime().says(made, 0) is None


def test_a_shape_counts_both_ways() -> None:
    """Calls that vanish are as odd as calls that appear."""
    made = asked(EvidenceKind.CALL_SHAPE, [("a", None, 1.0, 0.2, -9.0), ("b", None, 0.0, 0.5, 9.0)])
    assert CallShape().scores(made).tolist() == [pytest.approx(np.log(10.0))] * 2
    told = CallShape().says(made, 0)
    assert told is not None
    assert "went from 100 % to 20 %" in told


def test_fewer_errors_are_no_first_error() -> None:
    """Only more count."""
    made = asked(EvidenceKind.FIRST_ERROR, [("a", None, 0.5, 0.0, -9.0), ("b", None, 0.0, 0.5, 9.0)])
    assert FirstError().scores(made).tolist() == [0.0, pytest.approx(np.log(10.0))]
    assert FirstError().says(made, 0) is None
    told = FirstError().says(made, 1)
    assert told is not None
    assert told.startswith("errors that begin in GET /1 of b")
