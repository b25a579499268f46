"""node_exporter: machines.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.exporter_node import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    node_cpu_seconds_total{mode=idle}     s            resource     down
    node_cpu_seconds_total{mode=iowait}   s            resource     up
    node_cpu_seconds_total{mode=user}     s            resource     up
    node_load1                            {thread}     saturation   up
    node_memory_MemAvailable_bytes        By           saturation   down 0
    node_memory_MemTotal_bytes            By           other        -
    node_vmstat_oom_kill                  {kill}       availability up
    node_filesystem_avail_bytes           By           saturation   down 0
    node_filesystem_readonly              {flag}       availability up     # 1 after an error of the disk
    node_disk_io_time_seconds_total       s            saturation   up
    node_network_receive_errs_total       {error}      errors       up
    node_netstat_TcpExt_ListenOverflows   {connection} errors       up     # the accept queue was full
    node_systemd_unit_state{state=failed} {flag}       availability up
    node_systemd_unit_state{state=active} {flag}       availability down
    node_md_disks{state=failed}           {disk}       availability up
    node_md_disks{state=active}           {disk}       availability down
    node_boot_time_seconds                s            other        -
    node_timex_sync_status                {flag}       availability down
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
