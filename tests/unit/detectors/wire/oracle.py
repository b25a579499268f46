"""OTLP metrics through protobuf objects, one at a time: what the compiled walk must agree with.

Each data point becomes one primary value and perhaps further ones: a histogram ``m`` the count ``m.count`` with the
quantiles ``m.p50`` and ``m.p99`` of its interval, a summary ``m.count``, ``m.mean`` and the quantiles that it carries.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    SummaryDataPoint,
)

from aiops.model.deadletters import DeadLetterReason
from detectors.wire.batch import EARLIEST, BatchAccount, PointBatch, PointRows, Rejections, assemble
from detectors.wire.entity_names import metric_scope
from detectors.wire.identity import Origin, SeriesIdentity, SeriesKind, attributes_of, origin_of, point_identity
from detectors.wire.memory import WireMemory
from detectors.wire.quantiles import quantile_suffix
from detectors.wire.series import REFUSED
from tests.unit.detectors.wire.oracle_buckets import (
    MAX_BUCKETS,
    MAX_COUNT,
    QUANTILES,
    BucketMemory,
    Buckets,
    ExplicitBuckets,
    ExponentialBuckets,
    NoBuckets,
    explicit,
    quantiles,
)
from tests.unit.detectors.wire.oracle_buckets import (
    Point as Last,
)

Point = NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint | SummaryDataPoint
_Point = TypeVar("_Point", NumberDataPoint, HistogramDataPoint, ExponentialHistogramDataPoint, SummaryDataPoint)
_MOST = (1 << 63) - 1
_DELTA, _CUMULATIVE = 1, 2


class OracleMemory(WireMemory):
    """As the product's, with the last points of histograms as objects."""

    def __init__(self, series_limit: int = 2_000_000) -> None:
        super().__init__(series_limit)
        self.buckets = BucketMemory()


@dataclass(slots=True)
class Sink:
    """Where the points of a poll go, with its account."""

    memory: OracleMemory
    latest: int
    """The last time that is not FAR_FUTURE, ns."""
    items: npt.NDArray[np.int64]
    rejections: Rejections = field(default_factory=Rejections)
    rows: PointRows = field(default_factory=PointRows)
    gaps: int = 0

    def time_fault(self, at: int) -> DeadLetterReason | None:
        """What is wrong with an event time."""
        if at == 0:
            return DeadLetterReason.NO_TIME
        if at > self.latest:
            return DeadLetterReason.FAR_FUTURE
        return DeadLetterReason.BAD_TIME if at < EARLIEST else None


@dataclass(slots=True)
class MetricReader:
    """Reads the data points of one metric of one record into a sink."""

    sink: Sink
    record: int
    origin: Origin
    metric: Metric
    place: int
    """Position of the next data point within the record."""

    def read(self) -> int:
        """Takes every data point; gives the place after the last."""
        metric = self.metric
        match metric.WhichOneof("data"):
            case "gauge":
                self._each(metric.gauge.data_points, lambda point: self._number(point, SeriesKind.GAUGE))
            case "sum":
                kind = _sum_kind(metric.sum.aggregation_temporality, monotonic=metric.sum.is_monotonic)
                self._each(metric.sum.data_points, lambda point: self._number(point, kind))
            case "histogram":
                kind = _sum_kind(metric.histogram.aggregation_temporality, monotonic=True)
                self._each(metric.histogram.data_points, lambda point: self._histogram(point, kind))
            case "exponential_histogram":
                kind = _sum_kind(metric.exponential_histogram.aggregation_temporality, monotonic=True)
                self._each(metric.exponential_histogram.data_points, lambda point: self._exponential(point, kind))
            case "summary":
                self._each(metric.summary.data_points, self._summary)
            case _:
                pass
        return self.place

    def _each(self, points: Iterable[_Point], read: Callable[[_Point], DeadLetterReason | None]) -> None:
        for point in points:
            if point.flags & 1:
                self.sink.gaps += 1
            elif (reason := read(point)) is not None:
                self.sink.rejections.add(self.record, reason, (self.place,))
            self.place += 1

    def _number(self, point: NumberDataPoint, kind: SeriesKind | None) -> DeadLetterReason | None:
        which = point.WhichOneof("value")
        if kind is None:
            return DeadLetterReason.UNSUPPORTED
        if which is None:
            return DeadLetterReason.MISSING_FIELD
        value = float(getattr(point, which))
        if not math.isfinite(value):
            return DeadLetterReason.NOT_A_NUMBER
        return self._take(point, [(self._identity(point, "", kind), value)])

    def _take(self, point: Point, values: list[tuple[SeriesIdentity, float]]) -> DeadLetterReason | None:
        """Adds the values of one data point; the first is the primary one."""
        at = point.time_unix_nano
        if (fault := self.sink.time_fault(at)) is not None:
            return fault
        series = self.sink.memory.table.add([identity for identity, _ in values]).tolist()
        if series[0] < 0:
            return REFUSED[series[0]]
        for position, (number, (identity, value)) in enumerate(zip(series, values, strict=True)):
            if number >= 0:
                self._append(point, number, identity.kind, value, primary=position == 0)
        return None

    def _append(self, point: Point, series: int, kind: SeriesKind, value: float, *, primary: bool) -> None:
        cumulative = kind in (SeriesKind.CUMULATIVE, SeriesKind.CUMULATIVE_UPDOWN)
        start = point.start_time_unix_nano if cumulative else 0
        rows = self.sink.rows
        rows.series.append(series)
        rows.at.append(point.time_unix_nano)
        rows.value.append(value)
        rows.start.append(start if start <= _MOST else 0)
        rows.record.append(self.record)
        rows.unit.append(int(primary))
        rows.place.append(self.place)

    def _identity(self, point: Point, suffix: str, kind: SeriesKind) -> SeriesIdentity:
        name = self.metric.name + suffix if self.metric.name else ""
        return point_identity(self.origin, name, self.metric.unit, kind=kind, point=attributes_of(point.attributes))

    def _histogram(self, point: HistogramDataPoint, kind: SeriesKind | None) -> DeadLetterReason | None:
        if len(point.bucket_counts) > MAX_BUCKETS:
            return DeadLetterReason.TOO_LARGE
        return self._distribution(point, kind, explicit(list(point.explicit_bounds), list(point.bucket_counts)))

    def _exponential(self, point: ExponentialHistogramDataPoint, kind: SeriesKind | None) -> DeadLetterReason | None:
        positive, negative = point.positive, point.negative
        if len(positive.bucket_counts) + len(negative.bucket_counts) > MAX_BUCKETS:
            return DeadLetterReason.TOO_LARGE
        buckets = ExponentialBuckets(
            scale=point.scale,
            threshold=point.zero_threshold,
            zero=point.zero_count,
            offset=positive.offset,
            positive=tuple(positive.bucket_counts),
            negative_offset=negative.offset,
            negative=tuple(negative.bucket_counts),
        )
        sound = -64 <= point.scale <= 64 and math.isfinite(point.zero_threshold) and point.zero_threshold >= 0
        return self._distribution(point, kind, buckets if sound and sum(buckets.all_counts) <= MAX_COUNT else None)

    def _distribution(
        self,
        point: HistogramDataPoint | ExponentialHistogramDataPoint,
        kind: SeriesKind | None,
        buckets: Buckets | None,
    ) -> DeadLetterReason | None:
        if kind is None:
            return DeadLetterReason.UNSUPPORTED
        if buckets is None:
            return DeadLetterReason.SCHEMA_MISMATCH
        if (fault := self.sink.time_fault(point.time_unix_nano)) is not None:
            return fault
        count = replace(self._identity(point, ".count", kind), unit="1")
        total = point.sum if point.HasField("sum") else math.nan
        now = Last(point.time_unix_nano, _start(point), buckets, float(point.count), total)
        added: Last | None = now
        if kind is SeriesKind.CUMULATIVE:
            series = int(self.sink.memory.table.add([count])[0])
            if series < 0:
                return REFUSED[series]
            added = self.sink.memory.buckets.added(series, now)
        values = [(count, float(point.count))]
        if isinstance(buckets, ExplicitBuckets) and not buckets.bounds:
            values += self._mean(point, added)
        elif added is not None:
            found = quantiles(added.buckets)
            for quantile, value in zip(QUANTILES, found or (), strict=False):
                values.append((self._identity(point, quantile_suffix(quantile), SeriesKind.QUANTILE), value))
        return self._take(point, values)

    def _mean(self, point: Point, added: Last | None) -> list[tuple[SeriesIdentity, float]]:
        if added is None or added.count <= 0 or not math.isfinite(added.sum / added.count):
            return []
        return [(self._identity(point, ".mean", SeriesKind.GAUGE), added.sum / added.count)]

    def _summary(self, point: SummaryDataPoint) -> DeadLetterReason | None:
        entries = [one for one in point.quantile_values if math.isfinite(one.value) and 0 <= one.quantile <= 1]
        if len(entries) > MAX_BUCKETS:
            return DeadLetterReason.TOO_LARGE
        if (fault := self.sink.time_fault(point.time_unix_nano)) is not None:
            return fault
        count = replace(self._identity(point, ".count", SeriesKind.CUMULATIVE), unit="1")
        series = int(self.sink.memory.table.add([count])[0])
        if series < 0:
            return REFUSED[series]
        now = Last(point.time_unix_nano, _start(point), NoBuckets(), float(point.count), point.sum)
        added = self.sink.memory.buckets.added(series, now)
        values = [(count, float(point.count))]
        if point.sum != 0:
            values += self._mean(point, added)
        for entry in entries:
            identity = self._identity(point, quantile_suffix(entry.quantile), SeriesKind.QUANTILE)
            values.append((identity, entry.value))
        return self._take(point, values)


def _start(point: Point) -> int:
    start = point.start_time_unix_nano
    return start if start <= _MOST else 0


def _sum_kind(temporality: int, *, monotonic: bool) -> SeriesKind | None:
    """Kind of a sum; None where it does not say whether its values are changes or totals."""
    if temporality == _DELTA:
        return SeriesKind.DELTA
    if temporality == _CUMULATIVE:
        return SeriesKind.CUMULATIVE if monotonic else SeriesKind.CUMULATIVE_UPDOWN
    return None


def read_request(request: ExportMetricsServiceRequest, record: int, sink: Sink) -> None:
    """Takes a whole parsed request."""
    place = 0
    naming = sink.memory.settings.naming
    for resource_metrics in request.resource_metrics:
        resource = attributes_of(resource_metrics.resource.attributes)
        for scope_metrics in resource_metrics.scope_metrics:
            for metric in scope_metrics.metrics:
                about = metric_scope(metric.name)
                origin = origin_of(resource, naming, scope_metrics.scope.name, about=about)
                place = MetricReader(sink, record, origin, metric, place).read()
    sink.items[record] = place


def parse_request(record: bytes) -> ExportMetricsServiceRequest | None:
    """The request, or None where the bytes are none."""
    try:
        return ExportMetricsServiceRequest.FromString(record)
    except DecodeError:
        return None


def open_sink(records: Sequence[bytes], memory: OracleMemory, received_at: int) -> Sink:
    """An empty sink for a poll."""
    return Sink(memory, received_at + memory.settings.future_ns, np.zeros(len(records), np.int64))


def refuse(sink: Sink, record: int, reason: DeadLetterReason) -> None:
    """Counts a record that could not be split as one unit."""
    sink.items[record] = 1
    sink.rejections.add(record, reason, (0,))


def read_record(value: bytes, record: int, sink: Sink) -> None:
    """Takes one record of protobuf."""
    request = parse_request(value)
    if request is None:
        refuse(sink, record, DeadLetterReason.UNDECODABLE)
    else:
        read_request(request, record, sink)


def decode(records: Sequence[bytes], memory: OracleMemory, received_at: int) -> PointBatch:
    """Points of OTLP protobuf export requests, by protobuf alone."""
    sink = open_sink(records, memory, received_at)
    for record, value in enumerate(records):
        if len(value) > memory.settings.max_record_bytes:
            refuse(sink, record, DeadLetterReason.TOO_LARGE)
        else:
            read_record(value, record, sink)
    return assemble([sink.rows.arrays()], BatchAccount(sink.rejections, sink.gaps, sink.items))
