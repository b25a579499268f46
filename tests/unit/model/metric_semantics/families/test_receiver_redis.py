"""The Collector's Redis receiver.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.receiver_redis import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    redis.cmd.latency          s            latency      up
    redis.cmd.usec             us           traffic      -      # a sum over all calls
    redis.connections.rejected {connection} errors       up
    redis.clients.blocked      {client}     queue        up
    redis.clients.connected    {client}     saturation   up
    redis.keys.evicted         {key}        saturation   up
    redis.keys.expired         {event}      traffic      -
    redis.keyspace.misses      {miss}       other        up
    redis.memory.used          By           resource     up
    redis.maxmemory            By           other        -
    redis.slaves.connected     {replica}    availability down
    redis.uptime               s            runtime      -
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
