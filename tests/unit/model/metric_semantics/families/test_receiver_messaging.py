"""The Collector's receivers of RabbitMQ and Kafka, and the JMX scraper.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.receiver_messaging import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    rabbitmq.message.current         {message}   queue        up
    rabbitmq.message.dropped         {message}   errors       up
    rabbitmq.consumer.count          {consumer}  availability down
    rabbitmq.node.disk_free          By          saturation   down 0
    rabbitmq.node.disk_free_limit    By          other        -
    rabbitmq.node.mem_alarm          {status}    saturation   up     # publishers are blocked
    rabbitmq.node.fd_used            {fd}        saturation   up
    kafka.consumer_group.lag         {message}   queue        up
    kafka.consumer_group.members     {member}    availability down
    kafka.brokers                    {broker}    availability down
    kafka.partition.under_replicated {partition} availability up
    kafka.partition.replicas_in_sync {replica}   availability down
    kafka.request.time.99p           ms          latency      up
    kafka.request.failed             {request}   errors       up
    kafka.unclean.election.rate      {election}  availability up     # messages may be lost
    jvm.memory.heap.max              By          other        -
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
