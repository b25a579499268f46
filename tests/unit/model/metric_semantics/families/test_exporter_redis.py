"""redis_exporter.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.exporter_redis import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    redis_up                          {flag}       availability down
    redis_memory_used_bytes           By           resource     up
    redis_memory_max_bytes            By           other        -
    redis_evicted_keys_total          {key}        saturation   up     # memory is full
    redis_expired_keys_total          {key}        traffic      -      # they were meant to go
    redis_rejected_connections_total  {connection} errors       up     # maxclients
    redis_blocked_clients             {client}     queue        up
    redis_keyspace_misses_total       {miss}       other        up
    redis_master_link_up              {flag}       availability down
    redis_connected_slave_lag_seconds s            queue        up
    redis_rdb_last_bgsave_status      {flag}       availability down   # 1: the last save went well
    redis_loading_dump_file           {flag}       availability up     # it answers nobody meanwhile
    redis_cluster_slots_fail          {slot}       availability up
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
