"""Shares of an entity's trouble: its own, felt from others, loaded upon it."""

from __future__ import annotations

import pytest

from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from aiops.model.metric_semantics.custom import parse_rows
from aiops.model.metric_semantics.table import MetricTable
from tests.unit.topology.estates import SECOND, START
from topology.hints import Hints
from topology.rankers.scene import IDLE, Anomaly, anomalies, strength

SCORE = 0.9


def anomaly(metric: str, value: float, *, series: str = "", rows: str = "") -> Anomaly:
    """One entity whose one figure rose to a value."""
    risen = Signal(series or metric, metric, SignalDirection.UP, Source.METRIC, START, SCORE, value, 0.01)
    episode = Episode(f"db@{START}", "db", START, 1, SCORE, (risen,), 1, START + 60 * SECOND)
    return anomalies([episode], Hints(MetricTable(parse_rows(rows))))["db"]


@pytest.mark.parametrize(
    ("metric", "value", "share"),
    [
        ("system.cpu.utilization", 0.5, IDLE),
        ("system.cpu.utilization", 0.9, 1.0),
        ("k8s.container.memory_limit_utilization", 0.3, IDLE),
        ("container.memory.percent", 30.0, IDLE),
        ("container.memory.percent", 90.0, 1.0),
        ("process.memory.usage", 0.5, 1.0),
        ("k8s.container.cpu_request_utilization", 0.5, 1.0),
    ],
)
def test_what_has_room_left_is_short_of_nothing(metric: str, value: float, share: float) -> None:
    """A processor that is half in use is busier; at nine tenths it is the trouble itself."""
    assert anomaly(metric, value).own == pytest.approx(share * strength(SCORE))


def test_people_say_what_is_full() -> None:
    """100 of 200 connections leave room; without the limit nobody knows."""
    assert anomaly("postgresql.backends", 100.0).own == pytest.approx(strength(SCORE))
    limited = anomaly("postgresql.backends", 100.0, rows="postgresql.backends: {full: 200}")
    assert limited.own == pytest.approx(IDLE * strength(SCORE))


def test_an_idle_share_is_no_share_in_use() -> None:
    """More idle processors are a relief: hardly anything of it is the entity's own."""
    relief = anomaly("system.cpu.utilization", 0.5, series="system.cpu.utilization{state=idle}")
    assert relief.own == pytest.approx(0.15 * strength(SCORE))
