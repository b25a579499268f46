"""Metrics alone and everything through bytes come to the same where trouble is clear."""

from __future__ import annotations

import pytest

from tests.benchmarks.scenarios import differences, found


@pytest.mark.scenario
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("name", "roots"), [("crash-loop", {"inventory"}), ("lying-telemetry", {"agent-host-a1", "host-a1"})]
)
def test_light_agrees_with_full(name: str, roots: set[str]) -> None:
    """The same end, root and actions; ``python -m tests.benchmarks.scenarios`` lists all scenarios."""
    light, full = found(name, 1, light=True), found(name, 1, light=False)
    told = [text for text in differences(light, full) if not text.startswith("incidents")]
    assert told == []
    assert light.root in roots
