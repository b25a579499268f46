"""Witnesses that read log templates."""

from __future__ import annotations

import numpy as np
import pytest

from aiops.model.series_evidence import EvidenceColumns, EvidenceKind, assemble
from topology.evidence.logs import PLAIN, TROUBLE
from topology.graph import Graph
from topology.rankers.protocol import RankingQuestion
from topology.testimony.inquiry import Inquiry
from topology.testimony.logs import ErrorTemplates, LogTemplates


def asked(*rows: tuple[str, float, float, bool]) -> Inquiry:
    """Entity, lines expected, lines seen, whether of trouble."""
    expected, seen = (np.array([row[at] for row in rows], np.float64) for at in (1, 2))
    part = EvidenceColumns(
        entity=[row[0] for row in rows],
        kind=EvidenceKind.TEMPLATE,
        series=[f"template {at}" for at in range(len(rows))],
        metric=[TROUBLE if row[3] else PLAIN for row in rows],
        usual=expected,
        spread=np.ones(len(rows)),
        level=seen,
        deviation=seen - expected,
    )
    evidence = assemble([part], onset=100, resolution=10)
    return Inquiry(RankingQuestion((), Graph.empty(), 100), evidence)


def test_a_template_that_appears_counts() -> None:
    """Thirty lines where none were expected."""
    made = asked(("a", 100, 100, False), ("a", 0, 30, False), ("b", 100, 100, False))
    found = LogTemplates().scores(made)
    assert found[0] > 2.0
    assert found[1] == pytest.approx(0.0, abs=0.01)
    assert LogTemplates().says(made, 0) == "a wrote 30 lines, expected 0: template 1"
    assert LogTemplates().says(made, 1) is None


def test_an_entity_that_only_writes_less_is_a_victim() -> None:
    """All its templates fell alike: its callers ask less."""
    made = asked(("a", 100, 10, False), ("a", 50, 5, False), ("b", 100, 100, False), ("b", 50, 1, False))
    found = LogTemplates().scores(made)
    assert found[0] < 0.3
    assert found[1] > 2.0


def test_a_few_lines_are_little() -> None:
    """Two lines more are no ratio of infinity."""
    assert LogTemplates().scores(asked(("a", 100, 100, False), ("a", 0, 2, False)))[0] < 1.0


def test_lines_of_trouble_count_when_they_gain() -> None:
    """Plain lines and lines of trouble that vanish do not."""
    made = asked(("a", 0, 20, True), ("b", 0, 20, False), ("c", 20, 0, True))
    found = ErrorTemplates().scores(made)
    assert found.tolist() == [pytest.approx(np.log(11.0)), 0.0, 0.0]
    assert ErrorTemplates().says(made, 0) == "a wrote 20 lines, expected 0: template 0"
    assert ErrorTemplates().says(made, 2) is None
