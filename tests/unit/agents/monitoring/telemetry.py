"""A small seeded estate's telemetry as records of Kafka, for tests."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from aiops.model.records import FetchedRecords, OutRecord, TopicPartition
from aiops.settings import DataPlane, Kafka, Settings
from aiops.topic_names import Topics
from detectors.wire.arrow_encoding import PointEncoder
from detectors.wire.identity import SeriesIdentity
from detectors.wire.series import SeriesTable

SECOND = 1_000_000_000
T0 = 1_800_000_000 * SECOND
READ = T0 + 86_400 * SECOND
"""When the records of a story are read: after all of them were written."""
SERVICES = ("shop", "pay", "stock", "mail", "ship")


def settings(slots: int = 1, **data: object) -> Settings:
    """Settings of a small runtime."""
    return Settings(
        kafka=Kafka(partitions=slots), data=DataPlane.model_validate({"series_limit": 4000, **data}), topics=Topics()
    )


def metrics(second: int, rng: random.Random, sick: Sequence[str] = ()) -> bytes:
    """One export request with a gauge, a counter and a histogram of every service."""
    request = ExportMetricsServiceRequest()
    at = T0 + second * SECOND
    for service in SERVICES:
        resource = request.resource_metrics.add()
        attribute = resource.resource.attributes.add()
        attribute.key, attribute.value.string_value = "service.name", service
        scope = resource.scope_metrics.add()
        gauge = scope.metrics.add(name="cpu.utilization", unit="1")
        worse = 30.0 if service in sick else 0.0
        gauge.gauge.data_points.add(time_unix_nano=at, as_double=0.3 + 0.02 * rng.random() + worse)
        queue = scope.metrics.add(name="queue.length")
        queue.gauge.data_points.add(time_unix_nano=at, as_double=10 + rng.random() + 100 * worse)
        total = scope.metrics.add(name="requests")
        total.sum.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
        total.sum.is_monotonic = True
        total.sum.data_points.add(time_unix_nano=at, as_int=second * 100, start_time_unix_nano=T0)
        spread = scope.metrics.add(name="duration", unit="ms")
        spread.histogram.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
        spread.histogram.data_points.add(
            time_unix_nano=at, count=10, bucket_counts=[5, 4, 1], explicit_bounds=[10, 100], sum=200.0
        )
    return request.SerializeToString()


def logs(second: int, rng: random.Random, sick: Sequence[str] = ()) -> bytes:
    """One export request with a few lines of every service."""
    request = ExportLogsServiceRequest()
    for service in SERVICES:
        resource = request.resource_logs.add()
        attribute = resource.resource.attributes.add()
        attribute.key, attribute.value.string_value = "service.name", service
        scope = resource.scope_logs.add()
        for _ in range(rng.randrange(4)):
            line = scope.log_records.add(time_unix_nano=T0 + second * SECOND, severity_number=9)
            line.body.string_value = f"handled order {rng.randrange(10**6)} for user{rng.randrange(99)}@example.org"
        if service in sick:
            line = scope.log_records.add(time_unix_nano=T0 + second * SECOND, severity_number=17)
            line.body.string_value = "connection to the ledger refused"
    return request.SerializeToString()


def spans(second: int, rng: random.Random, sick: Sequence[str] = ()) -> bytes:
    """One export request with traces through all services."""
    request = ExportTraceServiceRequest()
    resources = {}
    for service in SERVICES:
        resource = request.resource_spans.add()
        attribute = resource.resource.attributes.add()
        attribute.key, attribute.value.string_value = "service.name", service
        resources[service] = resource.scope_spans.add()
    for _ in range(3):
        trace, parent = rng.randbytes(16), b""
        for service in SERVICES:
            own = rng.randbytes(8)
            start = T0 + second * SECOND
            span = resources[service].spans.add(
                trace_id=trace, span_id=own, parent_span_id=parent, kind=2, name="op", start_time_unix_nano=start
            )
            span.end_time_unix_nano = start + rng.randrange(1, 90) * 1_000_000
            span.status.code = Status.STATUS_CODE_ERROR if service in sick else Status.STATUS_CODE_UNSET
            parent = own
    return request.SerializeToString()


def arrow(second: int, rng: random.Random) -> bytes:
    """One Arrow record with several steps of some series."""
    table = SeriesTable()
    names = [SeriesIdentity(service, "disk", (("device", str(n)),)) for service in SERVICES for n in range(3)]
    series = np.tile(table.add(names), 4)
    at = T0 + second * SECOND + np.repeat(np.arange(4), len(names)) * SECOND
    value = np.array([rng.random() for _ in series])
    return PointEncoder(table).encode(series, at.astype(np.int64), value)


@dataclass
class Log:
    """A Kafka of one process: records by partition, and the order in which a poll would give them."""

    slots: int = 1
    parts: dict[TopicPartition, list[tuple[bytes, int]]] = field(default_factory=dict)
    order: list[tuple[TopicPartition, int]] = field(default_factory=list)

    def append(self, topic: str, partition: int, value: bytes, at: int) -> None:
        source = TopicPartition(topic, partition)
        found = self.parts.setdefault(source, [])
        self.order.append((source, len(found)))
        found.append((value, at))

    def send(self, records: Sequence[OutRecord], at: int) -> None:
        for record in records:
            assert record.partition is not None
            self.append(record.topic, record.partition, record.value, at)

    def fetched(self, source: TopicPartition, begin: int, end: int) -> FetchedRecords:
        found = self.parts[source][begin:end]
        return FetchedRecords(
            source,
            list(range(begin, begin + len(found))),
            [value for value, _ in found],
            [None] * len(found),
            [at for _, at in found],
        )

    def polls(self, cuts: set[int]) -> list[list[FetchedRecords]]:
        """The whole order as polls that end at the places given; neighbours of one partition are one fetch."""
        polls: list[list[FetchedRecords]] = [[]]
        for place, (source, offset) in enumerate(self.order):
            if place in cuts and polls[-1]:
                polls.append([])
            last = polls[-1][-1] if polls[-1] else None
            if last is not None and last.source == source:
                polls[-1][-1] = self.fetched(source, last.offsets[0], offset + 1)
            else:
                polls[-1].append(self.fetched(source, offset, offset + 1))
        return polls


def story(seed: int, seconds: int = 400, slots: int = 1, junk: Sequence[bytes] = ()) -> Log:
    """Telemetry of an estate in which ``pay`` is sick for a while; ``junk`` lies among the good records."""
    rng = random.Random(seed)
    log = Log(slots)
    topics = Topics()
    waiting = list(junk)
    for second in range(0, seconds, 5):
        sick = ("pay",) if seconds * 0.7 < second < seconds * 0.8 else ()
        at = T0 + second * SECOND + SECOND // 2
        made = [
            (topics.otlp_metrics, metrics(second, rng, sick)),
            (topics.otlp_logs, logs(second, rng, sick)),
            (topics.otlp_spans, spans(second, rng, sick)),
        ]
        if slots == 1:
            made.append((topics.metrics_arrow, arrow(second, rng)))
        if second % 50 == 45:
            made.append((topics.otlp_metrics, metrics(second - 5, rng)))
        if waiting:
            made.append((topics.telemetry[rng.randrange(4)], waiting.pop()))
        for topic, value in made:
            log.append(topic, rng.randrange(slots), value, at)
    return log
