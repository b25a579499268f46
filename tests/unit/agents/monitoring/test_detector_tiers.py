from __future__ import annotations

import numpy as np
import pytest

from aiops.agents.monitoring import MonitoringAgent
from aiops.model.entities import Objective
from aiops.model.episodes import Episode
from aiops.model.metric_semantics.table import MetricTable
from aiops.model.records import FetchedRecords, TopicPartition
from detectors.slo import indicates
from detectors.wire.arrow_encoding import PointEncoder
from detectors.wire.identity import SeriesIdentity
from detectors.wire.series import SeriesTable
from tests.unit.agents.monitoring.telemetry import SECOND, T0, settings

SOURCE = TopicPartition(settings().topics.metrics_arrow, 0)
GOALS = {"pay": (Objective("fast", 0.99, indicator="latency", threshold_ms=200.0),)}
NAMES = [
    SeriesIdentity("pay", "request.latency"),
    SeriesIdentity("pay", "memory.used"),
    SeriesIdentity("shop", "request.latency"),
    SeriesIdentity("pay", "request.latency", (("peer", "db"),), peer="db"),
]
POINTS, ODD = 1100, 1000


def values() -> np.ndarray:
    """Points by step and series; from ``ODD`` on the first climbs."""
    rng = np.random.default_rng(5)
    found = rng.normal(100, 5, (POINTS, len(NAMES)))
    found[ODD:, 0] = 500 + 100 * np.arange(POINTS - ODD)
    return found


def fetched(begin: int, end: int) -> FetchedRecords:
    """Steps as records of ten steps each."""
    table = SeriesTable()
    numbers, encoder, given = table.add(NAMES), PointEncoder(table), values()
    records = range(begin // 10, end // 10)
    made = []
    for record in records:
        steps = np.arange(10 * record, 10 * record + 10)
        at = (T0 + np.repeat(steps, len(NAMES)) * 10 * SECOND).astype(np.int64)
        made.append(encoder.encode(np.tile(numbers, 10), at, given[steps].reshape(-1)))
    appended = [T0 + (record + 1) * 100 * SECOND for record in records]
    return FetchedRecords(SOURCE, records, made, [None] * len(made), appended)


def agent() -> MonitoringAgent:
    """One with an objective and a new slot."""
    made = MonitoringAgent(settings(), objectives=GOALS)
    made.adopt(0, 1)
    return made


def by_river(episodes: list[Episode]) -> set[tuple[str, str]]:
    """Entity and metric of what a river model said."""
    return {
        (one.entity, signal.metric) for one in episodes for signal in one.signals if signal.detector == "river"
    }  # fmt: skip


def test_a_series_with_an_objective_is_watched_by_a_river_model() -> None:
    """Its trouble is a signal of the entity; series of others, of other kinds and of peers are not watched."""
    found = agent()
    tier = found._owned[0].slot.detection.models.tiers["river"]
    quiet = found.handle([fetched(0, ODD)], T0).episodes
    assert len(tier) == 1
    assert by_river(quiet) == set()
    assert by_river(found.handle([fetched(ODD, POINTS)], T0).episodes) == {("pay", "request.latency")}


def test_cuts_and_a_restart_change_nothing() -> None:
    """However the input is cut, and with a snapshot in between, the same is told and the same is remembered."""
    whole, cut = agent(), agent()
    left = whole.handle([fetched(0, POINTS)], T0).episodes
    right = [one for begin in range(0, 700, 50) for one in cut.handle([fetched(begin, begin + 50)], T0).episodes]
    resumed = MonitoringAgent(settings(), objectives=GOALS)
    resumed.adopt(0, 1, [cut.snapshot(0)])
    right += [
        one for begin in range(700, POINTS, 20) for one in resumed.handle([fetched(begin, begin + 20)], T0).episodes
    ]
    assert by_river(left)
    assert left == right
    first, second = (found.snapshot(0, full=True).parts["river"] for found in (whole, resumed))
    assert {name: array.tobytes() for name, array in first.items()} == {
        name: array.tobytes() for name, array in second.items()
    }


def test_the_tier_is_bounded() -> None:
    """More series than the tier holds: the first ones are watched, nothing fails."""
    found = agent()
    table = SeriesTable()
    numbers = table.add([SeriesIdentity("pay", "request.latency", (("route", str(n)),)) for n in range(400)])
    value = PointEncoder(table).encode(numbers, np.full(400, T0, np.int64), np.ones(400))
    found.handle([FetchedRecords(SOURCE, [0], [value], [None], [T0])], T0)
    assert len(found._owned[0].slot.detection.models.tiers["river"]) == 256


@pytest.mark.parametrize(
    ("metric", "indicator", "expected"),
    [
        ("span.errors", "availability", True),
        ("span.p99", "latency", True),
        ("http.server.request.duration", "latency", True),
        ("http.server.request.duration", "availability", False),
        ("probe_success", "availability", True),
        ("http.server.request.duration.count", "latency", False),
        ("http.server.unavailable", "availability", True),
        ("http_requests_failed_total", "availability", True),
        ("backup_duration_seconds", "latency", True),
        ("memory.used", "latency", False),
    ],
)
def test_what_an_objective_speaks_of_is_known_by_the_role(metric: str, indicator: str, *, expected: bool) -> None:
    """Errors and availability, or latency."""
    assert indicates(MetricTable().of(metric), [Objective("goal", 0.99, indicator=indicator)]) is expected
