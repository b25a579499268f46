"""Which way a figure is worse."""

from __future__ import annotations

import pytest

from detectors.harm import detrimental


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
