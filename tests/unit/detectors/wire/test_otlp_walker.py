from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_DELTA

from aiops.model.deadletters import DeadLetterReason
from detectors.wire import otlp_walker
from detectors.wire.batch import WireSettings
from detectors.wire.identity import SeriesIdentity, SeriesKind
from detectors.wire.memory import WireMemory
from tests.unit.detectors.wire import oracle
from tests.unit.detectors.wire.plain_batches import agree, plain
from tests.unit.detectors.wire.requests import NOW, request


def compare(polls: list[list[bytes]]) -> None:
    """The walker and protobuf say the same of every poll, each with its own memory."""
    walked, parsed = WireMemory(), oracle.OracleMemory()
    for records in polls:
        fast = otlp_walker.decode(records, walked, NOW)
        slow = oracle.decode(records, parsed, NOW)
        agree(plain(fast, walked.table), plain(slow, parsed.table))
        assert fast.difference == slow.difference == 0


@given(seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_agrees_with_protobuf_on_requests_of_every_kind(seed: int) -> None:
    """Walker and protobuf give the same points, series, gaps and rejections, also over several polls."""
    rng = random.Random(seed)
    compare([[request(rng).SerializeToString() for _ in range(rng.randrange(1, 6))] for _ in range(2)])


@given(seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_broken_bytes_harm_nothing_but_their_record(seed: int) -> None:
    """Mutated and truncated records are decoded as protobuf does it, or rejected whole; the good ones go on."""
    rng = random.Random(seed)
    good = request(rng).SerializeToString()
    broken = bytearray(request(rng).SerializeToString() or b"\n\x00")
    for _ in range(rng.randrange(1, 4)):
        broken[rng.randrange(len(broken))] = rng.randrange(256)
    memory, parsed = WireMemory(), oracle.OracleMemory()
    records = [good, bytes(broken[: rng.randrange(1, len(broken) + 1)]), rng.randbytes(rng.randrange(60)), good]
    batch = otlp_walker.decode(records, memory, NOW)
    assert batch.difference == 0
    for record, value in enumerate(records):
        if oracle.parse_request(value) is not None:
            assert DeadLetterReason.UNDECODABLE not in {r.reason for r in batch.rejected if r.record == record}
    reference = oracle.decode(records, parsed, NOW)
    assert batch.items[0] == reference.items[0]
    assert batch.items[3] == reference.items[3]


@given(seed=st.integers(0, 2**32), broken=st.booleans())
@settings(max_examples=80, deadline=None)
def test_numbers_of_series_do_not_depend_on_how_the_input_is_cut(seed: int, broken: bool) -> None:  # noqa: FBT001
    """Gauges, histograms with what is derived from them, and broken records: any cut into polls numbers them alike."""
    rng = random.Random(seed)
    records = [request(rng).SerializeToString() for _ in range(rng.randrange(2, 7))]
    if broken:
        place = rng.randrange(len(records))
        spoilt = bytearray(records[place] or b"\n\x00")
        spoilt[rng.randrange(len(spoilt))] = rng.randrange(256)
        records[place] = bytes(spoilt)
    cuts = [0, *sorted(rng.sample(range(1, len(records)), rng.randrange(len(records)))), len(records)]
    whole, parts = WireMemory(), WireMemory()
    expected = otlp_walker.decode(records, whole, NOW)
    found = [otlp_walker.decode(records[begin:end], parts, NOW) for begin, end in pairwise(cuts)]
    assert parts.to_arrays().keys() == whole.to_arrays().keys()
    for name, array in whole.to_arrays().items():
        assert array.tobytes() == parts.to_arrays()[name].tobytes(), name
    assert expected.series.tolist() == [number for batch in found for number in batch.series.tolist()]
    assert expected.value.tolist() == [value for batch in found for value in batch.value.tolist()]


def gauge(name: str, *values: float, **attributes: str) -> ExportMetricsServiceRequest:
    """A request with one gauge of the service "cart"."""
    made = ExportMetricsServiceRequest()
    resource_metrics = made.resource_metrics.add()
    resource_metrics.resource.attributes.add(key="service.name").value.string_value = "cart"
    metric = resource_metrics.scope_metrics.add().metrics.add(name=name)
    for step, value in enumerate(values):
        point = metric.gauge.data_points.add(time_unix_nano=NOW + step, as_double=value)
        for key, text in attributes.items():
            point.attributes.add(key=key).value.string_value = text
    return made


def test_a_gauge_becomes_points_of_its_series() -> None:
    """Times, values and identity come out as they went in."""
    memory = WireMemory()
    batch = otlp_walker.decode([gauge("cpu", 1.5, 2.5, core="0").SerializeToString()], memory, NOW)
    assert batch.value.tolist() == [1.5, 2.5]
    assert batch.at.tolist() == [NOW, NOW + 1]
    assert batch.series.tolist() == [0, 0]
    assert memory.table.identity(0) == SeriesIdentity("cart", "cpu", (("core", "0"),), "", SeriesKind.GAUGE)


def test_order_of_attributes_makes_no_new_series() -> None:
    """Two senders that order attributes differently feed one series."""
    memory = WireMemory()
    records = [
        gauge("cpu", 1.0, a="1", b="2").SerializeToString(),
        gauge("cpu", 2.0, b="2", a="1").SerializeToString(),
    ]
    for _ in range(2):
        assert otlp_walker.decode(records, memory, NOW).series.tolist() == [0, 0]
    assert len(memory.table) == 1


def test_fields_in_another_order_mean_the_same() -> None:
    """A resource after its scopes and a name after its points are as good as before them."""
    made = gauge("cpu", 1.0).resource_metrics[0]
    metric = made.scope_metrics[0].metrics[0]
    name = b"\x0a\x03cpu"
    body = metric.SerializeToString().removeprefix(name) + name
    scope = b"\x12" + bytes([len(body)]) + body
    resource = made.resource.SerializeToString()
    inner = b"\x12" + bytes([len(scope)]) + scope + b"\x0a" + bytes([len(resource)]) + resource
    record = b"\x0a" + bytes([len(inner)]) + inner
    compare([[record]])
    memory = WireMemory()
    otlp_walker.decode([record], memory, NOW)
    assert memory.table.identity(0).entity == "cart"


def test_past_the_limit_new_series_are_rejected_and_old_ones_go_on() -> None:
    """SERIES_LIMIT names the places; known series are not touched by it, however often the rest comes."""
    memory = WireMemory(series_limit=1)
    old = gauge("cpu", 1.0).SerializeToString()
    new = gauge("mem", 1.0, 2.0).SerializeToString()
    otlp_walker.decode([old], memory, NOW)
    for _ in range(3):
        batch = otlp_walker.decode([new, old], memory, NOW)
        assert batch.series.tolist() == [0]
        assert [(r.record, r.reason, r.items, r.places) for r in batch.rejected] == [
            (0, DeadLetterReason.SERIES_LIMIT, 2, (0, 1))
        ]
        assert batch.difference == 0


def test_a_record_above_the_limit_is_one_unit() -> None:
    """A huge record is not read at all."""
    memory = WireMemory(settings=WireSettings(max_record_bytes=10))
    batch = otlp_walker.decode([gauge("cpu", 1.0).SerializeToString()], memory, NOW)
    assert [(r.reason, r.items) for r in batch.rejected] == [(DeadLetterReason.TOO_LARGE, 1)]
    assert batch.difference == 0


def test_the_splitting_of_a_poll_changes_nothing() -> None:
    """Records decoded one by one give the same as all at once."""
    rng = random.Random(7)
    records = [request(rng).SerializeToString() for _ in range(40)]
    whole, single = WireMemory(), WireMemory()
    batch = otlp_walker.decode(records, whole, NOW)
    parts = [otlp_walker.decode([record], single, NOW) for record in records]
    assert plain(batch, whole.table)["series"] == [s for part in parts for s in plain(part, single.table)["series"]]
    assert batch.value.tolist() == np.concatenate([part.value for part in parts]).tolist()


def test_a_record_whose_histogram_is_broken_is_rejected_whole() -> None:
    """Its sound gauge gives no point either: a record is taken as one."""
    made = gauge("cpu", 1.0)
    histogram = made.resource_metrics[0].scope_metrics[0].metrics.add(name="h").histogram
    histogram.aggregation_temporality = AGGREGATION_TEMPORALITY_DELTA
    histogram.data_points.add(count=7, time_unix_nano=NOW)
    record = made.SerializeToString()
    record = record.replace(b"\x21\x07\x00\x00\x00\x00\x00\x00\x00", b"\x4a\x07\x0a\x05\xff\xff\xff\xff\xff")
    batch = otlp_walker.decode([record], WireMemory(), NOW)
    assert [(r.reason, r.items) for r in batch.rejected] == [(DeadLetterReason.UNDECODABLE, 1)]
    assert (len(batch), batch.difference) == (0, 0)


@pytest.mark.parametrize("records", [[], [b""], [b"", b""]])
def test_nothing_gives_nothing(records: list[bytes]) -> None:
    """An empty poll and empty requests have no units."""
    batch = otlp_walker.decode(records, WireMemory(), NOW)
    assert len(batch) == 0
    assert batch.items.tolist() == [0] * len(records)
