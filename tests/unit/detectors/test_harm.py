"""From when anybody notices a figure."""

from __future__ import annotations

import numpy as np
import pytest

from aiops.model.metric_semantics.custom import parse_rows
from aiops.model.metric_semantics.table import MetricTable
from detectors.harm import Burden, burden, noticeable


@pytest.mark.parametrize(
    ("metric", "unit", "kind", "scale"),
    [
        ("http.server.errors", "{request}", Burden.PLAIN, 0.0),
        ("k8s.deployment.available_pods", "{pod}", Burden.PLAIN, 0.0),
        ("redis.hit_ratio", "1", Burden.PLAIN, 0.0),
        ("speed.of.light", "m/s", Burden.PLAIN, 0.0),
        ("http.server.request.duration.p99", "s", Burden.DURATION, 1.0),
        ("app.queue.wait", "ms", Burden.DURATION, 1e-3),
        ("latency", "", Burden.DURATION, 0.0),
        ("http.server.request.duration.count", "1", Burden.LOAD, 0.0),
        ("system.cpu.load_average.1m", "{thread}", Burden.LOAD, 0.0),
        ("system.cpu.utilization", "1", Burden.SHARE, 1.0),
        ("disk_usage", "%", Burden.SHARE, 0.01),
        ("http.server.unavailable", "{request}", Burden.PLAIN, 0.0),
        ("k8s.container.memory_limit_utilization", "1", Burden.SHARE, 1.0),
        ("k8s.container.restarts", "{restart}", Burden.PLAIN, 0.0),
        ("db.client.connection.wait_time.p99", "ms", Burden.DURATION, 1e-3),
        ("system.cpu.time", "s", Burden.LOAD, 0.0),
        ("jvm.gc.duration.p99", "s", Burden.LOAD, 0.0),
        ("process.uptime", "s", Burden.LOAD, 0.0),
        ("node_filesystem_avail_bytes", "", Burden.LOAD, 0.0),
        ("redis.keyspace.misses", "{miss}", Burden.LOAD, 0.0),
        ("error_ratio", "1", Burden.PLAIN, 0.0),
        ("cache_misses", "", Burden.LOAD, 0.0),
        ("memory_limit", "By", Burden.LOAD, 0.0),
    ],
)
def test_role_and_unit_tell_the_kind_of_burden(metric: str, unit: str, kind: Burden, scale: float) -> None:
    """What nobody described counts at once, as errors do; only what is waited for is a duration."""
    assert burden(MetricTable().of(metric, unit)) == (kind, scale)


def test_whatever_people_give_a_limit_is_a_share_of_it() -> None:
    """200 connections are full, so 160 are four fifths of that."""
    table = MetricTable(parse_rows("postgresql.backends: {full: 200}"))
    kind, scale = burden(table.of("postgresql.backends", "1"))
    assert kind is Burden.SHARE
    assert scale * 160 == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("kind", "scale", "value", "usual", "expected"),
    [
        (Burden.PLAIN, 0.0, 0.1, 0.0, True),
        (Burden.LOAD, 0.0, 20.0, 10.0, False),
        (Burden.LOAD, 0.0, 30.0, 10.0, True),
        (Burden.LOAD, 0.0, 1.0, 20.0, True),
        (Burden.LOAD, 0.0, 0.9, 0.1, False),
        (Burden.DURATION, 1.0, 0.19, 0.1, False),
        (Burden.DURATION, 1.0, 0.008, 0.0001, False),
        (Burden.DURATION, 1.0, 0.4, 0.1, True),
        (Burden.DURATION, 1e-3, 40.0, 10.0, False),
        (Burden.DURATION, 0.0, 40.0, 10.0, True),
        (Burden.SHARE, 1.0, 0.3, 0.1, False),
        (Burden.SHARE, 0.01, 95.0, 10.0, True),
    ],
)
def test_what_nobody_feels(kind: Burden, scale: float, value: float, usual: float, expected: bool) -> None:  # noqa: FBT001
    """Loads and durations from three times on, durations from a tenth of a second, shares from four fifths."""
    found = noticeable(
        np.array([kind], np.uint8), np.array([scale], np.float32), np.array([value]), expected=np.array([usual])
    )
    assert found.tolist() == [expected]
