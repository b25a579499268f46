"""The Collector's hostmetrics receiver.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.opentelemetry_system import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    system.cpu.time{state=idle}               s            resource     down
    system.cpu.time{cpu.mode=idle}            s            resource     down
    system.cpu.time{state=user}               s            resource     up
    system.cpu.utilization{state=steal}       1            saturation   up 1
    system.cpu.load_average.1m                {thread}     saturation   up
    system.memory.usage{state=used}           By           resource     up
    system.memory.usage{state=free}           By           resource     down
    system.memory.usage{state=cached}         By           resource     -
    system.memory.limit                       By           other        -
    system.filesystem.utilization{state=used} 1            saturation   up 1
    system.filesystem.utilization{state=free} 1            saturation   down
    system.filesystem.usage{state=reserved}   By           resource     -
    system.paging.operations                  {operation}  saturation   up     # swapping
    system.paging.faults                      {fault}      resource     -
    system.disk.pending_operations            {operation}  queue        up
    system.network.errors                     {error}      errors       up
    system.network.io                         By           traffic      -
    system.network.conntrack.count            {entry}      saturation   up
    nfs.client.rpc.retransmit.count           {retransmit} errors       up
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
