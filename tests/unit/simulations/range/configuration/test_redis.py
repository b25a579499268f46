"""Redis' configuration."""

from __future__ import annotations

from simulations.range.configuration.redis import configuration
from tests.unit.simulations.range.runs import FOLDER, PLAN


def test_it_listens_on_loopback_and_writes_no_file() -> None:
    """It is a cache of bounded size."""
    lines = configuration(PLAN, FOLDER).splitlines()
    assert "bind 127.0.0.1" in lines
    assert f"port {PLAN.ports.redis}" in lines
    assert {'save ""', "appendonly no", "maxmemory 64mb"} <= set(lines)
