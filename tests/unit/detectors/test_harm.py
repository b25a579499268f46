"""Which way a figure is worse."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.harm import Burden, burden, detrimental, felt


@pytest.mark.parametrize(
    ("metric", "worse"),
    [
        ("system.cpu.utilization", 1),
        ("http.server.request.duration.p99", 1),
        ("http.server.errors", 1),
        ("k8s.deployment.available_pods", -1),
        ("up", -1),
        ("http.server.request.duration.count", 0),
        ("http_requests_total", 0),
        ("process.uptime", 0),
        ("speed.of.light", 0),
    ],
)
def test_a_name_tells_the_way_or_nothing(metric: str, worse: int) -> None:
    """Load and waiting are worse when higher, readiness when lower; traffic says neither."""
    assert detrimental(metric) == worse


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
    ],
)
def test_name_and_unit_tell_the_kind_of_burden(metric: str, unit: str, kind: Burden, scale: float) -> None:
    """What a name does not speak of counts at once, as errors do."""
    assert burden(metric, unit) == (kind, scale)


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
    found = felt(np.array([kind], np.uint8), np.array([scale], np.float32), np.array([value]), np.array([usual]))
    assert found.tolist() == [expected]
