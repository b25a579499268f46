"""What a series is taken for."""

from __future__ import annotations

import pytest

from detectors.wire.identity import Origin, SeriesKind, point_identity


@pytest.mark.parametrize(
    ("metric", "kind", "expected"),
    [
        ("process.uptime", SeriesKind.GAUGE, SeriesKind.CUMULATIVE),
        ("node_uptime_seconds", SeriesKind.GAUGE, SeriesKind.CUMULATIVE),
        ("process.uptime", SeriesKind.DELTA, SeriesKind.DELTA),
        ("process.cpu.utilization", SeriesKind.GAUGE, SeriesKind.GAUGE),
    ],
)
def test_clocks_are_counters_whatever_they_are_sent_as(metric: str, kind: SeriesKind, expected: SeriesKind) -> None:
    """So that a deploy, which begins them anew, is no trouble."""
    assert point_identity(Origin("web", ()), metric, "s", kind=kind, point={}).kind is expected
