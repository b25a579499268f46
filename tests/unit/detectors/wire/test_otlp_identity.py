from __future__ import annotations

import numpy as np
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_DELTA, HistogramDataPoint, Metric

from aiops.model.deadletters import DeadLetterReason
from detectors.wire import otlp_walker
from detectors.wire.identity import MAX_IDENTITY_CHARS, SeriesIdentity, SeriesKind
from detectors.wire.memory import WireMemory
from detectors.wire.otlp_identity import COUNT, IdentityNames
from tests.unit.detectors.wire.requests import NOW
from tests.unit.detectors.wire.taped import taped


def known(*metrics: Metric, service: str = "cart") -> list[SeriesIdentity]:
    """Series that a request of a service makes."""
    memory = WireMemory()
    otlp_walker.decode([request(*metrics, service=service)], memory, NOW)
    return [memory.table.identity(series) for series in range(len(memory.table))]


def request(*metrics: Metric, service: str = "cart") -> bytes:
    made = ExportMetricsServiceRequest()
    resource_metrics = made.resource_metrics.add()
    resource_metrics.resource.attributes.add(key="service.name").value.string_value = service
    resource_metrics.resource.attributes.add(key="host.name").value.string_value = "node-1"
    resource_metrics.scope_metrics.add().metrics.extend(metrics)
    return made.SerializeToString()


def gauge(name: str, unit: str = "", **attributes: str) -> Metric:
    made = Metric(name=name, unit=unit)
    point = made.gauge.data_points.add(time_unix_nano=NOW, as_double=1.0)
    for key, text in attributes.items():
        point.attributes.add(key=key.replace("_", ".")).value.string_value = text
    return made


def histogram(name: str, unit: str = "", **attributes: str) -> Metric:
    made = Metric(name=name, unit=unit)
    made.histogram.aggregation_temporality = AGGREGATION_TEMPORALITY_DELTA
    point = made.histogram.data_points.add(time_unix_nano=NOW, count=3, explicit_bounds=[1.0], bucket_counts=[2, 1])
    for key, text in attributes.items():
        point.attributes.add(key=key.replace("_", ".")).value.string_value = text
    return made


def test_attributes_are_shared_by_metrics_and_not_by_resources() -> None:
    """Two metrics with the same attributes differ in name alone; another host makes other series."""
    one, other = known(gauge("a", route="/x"), gauge("b", route="/x"))
    assert (one.metric, other.metric) == ("a", "b")
    assert one.attributes == other.attributes == (("host.name", "node-1"), ("route", "/x"))
    memory = WireMemory()
    otlp_walker.decode([request(gauge("a"), service="cart") + request(gauge("a"), service="pay")], memory, NOW)
    assert [memory.table.identity(series).entity for series in range(2)] == ["cart", "pay"]


def test_an_attribute_of_the_point_does_not_hide_that_of_its_origin() -> None:
    """Where the two disagree, both are kept."""
    [found] = known(gauge("a", host_name="other"))
    assert found.attributes == (("host.name", "other"), ("resource.host.name", "node-1"))


def test_the_address_of_a_server_is_a_peer_to_its_clients_only() -> None:
    """The same attributes name a peer under one metric and none under another."""
    client, server = known(
        gauge("http.client.active", server_address="pay"), gauge("http.server.active", server_address="pay")
    )
    assert (client.peer, server.peer) == ("pay", None)


def test_the_kind_follows_the_name() -> None:
    """A clock that is sent as a gauge is a counter."""
    assert [one.kind for one in known(gauge("process.uptime"), gauge("a"))] == [SeriesKind.CUMULATIVE, SeriesKind.GAUGE]


def test_other_fields_between_attributes_change_nothing() -> None:
    """Attributes before and after the value are all of them, in the order that counts."""
    first = HistogramDataPoint()
    first.attributes.add(key="k").value.string_value = "old"
    rest = HistogramDataPoint(time_unix_nano=NOW, count=1)
    last = HistogramDataPoint()
    last.attributes.add(key="k").value.string_value = "new"
    point = first.SerializeToString() + rest.SerializeToString() + last.SerializeToString()
    whole = histogram("h")
    usual = whole.histogram.data_points[0].SerializeToString()
    made = request(whole)
    assert made.count(usual) == 1
    longer = len(point) - len(usual)
    memory = WireMemory()
    grown = _replaced(made, usual, point, longer)
    otlp_walker.decode([grown], memory, NOW)
    assert dict(memory.table.identity(0).attributes)["k"] == "new"


def _replaced(record: bytes, old: bytes, new: bytes, longer: int) -> bytes:
    """A record with a message replaced and the lengths around it mended; all of them take one byte."""
    place = record.index(old)
    out = bytearray(record.replace(old, new))
    position, end = 0, len(out)
    while position < place:
        tag, size = out[position], out[position + 1]
        inside = position + 2 + size >= place + len(old)
        if tag & 7 == 2 and inside:
            out[position + 1] = size + longer
            assert out[position + 1] < 128
            position += 2
        else:
            position += 2 + size if tag & 7 == 2 else 2
        assert position < end
    return bytes(out)


def test_what_is_derived_is_named_after_its_metric() -> None:
    """Suffix, unit and kind differ from the count; entity, attributes and peer do not."""
    count, low, high = known(histogram("h", "ms", peer_service="pay"))
    assert [one.metric for one in (count, low, high)] == ["h.count", "h.p50", "h.p99"]
    assert [one.unit for one in (count, low, high)] == ["1", "ms", "ms"]
    for one in (low, high):
        assert (one.entity, one.attributes, one.peer) == (count.entity, count.attributes, count.peer)


@pytest.mark.parametrize(("spare", "expected"), [(0, ["h.count", "h.p50", "h.p99"]), (-1, ["h.count"])])
def test_a_derived_series_may_be_as_long_as_any(spare: int, expected: list[str]) -> None:
    """An identity that is longer than the limit, because of its unit, is not taken; the count is."""
    [plain] = known(histogram("h"))[:1]
    room = MAX_IDENTITY_CHARS - (plain.chars - len("h.count") - len("1")) - len("h.p50")
    assert [one.metric for one in known(histogram("h", "u" * (room - spare)))] == expected


def test_a_metric_without_a_name_is_refused() -> None:
    """With a reason, and nothing is derived from it."""
    memory = WireMemory()
    batch = otlp_walker.decode([request(histogram(""), gauge(""))], memory, NOW)
    assert [(entry.reason, entry.items) for entry in batch.rejected] == [(DeadLetterReason.MISSING_FIELD, 2)]
    assert (len(batch), batch.difference) == (0, 0)


def test_names_are_read_before_any_series_is_added() -> None:
    """A record that turns out broken must leave nothing in the table."""
    body, memory = request(gauge("a", "s", route="/x"), histogram("b")), WireMemory()
    names = IdentityNames(body, taped([body]), memory)
    assert names.read(np.arange(2))
    assert len(memory.table) == 0
    assert names.add().tolist() == [0, 1]
    assert [memory.table.identity(series).metric for series in range(2)] == ["a", "b" + COUNT]
    assert [memory.table.identity(series).unit for series in range(2)] == ["s", "1"]


@pytest.mark.parametrize(
    ("old", "new"), [(b"route", b"ro\xfft\xff"), (b"cart", b"\xffart"), (b"latency", b"laten\xff\xff")]
)
def test_bytes_that_are_no_text_name_nobody(old: bytes, new: bytes) -> None:
    """In an attribute, the resource or the name; the walk itself does not look at them."""
    body, memory = request(gauge("latency", route="/x")).replace(old, new), WireMemory()
    assert not IdentityNames(body, taped([body]), memory).read(np.arange(1))
    assert len(memory.table) == 0


def test_no_point_needs_no_name() -> None:
    """A poll of known series."""
    names = IdentityNames(b"", taped([b""]), WireMemory())
    assert names.read(np.empty(0, np.int64))
    assert names.add().tolist() == []
