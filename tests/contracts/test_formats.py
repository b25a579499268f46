"""Our telemetry formats keep the formats' contract."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from aiops.contracts import formats
from aiops.plugins import BUILT_IN, BUILT_INS, ExtensionKind
from detectors.wire.arrow_encoding import PointEncoder
from detectors.wire.identity import SeriesIdentity
from detectors.wire.series import SeriesTable

pytestmark = pytest.mark.contract
AT = 1_750_000_000 * 10**9
NAME, CART = "service.name", "cart"


def records(name: str) -> list[bytes]:
    """Two records of a built-in format."""
    match name:
        case "otlp-metrics":
            metrics = ExportMetricsServiceRequest()
            resource = metrics.resource_metrics.add()
            resource.resource.attributes.add(key=NAME).value.string_value = CART
            gauge = resource.scope_metrics.add().metrics.add(name="queue.length").gauge
            gauge.data_points.add(time_unix_nano=AT, as_double=1.5)
            made = metrics.SerializeToString()
        case "otlp-logs":
            logs = ExportLogsServiceRequest()
            lines = logs.resource_logs.add()
            lines.resource.attributes.add(key=NAME).value.string_value = CART
            lines.scope_logs.add().log_records.add(time_unix_nano=AT).body.string_value = "hello"
            made = logs.SerializeToString()
        case "otlp-spans":
            spans = ExportTraceServiceRequest()
            traced = spans.resource_spans.add()
            traced.resource.attributes.add(key=NAME).value.string_value = CART
            ids = {"trace_id": b"t" * 16, "span_id": b"s" * 8}
            traced.scope_spans.add().spans.add(start_time_unix_nano=AT, end_time_unix_nano=AT + 5, kind=2, **ids)
            made = spans.SerializeToString()
        case _:
            table = SeriesTable(10)
            number = table.add([SeriesIdentity(CART, "queue.length")])
            made = PointEncoder(table).encode(number, np.array([AT], np.int64), np.array([1.5]))
    return [made, made]


@pytest.mark.parametrize("rule", formats.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", BUILT_IN[ExtensionKind.FORMAT])
def test_keeps_the_contract(name: str, rule: Callable[[formats.FormatSubject], None]) -> None:
    """One rule on one format."""
    rule(formats.FormatSubject(BUILT_INS.load(ExtensionKind.FORMAT, name), records(name), AT + 60 * 10**9))
