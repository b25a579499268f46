"""The Collector's docker and kubelet receivers.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.opentelemetry_containers import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    container.cpu.time                           s         resource     up
    container.cpu.utilization                    {cpu}     resource     up     # cores in use, not a share
    container.cpu.throttling_data.throttled_time ns        saturation   up
    container.memory.working_set                 By        resource     up
    container.memory.percent                     1         saturation   up 100 # percent, sent as 1
    container.memory.available                   By        saturation   down 0
    container.filesystem.available               By        saturation   down 0
    container.filesystem.capacity                By        other        -
    container.network.io.usage.rx_dropped        {packet}  errors       up
    container.restarts                           {restart} availability up
    container.uptime                             s         runtime      -
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
