"""Prometheus' client libraries and its own series of a scrape.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.prometheus_clients import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    up                            {flag}      availability down
    scrape_duration_seconds       s           latency      up
    http_requests_total           {request}   traffic      -
    http_request_duration_seconds s           latency      up
    http_requests_in_flight       {request}   queue        up
    grpc_server_handling_seconds  s           latency      up
    grpc_client_handled_total     {call}      traffic      -
    process_open_fds              {fd}        saturation   up
    process_max_fds               {fd}        other        -
    process_resident_memory_bytes By          resource     up
    process_start_time_seconds    s           other        -
    go_goroutines                 {goroutine} runtime      up
    go_gc_duration_seconds        s           runtime      up
    nodejs_eventloop_lag_seconds  s           saturation   up
    python_info                   {info}      other        -
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
