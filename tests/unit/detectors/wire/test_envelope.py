"""What requests of logs and spans have in common: the walk down to their items, and who sent them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from aiops.model.deadletters import DeadLetterReason
from detectors.wire.batch import WireSettings
from detectors.wire.envelope import BEGIN, END, RECORD, RESOURCE, Envelope, Items, Origins

SHAPES = st.lists(st.lists(st.lists(st.integers(0, 3), max_size=3), max_size=3), max_size=4)
"""Of each record its resources, of each resource its scopes, of each scope how many items."""
BROKEN = b"\x0a\x7f"


def request(shape: list[list[int]], name: str = "r") -> ExportLogsServiceRequest:
    made = ExportLogsServiceRequest()
    for place, scopes in enumerate(shape):
        resource = made.resource_logs.add()
        resource.resource.attributes.add(key="service.name").value.string_value = f"{name}{place}"
        for many in scopes:
            scope = resource.scope_logs.add()
            for number in range(many):
                scope.log_records.add(severity_number=number + 1)
    return made


def listed(
    records: list[bytes], settings: WireSettings | None = None
) -> tuple[list[tuple[int, bytes, bytes]], Envelope[Any]]:
    """Record, bytes and resource of each item, and the envelope."""
    found: list[tuple[int, bytes, bytes]] = []

    def reader(whole: bytes, _buffer: Any, items: Items) -> Any:
        found.clear()
        for begin, end, record, resource in items.ranges[[BEGIN, END, RECORD, RESOURCE], : items.cursor[0]].T.tolist():
            first, last = items.resources[resource].tolist()
            found.append((record, whole[begin:end], whole[first:last]))
        return np.zeros(len(items.status), np.uint8)

    envelope = Envelope(records, ExportLogsServiceRequest, settings or WireSettings())
    envelope.read(reader)
    return found, envelope


@settings(deadline=None)  # the first call compiles
@given(SHAPES)
def test_every_item_is_listed_with_its_record_and_resource(shapes: list[list[list[int]]]) -> None:
    """In input order, also where resources and scopes are empty."""
    requests = [request(shape, f"s{place}-") for place, shape in enumerate(shapes)]
    found, _ = listed([made.SerializeToString() for made in requests])
    expected = [
        (record, item.SerializeToString(), resource.resource.SerializeToString())
        for record, made in enumerate(requests)
        for resource in made.resource_logs
        for scope in resource.scope_logs
        for item in scope.log_records
    ]
    assert found == expected


def test_a_record_that_cannot_be_decoded_is_refused_and_its_neighbours_stay() -> None:
    """One dead letter for the whole of it."""
    good = request([[2]]).SerializeToString()
    found, envelope = listed([good, BROKEN, good])
    assert [record for record, _, _ in found] == [0, 0, 2, 2]
    assert envelope.refused.tolist() == [0, 1, 0]
    assert [(one.record, one.reason) for one in envelope.rejections.listed()] == [(1, DeadLetterReason.UNDECODABLE)]


def test_an_unusual_record_is_read_by_protobuf_and_written_anew() -> None:
    """A resource in two parts is merged."""
    made = request([[1]])
    part = made.resource_logs[0].resource.SerializeToString()
    inside = b"\x0a" + bytes([len(part)]) + part + b"\x0a\x00" + made.resource_logs[0].SerializeToString()
    merged = ExportLogsServiceRequest.FromString(b"\x0a" + bytes([len(inside)]) + inside)
    found, envelope = listed([b"\x0a" + bytes([len(inside)]) + inside])
    assert [resource for _, _, resource in found] == [merged.resource_logs[0].resource.SerializeToString()]
    assert not envelope.refused.any()


def test_json_and_protobuf_stand_side_by_side() -> None:
    """JSON is tidied once it is a request."""
    text = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":9}]}]}]}'
    asked: list[ExportLogsServiceRequest] = []
    Envelope([text, request([[1]]).SerializeToString()], ExportLogsServiceRequest, WireSettings(), tidy=asked.append)
    assert [len(made.resource_logs) for made in asked] == [1]
    found, envelope = listed([text, b'{"resourceLogs": 7}', b"{", request([[1]]).SerializeToString()])
    assert [record for record, _, _ in found] == [0, 3]
    assert envelope.refused.tolist() == [0, 1, 1, 0]


def test_a_record_that_is_too_large_is_not_read() -> None:
    """Its size alone says so."""
    good = request([[3]]).SerializeToString()
    found, envelope = listed([good, good + bytes(2000)], WireSettings(max_record_bytes=1000))
    assert [record for record, _, _ in found] == [0, 0, 0]
    assert [one.reason for one in envelope.rejections.listed()] == [DeadLetterReason.TOO_LARGE]


def test_what_the_reader_finds_foreign_is_repaired_and_then_refused() -> None:
    """First protobuf may write it anew; what is foreign even then is a dead letter."""
    asked: list[int] = []

    def reader(_whole: bytes, _buffer: Any, items: Items) -> Any:
        asked.append(int(items.cursor[0]))
        return np.full(len(items.status), 1 if items.cursor[0] else 0, np.uint8)

    envelope = Envelope([request([[2]]).SerializeToString()], ExportLogsServiceRequest, WireSettings())
    envelope.read(reader)
    assert asked == [2, 2, 0]
    assert envelope.refused.tolist() == [1]


def test_more_items_than_usual_find_room() -> None:
    """Empty items are two bytes each."""
    made = ExportTraceServiceRequest()
    scope = made.resource_spans.add().scope_spans.add()
    for _ in range(5000):
        scope.spans.add()
    counted: list[int] = []
    Envelope([made.SerializeToString()], ExportTraceServiceRequest, WireSettings()).read(
        lambda _whole, _buffer, items: counted.append(int(items.cursor[0])) or np.zeros(1, np.uint8)  # type: ignore[func-returns-value]
    )
    assert counted == [5000]


@pytest.mark.parametrize("seed", range(6))
def test_broken_bytes_lead_nowhere(seed: int) -> None:
    """Every byte of a record is changed once; items lie inside their record, and other records keep theirs."""
    good = request([[1, 2], [0, 1]]).SerializeToString()
    rng = np.random.default_rng(seed)
    for place in range(len(good)):
        bad = bytearray(good)
        bad[place] = int(rng.integers(0, 256))
        found, _ = listed([good, bytes(bad), good])
        assert sum(record == 0 for record, _, _ in found) == sum(record == 2 for record, _, _ in found) == 4


def named(name: str) -> bytes:
    made = Resource()
    made.attributes.add(key="service.name").value.string_value = name
    return made.SerializeToString()


def test_a_sender_is_known_by_its_bytes() -> None:
    """Broken ones are nobody, now and the next time."""
    origins = Origins(WireSettings())
    assert [origins.entity(named("cart")) for _ in range(2)] == ["cart", "cart"]
    assert [origins.entity(BROKEN) for _ in range(2)] == [None, None]


def test_senders_that_change_with_every_record_do_not_fill_memory() -> None:
    """The cache is emptied, and gives the same answers."""
    origins = Origins(WireSettings(), most_bytes=200)
    names = [f"sender-{number}" for number in range(50)]
    assert [origins.entity(named(name)) for name in names] == names
    assert sum(map(len, origins._known)) <= 200 + 2 * len(named(names[-1]))
