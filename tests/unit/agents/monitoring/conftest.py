"""The data plane's loops are compiled before the time limit of the first test begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiops.agents.monitoring import MonitoringAgent
from tests.unit.agents.monitoring.telemetry import T0, settings, story

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Limit the time of the test itself, not of its fixtures."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.timeout(func_only=True))


@pytest.fixture(autouse=True, scope="session")
def compiled() -> None:
    """Compile what a story uses: without numba's cache it takes minutes, as long as the limit on a busy machine."""
    agent = MonitoringAgent(settings())
    agent.adopt(0, 1)
    log = story(1, junk=[b"\xff\xff", b"{}"])
    for poll in log.polls({40}):
        agent.handle(poll, T0)
    agent.snapshot(0)
