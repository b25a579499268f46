"""The Collector's receivers of nginx and HAProxy.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.receiver_proxies import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    nginx.requests                           {request}    traffic      -
    nginx.connections_current{state=active}  {connection} saturation   up
    nginx.connections_current{state=waiting} {connection} saturation   -      # idle keep-alive connections
    haproxy.requests.queued                  {request}    queue        up
    haproxy.requests.errors                  {error}      errors       up
    haproxy.requests.denied                  {request}    errors       up
    haproxy.responses.average_time           ms           latency      up
    haproxy.connections.retries              {retry}      errors       up
    haproxy.sessions.limit                   {session}    other        -
    haproxy.active                           {server}     availability down
    haproxy.downtime                         s            availability up
    haproxy.failed_checks                    {check}      errors       up
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
