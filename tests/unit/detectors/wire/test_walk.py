"""The walk over requests of metrics, as it lies on the tape."""

from __future__ import annotations

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric

from detectors.wire import tape as t
from detectors.wire.hashing import SEED
from tests.unit.detectors.wire.taped import AT, points, record, taped, walked

DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
NONE = AggregationTemporality.AGGREGATION_TEMPORALITY_UNSPECIFIED


def gauge(name: str = "cpu", many: int = 1) -> Metric:
    made = Metric(name=name, unit="1")
    for place in range(many):
        made.gauge.data_points.add(time_unix_nano=AT + place, as_double=place)
    return made


def summed(temporality: int, *, monotonic: bool) -> Metric:
    made = Metric(name="calls")
    made.sum.aggregation_temporality = temporality  # type: ignore[assignment]
    made.sum.is_monotonic = monotonic
    made.sum.data_points.add(time_unix_nano=AT, as_int=1)
    return made


def distribution(form: str, temporality: int = CUMULATIVE) -> Metric:
    made = Metric(name="latency")
    held = getattr(made, form)
    if form != "summary":
        held.aggregation_temporality = temporality
    held.data_points.add(time_unix_nano=AT, count=3)
    return made


@pytest.mark.parametrize(
    ("metric", "kind", "form"),
    [
        (gauge(), t.GAUGE, t.NUMBER),
        (summed(DELTA, monotonic=True), t.DELTA, t.NUMBER),
        (summed(DELTA, monotonic=False), t.DELTA, t.NUMBER),
        (summed(CUMULATIVE, monotonic=True), t.CUMULATIVE, t.NUMBER),
        (summed(CUMULATIVE, monotonic=False), t.UPDOWN, t.NUMBER),
        (distribution("histogram"), t.CUMULATIVE, t.EXPLICIT),
        (distribution("histogram", DELTA), t.DELTA, t.EXPLICIT),
        (distribution("exponential_histogram"), t.CUMULATIVE, t.EXPONENTIAL),
        (distribution("summary"), t.CUMULATIVE, t.SUMMARY),
    ],
)
def test_kind_and_form_follow_the_data(metric: Metric, kind: int, form: int) -> None:
    """Histograms count observations, and so does what a summary accumulates."""
    tape = taped([record(metric)])
    assert tape.metrics[0, [t.KIND, t.FORM]].tolist() == [kind, form]
    assert points(tape) == 1


@pytest.mark.parametrize("form", ["sum", "histogram", "exponential_histogram"])
def test_data_without_temporality_is_not_taken(form: str) -> None:
    """Nobody can say whether its numbers add up."""
    metric = summed(NONE, monotonic=True) if form == "sum" else distribution(form, NONE)
    tape = taped([record(metric)])
    assert points(tape) == 0
    assert tape.rejected[0, t.UNSUPPORTED] == tape.items[0] == 1


def test_ranges_hold_the_bytes_of_names() -> None:
    """Identities are read from them when a series is new."""
    body = record(gauge("system.cpu.utilization"))
    tape = taped([b"", body])
    row = tape.metrics[0].tolist()
    assert body[row[t.NAME] : row[t.NAME_END]] == b"system.cpu.utilization"
    assert body[row[t.UNIT] : row[t.UNIT_END]] == b"1"
    assert row[t.RECORD] == 1
    assert b"service.name" in body[row[t.RESOURCE] : row[t.RESOURCE_END]]


def test_hashes_tell_series_apart_by_all_that_names_them() -> None:
    """And by nothing else: neither value nor time."""
    unit = gauge("cpu")
    unit.unit = "s"
    kinds = [gauge("cpu"), gauge("mem"), unit, summed(DELTA, monotonic=True), summed(CUMULATIVE, monotonic=True)]
    found = taped([record(*kinds), record(gauge("cpu"), service="pay"), record(*kinds)])
    hashes = found.hashes[: points(found)].tolist()
    assert len(set(hashes)) == 6
    assert hashes[:5] == hashes[6:]


def test_a_metric_without_data_gives_nothing() -> None:
    """Some exporters send it."""
    tape = taped([record(Metric(name="empty"), gauge())])
    assert (points(tape), tape.items[0]) == (1, 1)


def test_a_foreign_record_leaves_nothing_and_its_neighbours_stay() -> None:
    """Its points were on the tape when the broken byte came."""
    good, bad = record(gauge(many=3)), record(gauge(many=3), gauge("late"))
    broken = bad[:-1]
    tape = taped([good, broken, good])
    assert tape.status.tolist() == [t.OK, t.FOREIGN, t.OK]
    assert tape.items.tolist() == [3, 0, 3]
    assert points(tape) == 6
    assert tape.metrics[: tape.cursor[t.METRICS], t.RECORD].tolist() == [0, 2]


@pytest.mark.parametrize("part", ["resource", "scope", "data"])
def test_a_message_in_two_parts_is_foreign(part: str) -> None:
    """The walk leaves merging the parts to protobuf."""
    one, other = ExportMetricsServiceRequest(), ExportMetricsServiceRequest()
    for made in (one, other):
        made.resource_metrics.add()
    body = gauge().SerializeToString()
    twice = {
        "resource": b"\x0a\x00\x0a\x00",
        "scope": b"\x12\x04\x0a\x00\x0a\x00",
        "data": b"\x12" + bytes([2 + 2 * len(body)]) + b"\x12" + bytes([2 * len(body)]) + body * 2,
    }[part]
    tape = taped([b"\x0a" + bytes([len(twice)]) + twice])
    assert tape.status[0] == t.FOREIGN


def test_unknown_fields_are_passed_over() -> None:
    """A newer protocol has more of them."""
    unknown = b"\xf8\x07\x01" + b"\xfa\x07\x02ab" + b"\xf9\x07" + bytes(8) + b"\xfd\x07" + bytes(4)
    tape = taped([unknown + record(gauge()) + unknown])
    assert (tape.status[0], points(tape)) == (t.OK, 1)


@pytest.mark.parametrize("many", [0, 1, 5])
def test_a_tape_that_is_too_short_says_so(many: int) -> None:
    """The caller begins again with a longer one."""
    body = [record(gauge(many=6))]
    assert not walked(body, t.make_tape(1, many, AT + 10**12, seed=SEED))
    assert walked(body, t.make_tape(1, 6, AT + 10**12, seed=SEED))


def test_metrics_can_fill_a_tape_without_points() -> None:
    """A metric takes a row even where it has no data point."""
    empty = [Metric(name=f"m{place}") for place in range(80)]
    for metric in empty:
        metric.gauge.SetInParent()
    assert not walked([record(*empty)], t.make_tape(1, 0, AT, seed=SEED))
    assert walked([record(*empty)], t.make_tape(1, 32, AT, seed=SEED))
