"""SDKs and Collectors about themselves.

What its documentation says, written from there and not from the table.
"""

from __future__ import annotations

import pytest

from aiops.model.metric_semantics.families.opentelemetry_pipeline import FAMILY
from tests.unit.model.metric_semantics.families.knowledge import Fact, facts

FACTS = facts(
    """
    otelcol_receiver_refused_spans                {span}       errors       up
    otelcol_receiver_accepted_spans               {span}       traffic      -
    otelcol_exporter_send_failed_log_records      {log_record} errors       up
    otelcol_exporter_enqueue_failed_metric_points {data_point} errors       up     # lost
    otelcol_exporter_queue_size                   {batch}      queue        up
    otelcol_exporter_queue_capacity               {batch}      other        -
    otelcol_processor_dropped_spans               {span}       errors       up
    otelcol_process_memory_rss                    By           resource     up
    otel.sdk.processor.span.queue.size            {span}       queue        up
    otel.sdk.exporter.operation.duration          s            latency      up
    """
)


@pytest.mark.parametrize("fact", FACTS, ids=str)
def test_the_rows_say_what_operators_know(fact: Fact) -> None:
    """Unit, role, direction and limit."""
    assert fact.told_by(FAMILY) == fact
