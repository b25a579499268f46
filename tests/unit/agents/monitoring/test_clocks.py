"""Which way a figure is bad, by its name."""

from __future__ import annotations

import pytest

from detectors.harm import detrimental


@pytest.mark.parametrize(
    ("metric", "expected"),
    [("up", -1), ("probe.up", -1), ("process.uptime", 0), ("http.server.errors", 1), ("synthetic.probe.success", -1)],
)
def test_uptime_is_a_clock_and_up_is_not(metric: str, expected: int) -> None:
    """A process that began anew does not do worse because it is young."""
    assert detrimental(metric) == expected
