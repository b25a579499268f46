"""Micrometer with Spring Boot.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.exporter_micrometer import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    http_server_requests_seconds                    s            latency      up
    http_server_requests_active_seconds             s            queue        up     # a long task timer
    hikaricp_connections_pending                    {request}    queue        up     # threads wait for a connection
    hikaricp_connections_timeout_total              {timeout}    errors       up
    hikaricp_connections_max                        {connection} other        -
    hikaricp_connections_acquire_seconds            s            queue        up
    jvm_gc_pause_seconds                            s            runtime      up
    jvm_gc_overhead_percent                         1            saturation   up 1   # a share, despite its name
    tomcat_threads_busy_threads                     {thread}     saturation   up
    executor_queue_remaining_tasks                  {task}       saturation   down 0
    disk_free_bytes                                 By           saturation   down 0
    logback_events_total{level=error}               {event}      errors       up
    logback_events_total{level=info}                {event}      errors       -
    resilience4j_circuitbreaker_state{state=open}   {flag}       availability up
    resilience4j_circuitbreaker_state{state=closed} {flag}       availability down   # closed: calls go through
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
