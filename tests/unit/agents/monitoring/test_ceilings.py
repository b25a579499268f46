"""Limits that the bank is given with a series."""

from __future__ import annotations

import pytest

from aiops.agents.monitor.detection import SlotDetection
from aiops.agents.monitor.plan import SlotPlan
from aiops.model.metric_semantics.custom import parse_rows
from aiops.model.metric_semantics.table import MetricTable
from aiops.settings import DataPlane
from detectors.revisions import Place
from detectors.wire.identity import SeriesIdentity, SeriesKind
from detectors.wire.series import SeriesTable


def limit(metric: str, unit: str, kind: SeriesKind, rows: str = "") -> float:
    table = SeriesTable()
    metrics = MetricTable(parse_rows(rows))
    plan = SlotPlan(0, 1, data=DataPlane(series_limit=10, model_series=0), metrics=metrics)
    detection = SlotDetection(plan, table, Place(0, 1, "main"))
    table.add([SeriesIdentity("db", metric, (), unit, kind)])
    detection.admit()
    return float(detection.bank._state.rows["limit"][0])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (SeriesKind.GAUGE, 1.0),
        (SeriesKind.CUMULATIVE_UPDOWN, 1.0),
        (SeriesKind.DELTA, 0.0),
        (SeriesKind.CUMULATIVE, 0.0),
        (SeriesKind.QUANTILE, 0.0),
    ],
)
def test_only_levels_have_a_limit(kind: SeriesKind, expected: float) -> None:
    """A rate of a share is no share."""
    assert limit("system.filesystem.utilization", "1", kind) == expected


def test_people_give_a_limit_to_what_has_none() -> None:
    """Connections of a database are an up-down sum in the Collector's receiver."""
    backends = ("postgresql.backends", "1", SeriesKind.CUMULATIVE_UPDOWN)
    assert limit(*backends) == 0.0
    assert limit(*backends, "postgresql.backends: {full: 200}") == 200.0
