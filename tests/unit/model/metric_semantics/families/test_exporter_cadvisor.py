"""cAdvisor: containers as the kubelet sees them.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.exporter_cadvisor import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    container_cpu_cfs_throttled_seconds_total       s        saturation   up     # throttled by the quota
    container_cpu_cfs_periods_total                 {period} resource     -      # periods pass anyhow
    container_memory_working_set_bytes              By       resource     up     # what the OOM killer compares
    container_memory_failcnt                        {hit}    saturation   up     # the limit was hit
    container_oom_events_total                      {event}  availability up     # a process was killed
    container_spec_memory_limit_bytes               By       other        -      # a setting
    container_fs_inodes_free                        {inode}  saturation   down 0 # none left: no file can be made
    container_network_receive_packets_dropped_total {packet} errors       up
    container_network_receive_bytes_total           By       traffic      -
    container_start_time_seconds                    s        other        -      # a moment
    container_accelerator_duty_cycle                %        saturation   up 100
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
