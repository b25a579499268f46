from __future__ import annotations

import json
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from aiops.model.deadletters import DeadLetterReason
from detectors.wire import logs, spans
from detectors.wire.batch import WireSettings
from tests.unit.detectors.wire.requests import NOW

SECOND = 10**9
TRACE = "5b8efff798038103d269b633813fc60c"


def log_request(*bodies: str, at: int = NOW) -> bytes:
    """Lines of the service "cart"."""
    made = ExportLogsServiceRequest()
    resource_logs = made.resource_logs.add()
    resource_logs.resource.attributes.add(key="service.name").value.string_value = "cart"
    for body in bodies:
        line = resource_logs.scope_logs.add().log_records.add(time_unix_nano=at, severity_text="error")
        line.body.string_value = body
        line.trace_id = bytes.fromhex(TRACE)
    return made.SerializeToString()


def test_lines_come_out_as_they_went_in() -> None:
    """Entity, time, severity, body and trace of a line."""
    batch = logs.decode([log_request("a", "b")], NOW)
    assert (batch.body, batch.entities, batch.entity.tolist()) == (["a", "b"], ["cart"], [0, 0])
    assert (batch.at.tolist(), batch.severity.tolist()) == ([NOW, NOW], [17, 17])
    assert bytes(batch.trace[0]).hex() == TRACE
    assert not batch.span.any()


def test_json_lines_have_hexadecimal_ids_and_any_body() -> None:
    """The Collector's JSON gives the same as protobuf; a body that is no text becomes JSON."""
    body = {"kvlistValue": {"values": [{"key": "a", "value": {"intValue": "1"}}]}}
    line = {
        "observedTimeUnixNano": str(NOW),
        "severityNumber": 9,
        "body": body,
        "traceId": TRACE,
        "spanId": "eee19b7ec3c1b174",
    }
    record = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [line]}]}]}).encode()
    batch = logs.decode([record], NOW)
    assert (batch.body, batch.at.tolist(), batch.entities) == (['{"a":1}'], [NOW], ["unknown"])
    assert bytes(batch.trace[0]).hex() == TRACE
    assert bytes(batch.span[0]).hex() == "eee19b7ec3c1b174"


def test_a_huge_body_is_cut_and_flagged() -> None:
    """What is longer than the stated size is cut there."""
    batch = logs.decode([log_request("x" * 20, "y")], NOW, WireSettings(max_body_chars=10))
    assert (batch.body, batch.cut.tolist()) == (["x" * 10, "y"], [True, False])


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (0, DeadLetterReason.NO_TIME),
        (5, DeadLetterReason.BAD_TIME),
        (NOW + 3600 * SECOND, DeadLetterReason.FAR_FUTURE),
        (2**64 - 1, DeadLetterReason.FAR_FUTURE),
    ],
)
def test_lines_of_no_time_are_rejected(at: int, reason: DeadLetterReason) -> None:
    """Each with its reason; every item is accounted for."""
    batch = logs.decode([log_request("a", "b", at=at), log_request("c")], NOW)
    assert [(r.record, r.reason, r.items, r.places) for r in batch.rejected] == [(0, reason, 2, (0, 1))]
    assert (batch.body, batch.items.tolist()) == (["c"], [2, 1])


def span_request(rng: random.Random, size: int = 20) -> ExportTraceServiceRequest:
    """Spans of the service "cart", some of them calls of "pay"."""
    made = ExportTraceServiceRequest()
    resource_spans = made.resource_spans.add()
    resource_spans.resource.attributes.add(key="service.name").value.string_value = "cart"
    scope = resource_spans.scope_spans.add()
    for _ in range(size):
        at = NOW + rng.randrange(60) * SECOND
        span = scope.spans.add(name="GET /", start_time_unix_nano=at)
        span.kind = rng.choice(list(Span.SpanKind.values())[1:])
        span.end_time_unix_nano = at + rng.randrange(10**9)
        span.trace_id, span.span_id = bytes.fromhex(TRACE), b"\0\0\0\0\0\0\0\7"
        span.status.code = rng.choice([Status.STATUS_CODE_UNSET, Status.STATUS_CODE_ERROR])
        if rng.random() < 0.6:
            span.attributes.add(key="server.address").value.string_value = "10.0.0.1"
            span.attributes.add(key="peer.service").value.string_value = "pay"
    return made


def test_spans_come_out_as_they_went_in() -> None:
    """Times, ids, status and the peer of calls; the better name of the peer wins."""
    request = span_request(random.Random(1))
    batch = spans.decode([request.SerializeToString()], NOW)
    given_spans = request.resource_spans[0].scope_spans[0].spans
    assert batch.duration.tolist() == [s.end_time_unix_nano - s.start_time_unix_nano for s in given_spans]
    assert (batch.kind.tolist(), batch.status.tolist()) == (
        [s.kind for s in given_spans],
        [s.status.code for s in given_spans],
    )
    expected = ["pay" if s.kind in (3, 4) and s.attributes else None for s in given_spans]
    assert [batch.words[code] if code >= 0 else None for code in batch.peer.tolist()] == expected
    assert set(batch.span.tolist()) == {7}
    assert set(batch.parent.tolist()) == {0}
    assert bytes(batch.trace[0]).hex() == TRACE


def test_json_spans_mean_the_same() -> None:
    """Hexadecimal ids, times as text and names of enums."""
    span = {"name": "x", "kind": "SPAN_KIND_SERVER", "startTimeUnixNano": str(NOW), "endTimeUnixNano": str(NOW + 5)}
    span |= {"traceId": TRACE, "spanId": "00000000000000ff", "parentSpanId": "0000000000000001"}
    record = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
    batch = spans.decode([record], NOW)
    assert (batch.kind.tolist(), batch.duration.tolist(), batch.span.tolist()) == ([2], [5], [255])
    assert batch.parent.tolist() == [1]


def test_a_span_that_ends_before_it_starts_is_rejected() -> None:
    """Its clock was wrong at one end, so its duration says nothing."""
    request = span_request(random.Random(1), size=2)
    request.resource_spans[0].scope_spans[0].spans[0].end_time_unix_nano = NOW - 1
    batch = spans.decode([request.SerializeToString(), b"\xff"], NOW)
    assert [(r.record, r.reason, r.items) for r in batch.rejected] == [
        (0, DeadLetterReason.BAD_TIME, 1),
        (1, DeadLetterReason.UNDECODABLE, 1),
    ]
    assert batch.items.tolist() == [2, 1]


@given(seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_broken_bytes_are_counted(seed: int) -> None:
    """Mutated requests raise nothing, and every item of them is accepted or rejected."""
    rng = random.Random(seed)
    for good, decode in ((log_request("a", "b"), logs.decode), (span_request(rng).SerializeToString(), spans.decode)):
        broken = bytearray(good)
        for _ in range(3):
            broken[rng.randrange(len(broken))] = rng.randrange(256)
        batch = decode([bytes(broken), good], NOW)
        assert batch.items.sum() == len(batch) + sum(entry.items for entry in batch.rejected)
        assert batch.items[1] == np.count_nonzero(batch.record == 1)
