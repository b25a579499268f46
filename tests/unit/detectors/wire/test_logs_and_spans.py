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
from detectors.wire.identity import attributes_of, origin_of, value_text
from tests.unit.detectors.spans import plainly
from tests.unit.detectors.wire.plain_intake import Intake
from tests.unit.detectors.wire.requests import NOW

SECOND = 10**9
TRACE = "5b8efff798038103d269b633813fc60c"


def bodies(batch: logs.LogBatch) -> list[bytes]:
    """All bodies."""
    return [batch.body(row) for row in range(len(batch))]


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
    """Entity, time, severity and body of a line."""
    batch = logs.decode([log_request("a", "b")], NOW)
    assert (bodies(batch), batch.entities, batch.entity.tolist()) == ([b"a", b"b"], ["cart"], [0, 0])
    assert (batch.at.tolist(), batch.severity.tolist()) == ([NOW, NOW], [17, 17])


def test_json_lines_have_any_body() -> None:
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
    assert (bodies(batch), batch.at.tolist(), batch.entities) == ([b'{"a":1}'], [NOW], ["unknown"])


def test_a_huge_body_is_cut_and_flagged() -> None:
    """What is longer than the stated size is cut there."""
    batch = logs.decode([log_request("x" * 20, "y")], NOW, WireSettings(max_body_bytes=10))
    assert (bodies(batch), batch.cut.tolist()) == ([b"x" * 10, b"y"], [True, False])


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
    assert (bodies(batch), batch.items.tolist()) == ([b"c"], [2, 1])


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


def _mutated(rng: random.Random, good: bytes) -> bytes:
    broken = bytearray(good)
    for _ in range(rng.randrange(3)):
        broken[rng.randrange(len(broken))] = rng.randrange(256)
    return bytes(broken)


def hostile_spans(rng: random.Random) -> ExportTraceServiceRequest:
    """Spans with ids of wrong sizes, times that never were, several peers and values of any type."""
    made = ExportTraceServiceRequest()
    for service in ("cart", "", "pay"):
        resource_spans = made.resource_spans.add()
        if service:
            resource_spans.resource.attributes.add(key="service.name").value.string_value = service
        scope = resource_spans.scope_spans.add()
        for _ in range(rng.randrange(6)):
            at = rng.choice([NOW, NOW, NOW + rng.randrange(10**9), 0, 5, 2**64 - 1])
            span = scope.spans.add(name=rng.choice(["", "GET", "ü" * 600]), start_time_unix_nano=at)
            span.end_time_unix_nano = rng.choice([at, min(at + 7, 2**64 - 1), NOW])
            span.kind = rng.choice([*range(6), 250, 300, -1])
            span.status.code = rng.choice([0, 1, 2, 77])  # type: ignore[assignment]
            span.trace_id = rng.randbytes(rng.choice([0, 16, 16, 17]))
            span.span_id = rng.randbytes(rng.choice([0, 8, 8, 9]))
            span.parent_span_id = rng.randbytes(rng.choice([0, 8, 7]))
            for key in rng.sample(plainly.NAMED, 3):
                value = span.attributes.add(key=key).value
                rng.choice(
                    [
                        lambda v: setattr(v, "string_value", rng.choice(["", "pay", "10.0.0.7"])),
                        lambda v: setattr(v, "int_value", 7),
                        lambda v: v.kvlist_value.values.add(key="a"),
                    ]
                )(value)
    return made


def rows_of(batch: spans.SpanBatch) -> list[tuple[object, ...]]:
    """The spans of a batch as the plain way gives them."""
    words = batch.words
    return [
        (
            words[batch.entity[row]],
            words[batch.operation[row]],
            words[batch.peer[row]] if batch.peer[row] >= 0 else None,
            bool(batch.uses[row]),
            int(batch.kind[row]),
            int(batch.status[row]),
            int(batch.at[row]),
            int(batch.duration[row]),
            bytes(batch.trace[row]).hex(),
            int(batch.span[row]),
            int(batch.parent[row]),
            int(batch.record[row]),
        )
        for row in range(len(batch))
    ]


@given(seed=st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_the_compiled_loop_over_spans_agrees_with_protobuf(seed: int) -> None:
    """Sound and hostile requests, protobuf and JSON, whole and in two messages, give the rows of the plain way."""
    rng = random.Random(seed)
    requests = [hostile_spans(rng) for _ in range(3)]
    records = [requests[0].SerializeToString(), requests[1].SerializeToString() + requests[2].SerializeToString()]
    records += [b"", b"\xff", b"{]", b"x" * 40]
    split = ExportTraceServiceRequest.FromString(records[0])
    for resource_spans in split.resource_spans:  # a resource in two parts, which protobuf merges
        one = resource_spans.SerializeToString() + resource_spans.SerializeToString()[:0]
        twice = b"\x0a" + bytes([len(resource_spans.resource.SerializeToString())])
        records.append(b"\x0a" + _size(len(one) + 2) + one + b"\x0a\x00" if len(twice) > 1 else b"")
    found, expected = spans.decode(records, NOW), plainly.decode(records, NOW)
    assert rows_of(found) == expected.rows
    assert [(one.record, one.reason, one.items, one.places) for one in found.rejected] == expected.rejected
    assert found.items.tolist() == expected.items


def _size(number: int) -> bytes:
    made = bytearray()
    while number > 127:
        made.append(number & 127 | 128)
        number >>= 7
    return bytes([*made, number])


@given(seed=st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_broken_spans_are_read_as_protobuf_reads_them_or_with_less_checking(seed: int) -> None:
    """Where protobuf decodes, rows are equal; where it refuses, still every item is accounted for."""
    rng = random.Random(seed)
    record = _mutated(rng, hostile_spans(rng).SerializeToString() + b"\x12\x00")
    found, expected = spans.decode([record], NOW), plainly.decode([record], NOW)
    if not any(reason is DeadLetterReason.UNDECODABLE for _, reason, _, _ in expected.rejected):
        assert rows_of(found) == expected.rows
        assert found.items.tolist() == expected.items
    assert found.items.sum() == len(found) + sum(one.items for one in found.rejected)


@given(seed=st.integers(0, 2**32), cut=st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_spans_do_not_depend_on_how_polls_cut_them(seed: int, cut: int) -> None:
    """The rows of two polls are those of one."""
    rng = random.Random(seed)
    records = [_mutated(rng, hostile_spans(rng).SerializeToString() + b"\x12\x00") for _ in range(4)]
    whole = [row[:-1] for row in rows_of(spans.decode(records, NOW))]
    parts = [spans.decode(part, NOW) for part in (records[:cut], records[cut:])]
    assert [row[:-1] for part in parts for row in rows_of(part)] == whole


def test_a_queue_or_database_without_an_address_is_the_other_end() -> None:
    """Its own name is the peer; an address is better where there is one."""
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for attributes in (
        {"messaging.system": "kafka", "messaging.destination.name": "orders"},
        {"db.system": "redis"},
        {"db.namespace": "ledger", "db.system.name": "postgresql", "server.address": "db-1"},
        {"http.route": "/"},
    ):
        span = scope.spans.add(kind=3, start_time_unix_nano=NOW, end_time_unix_nano=NOW)
        for key, value in attributes.items():
            span.attributes.add(key=key).value.string_value = value
    found = rows_of(spans.decode([request.SerializeToString()], NOW))
    assert [row[2:4] for row in found] == [("orders", True), ("redis", True), ("db-1", True), (None, False)]


def test_words_that_are_no_utf8_make_their_records_undecodable() -> None:
    """Only those records that use the word are lost."""
    good = span_request(random.Random(1), size=2).SerializeToString()
    bad = good.replace(b"GET /", b"GET\xff/")
    found = spans.decode([good, bad, good], NOW)
    assert [(one.record, one.reason, one.items) for one in found.rejected] == [(1, DeadLetterReason.UNDECODABLE, 1)]
    assert found.items.tolist() == [2, 1, 2]


def _plain_lines(records: list[bytes]) -> tuple[list[tuple[object, ...]], list[int]]:
    """Entity, time, severity, body and record of each line as protobuf's objects give them, and items."""
    settings_ = WireSettings()
    intake = Intake(records, NOW, settings_)
    rows: list[tuple[object, ...]] = []
    words = {"TRACE": 1, "DEBUG": 5, "INFO": 9, "WARN": 13, "ERROR": 17, "FATAL": 21}
    for record, request, _ in intake.requests(ExportLogsServiceRequest):
        for resource_logs in request.resource_logs:
            entity = origin_of(attributes_of(resource_logs.resource.attributes), settings_.entity_attributes).entity
            for scope_logs in resource_logs.scope_logs:
                for line in scope_logs.log_records:
                    intake.items[record] += 1
                    at = line.time_unix_nano or line.observed_time_unix_nano
                    if intake.time_fault(at) is None:
                        number = line.severity_number or words.get(line.severity_text.upper(), 0)
                        number = number if 0 <= number <= 24 else 0
                        rows.append((entity, at, number, value_text(line.body).encode(), record))
    return rows, intake.items.tolist()


def hostile_lines(rng: random.Random) -> ExportLogsServiceRequest:
    """Lines with any kind of body, without times, with severities that do not exist."""
    made = ExportLogsServiceRequest()
    for service in ("cart", "", "pay"):
        resource_logs = made.resource_logs.add()
        if service:
            resource_logs.resource.attributes.add(key="service.name").value.string_value = service
        scope = resource_logs.scope_logs.add()
        for _ in range(rng.randrange(6)):
            line = scope.log_records.add(time_unix_nano=rng.choice([NOW, 0, 5, 2**64 - 1]))
            line.observed_time_unix_nano = rng.choice([NOW, 0])
            line.severity_number = rng.choice([0, 0, 9, 17, 24, 25, 300])  # type: ignore[assignment]
            line.severity_text = rng.choice(["", "Warn", "ERROR", "nonsense" * 3])
            line.trace_id = rng.randbytes(16)
            kind = rng.randrange(6)
            if kind == 0:
                line.body.kvlist_value.values.add(key="msg").value.string_value = "from a map"
            elif kind == 1:
                line.body.array_value.values.add().int_value = 7
            elif kind == 2:
                line.body.bytes_value = b"\xff\x00"
            elif kind == 3:
                line.body.double_value = 1.5
            elif kind == 4:
                line.body.string_value = "took 7 ms äöü"
    return made


@given(seed=st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_the_compiled_loop_over_lines_agrees_with_protobuf(seed: int) -> None:
    """Sound, hostile and broken requests give the rows that protobuf's objects give, where it can read them."""
    rng = random.Random(seed)
    records = [hostile_lines(rng).SerializeToString() for _ in range(2)]
    records += [_mutated(rng, records[0] + b"\x12\x00"), b"", records[0] + records[1]]
    batch = logs.decode(records, NOW)
    refused = {one.record for one in batch.rejected if one.reason is DeadLetterReason.UNDECODABLE}
    rows, items = _plain_lines(records)
    found = [
        (batch.entities[batch.entity[row]], int(batch.at[row]), int(batch.severity[row]), batch.body(row), record)
        for row, record in enumerate(batch.record.tolist())
    ]
    for record in range(len(records)):
        plain = [row for row in rows if row[-1] == record]
        if record != 2 or plain:
            assert [row for row in found if row[-1] == record] == plain
            assert batch.items[record] == items[record]
    assert refused <= {2}
    assert batch.items.sum() == len(batch) + sum(one.items for one in batch.rejected)
