"""The exporters of Kafka, nginx and blackbox probes.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.exporter_others import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    kafka_consumergroup_lag                          {message}    queue        up
    kafka_topic_partition_in_sync_replica            {replica}    availability down
    kafka_topic_partition_under_replicated_partition {flag}       availability up
    kafka_topic_partition_current_offset             {message}    traffic      -      # it grows with each message
    nginx_up                                         {flag}       availability down
    nginx_connections_active                         {connection} saturation   up
    nginx_connections_waiting                        {connection} other        -      # idle keep-alive connections
    nginxplus_upstream_server_fails                  {failure}    errors       up
    nginxplus_ssl_handshakes_failed                  {handshake}  errors       up
    probe_success                                    {flag}       availability down
    probe_duration_seconds                           s            latency      up
    probe_ssl_earliest_cert_expiry                   s            availability down   # the moment of the expiry
    probe_http_version                               {version}    other        -
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
