"""Clients of databases and brokers.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.opentelemetry_data import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    db.client.operation.duration                                s            latency      up
    db.client.connection.count{db.client.connection.state=used} {connection} saturation   up
    db.client.connection.count{db.client.connection.state=idle} {connection} saturation   -
    db.client.connection.max                                    {connection} other        -
    db.client.connection.pending_requests                       {request}    queue        up
    db.client.connection.timeouts                               {timeout}    errors       up
    db.client.connection.wait_time                              s            queue        up
    db.client.connections.wait_time ms queue up  # before semantic conventions 1.26
    messaging.process.duration                                  s            latency      up
    messaging.client.sent.messages                              {message}    traffic      -
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
