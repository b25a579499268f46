"""From a case to evidence: every series is a row, whatever raised an alarm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from aiops.model.durations import MINUTE
from aiops.model.metric_semantics.table import MetricTable
from aiops.model.series_evidence import EvidenceKind, SeriesEvidence
from tests.unit.topology.evidence.recorded import ONSET, START, asked, recorded
from topology.cases.case import ALERTS, Case
from topology.evidence.collect import collect

SHOP = {
    ("web", "latency_ms"): (100.0, 400.0),
    ("store", "latency_ms"): (10.0, 300.0),
    ("store", "cpu_usage"): (0.2, 0.9),
    ("mail", "latency_ms"): (5.0, 5.0),
}
CALLS = (("web", "store"), ("web", "mail"))


def evidence(case: Case) -> SeriesEvidence:
    found = asked(case).evidence
    assert found is not None
    return found


def value(found: SeriesEvidence, entity: str, column: str) -> float:
    mine = [at for at, name in enumerate(found.entity) if found.entities[name] == entity]
    return float(getattr(found, column)[mine[-1]])


def test_every_series_is_a_row() -> None:
    """Also the one that did not move."""
    found = evidence(recorded(SHOP, CALLS))
    assert sorted(found.series) == sorted(metric for _, metric in SHOP)
    assert abs(value(found, "mail", "deviation")) < 2.0
    assert value(found, "store", "deviation") > 100.0


def test_a_given_onset_is_used() -> None:
    """It is not estimated again."""
    assert evidence(recorded(SHOP)).onset == ONSET


@pytest.mark.parametrize("late", [-1, 0, 1, 2])
def test_an_onset_is_found_near_the_detection(late: int) -> None:
    """A minute early to two minutes late."""
    found = evidence(replace(recorded(SHOP), onset=None, detected_at=ONSET + late * MINUTE))
    assert abs(found.onset - ONSET) <= MINUTE
    assert found.onset_interval[0] <= ONSET
    assert value(found, "store", "deviation") > 50.0


def test_what_moves_with_the_symptom_correlates() -> None:
    """Store does, mail does not."""
    found = evidence(recorded(SHOP, CALLS, symptom="web"))
    assert value(found, "store", "correlation") > value(found, "mail", "correlation")


def test_without_a_symptom_the_entrance_is_one() -> None:
    """Web calls others and nobody calls it."""
    stated, open_ = (evidence(recorded(SHOP, CALLS, symptom=symptom)) for symptom in ("web", None))
    assert open_.correlation == pytest.approx(stated.correlation)


def test_without_calls_nothing_correlates() -> None:
    """Nobody is known to feel the trouble."""
    assert not evidence(recorded(SHOP)).correlation.any()


def test_a_series_that_stops_is_silent() -> None:
    """It has no deviation."""
    found = evidence(recorded({("store", "latency_ms"): (10.0, np.nan), ("web", "latency_ms"): (1.0, 1.0)}))
    assert value(found, "store", "silent") == 1.0


def test_alerts_alone_are_evidence() -> None:
    """Without times and magnitudes; twice the same alert is one row."""
    rows = [(None, "web", "metric", "cpu_usage:up", None)] * 2 + [(None, "web", "trace", "GET:PD", "store")]
    case = Case("alerts", 0, 0, MINUTE, alerts=pl.DataFrame(rows, schema=ALERTS, orient="row"))
    found = evidence(case)
    assert found.of_kind(EvidenceKind.ALERT).tolist() == [True, True]
    assert not found.times_known
    assert found.entities == ("store", "web")


def test_an_empty_case_has_no_evidence() -> None:
    """The question says so, and does not hold an empty table."""
    assert asked(Case("empty", 0, 0, MINUTE)).evidence is None


def test_a_detection_before_all_data_says_nothing() -> None:
    """There is no reference; nothing deviates and nothing fails."""
    found = evidence(replace(recorded(SHOP), onset=None, detected_at=START - MINUTE))
    assert not found.deviation.any()


def test_a_case_without_series_has_the_evidence_of_its_alerts_only() -> None:
    """No panel, no alert: no rows; the detection is the onset."""
    found = collect(Case("bare", 0, 0, MINUTE, detected_at=ONSET), None, alerts=[], metrics=MetricTable())
    assert (len(found), found.onset) == (0, ONSET)
