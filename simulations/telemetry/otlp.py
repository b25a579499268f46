"""Frames as OTLP export requests, protobuf or JSON, in the shape in which an OpenTelemetry Collector writes them."""

from __future__ import annotations

import base64
import json
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource as OtlpResource

from simulations.telemetry.frames import LogFrame, MetricFrame, MetricKind, Resource, SpanFrame
from simulations.telemetry.metrics import BUCKETS, MetricEmitter

CUMULATIVE = 2
SCOPE = "simulations"
_SEVERITIES = {9: "INFO", 13: "WARN", 17: "ERROR"}
_HEX_FIELDS = ("traceId", "spanId", "parentSpanId")


def metrics(emitter: MetricEmitter, frame: MetricFrame) -> ExportMetricsServiceRequest:
    """All points of a frame, grouped by resource and metric."""
    request = ExportMetricsServiceRequest()
    scopes: dict[int, Any] = {}
    groups: dict[tuple[int, str], Any] = {}

    def group(number: int) -> Any:
        info = emitter.series[number]
        key = (info.resource, info.metric)
        if key not in groups:
            if info.resource not in scopes:
                entry = request.resource_metrics.add(resource=_resource(emitter.resources[info.resource]))
                scopes[info.resource] = entry.scope_metrics.add(scope={"name": SCOPE})
            metric = scopes[info.resource].metrics.add(name=info.metric, unit=info.unit)
            match info.kind:
                case MetricKind.GAUGE:
                    groups[key] = metric.gauge.data_points
                case MetricKind.SUM:
                    metric.sum.aggregation_temporality = CUMULATIVE
                    metric.sum.is_monotonic = True
                    groups[key] = metric.sum.data_points
                case MetricKind.HISTOGRAM:
                    metric.histogram.aggregation_temporality = CUMULATIVE
                    groups[key] = metric.histogram.data_points
        return groups[key]

    for number, value in zip(frame.index.tolist(), frame.value.tolist(), strict=True):
        info = emitter.series[number]
        start = frame.start if info.kind is MetricKind.SUM else 0
        point = group(number).add(time_unix_nano=frame.at, start_time_unix_nano=start, as_double=value)
        point.attributes.extend(_attributes(info.attributes))
    rows = zip(frame.histogram.tolist(), frame.counts.tolist(), frame.sums.tolist(), strict=True)
    for number, counts, total in rows:
        point = group(number).add(
            time_unix_nano=frame.at, start_time_unix_nano=frame.start, count=sum(counts), sum=total,
            bucket_counts=counts, explicit_bounds=BUCKETS,
        )  # fmt: skip
        point.attributes.extend(_attributes(emitter.series[number].attributes))
    return request


def logs(emitter: MetricEmitter, frame: LogFrame) -> ExportLogsServiceRequest:
    """All lines of a frame, grouped by resource."""
    request = ExportLogsServiceRequest()
    scopes: dict[int, Any] = {}
    rows = zip(frame.at.tolist(), frame.resource.tolist(), frame.severity.tolist(), frame.bodies, strict=True)
    for at, resource, severity, body in rows:
        if resource not in scopes:
            entry = request.resource_logs.add(resource=_resource(emitter.resources[resource]))
            scopes[resource] = entry.scope_logs.add(scope={"name": SCOPE})
        scopes[resource].log_records.add(
            time_unix_nano=at, observed_time_unix_nano=at,
            severity_number=severity, severity_text=_SEVERITIES[severity],
            body=AnyValue(string_value=body),
        )  # fmt: skip
    return request


def spans(emitter: MetricEmitter, frame: SpanFrame) -> ExportTraceServiceRequest:
    """All spans of a frame, grouped by resource."""
    request = ExportTraceServiceRequest()
    names = emitter.world.layout.ids
    scopes: dict[int, Any] = {}
    rows = zip(
        frame.trace, frame.span.tolist(), frame.parent.tolist(), frame.resource.tolist(), frame.operation.tolist(),
        frame.kind.tolist(), frame.start.tolist(), frame.duration.tolist(), frame.failed.tolist(), strict=True,
    )  # fmt: skip
    for trace, span, parent, resource, operation, kind, start, duration, failed in rows:
        if resource not in scopes:
            entry = request.resource_spans.add(resource=_resource(emitter.resources[resource]))
            scopes[resource] = entry.scope_spans.add(scope={"name": SCOPE})
        peer = names[operation]
        made = scopes[resource].spans.add(
            trace_id=trace.tobytes(), span_id=span.to_bytes(8, "big"),
            name=f"{'call' if kind in (3, 4) else 'serve'} {peer}",
            parent_span_id=parent.to_bytes(8, "big") if parent else b"", kind=kind,
            start_time_unix_nano=start, end_time_unix_nano=start + duration,
        )  # fmt: skip
        if kind in (3, 4):
            made.attributes.extend(_attributes((("peer.service", peer),)))
        if failed:
            made.status.code = 2
    return request


def to_json(request: Message) -> str:
    """OTLP's JSON of a request on one line: ids as hexadecimal, numbers of enums, 64-bit integers as text."""
    tree = MessageToDict(request, use_integers_for_enums=True)
    for group in tree.get("resourceSpans", []) + tree.get("resourceLogs", []):
        for scope in group.get("scopeSpans", []) + group.get("scopeLogs", []):
            for record in scope.get("spans", []) + scope.get("logRecords", []):
                for name in _HEX_FIELDS:
                    if name in record:
                        record[name] = base64.b64decode(record[name]).hex()
    return json.dumps(tree, separators=(",", ":"))


def _resource(resource: Resource) -> OtlpResource:
    return OtlpResource(attributes=_attributes(resource.attributes))


def _attributes(pairs: tuple[tuple[str, str], ...]) -> list[KeyValue]:
    return [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in pairs]
