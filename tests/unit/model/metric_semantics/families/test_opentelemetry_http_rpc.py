"""HTTP, RPC, DNS and functions.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.opentelemetry_http_rpc import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    http.server.request.duration                               s            latency      up
    http.server.duration ms latency up  # before semantic conventions 1.23
    http.server.active_requests                                {request}    queue        up
    http.server.request.body.size                              By           traffic      -
    http.client.request.duration                               s            latency      up
    http.client.open_connections{http.connection.state=active} {connection} saturation   up
    http.client.open_connections{http.connection.state=idle}   {connection} saturation   -
    http.client.connection.duration                            s            traffic      -      # kept open for reuse
    rpc.server.duration                                        ms           latency      up
    dns.lookup.duration                                        s            latency      up
    faas.errors                                                {error}      errors       up
    faas.coldstarts                                            {coldstart}  traffic      -
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
