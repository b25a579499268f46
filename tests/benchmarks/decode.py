"""Points a second from bytes to arrays, by decoder and number of series, without Kafka.

``python -m tests.benchmarks.decode [--series 1000 100000 1000000] [--out FILE.json]``. One core. Beside the decoders:
what pyarrow takes to read the same records without making points (the limit), and the two schemas that were not taken:
one dictionary of whole identities, and a 64-bit key with the identities known before.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from detectors.wire import arrow, logs, metrics, otlp_walker, spans
from detectors.wire.arrow_encoding import PointEncoder
from detectors.wire.batch import WireSettings
from detectors.wire.envelope import Origins
from detectors.wire.hashing import SEED, HashIndex, hash_strings
from detectors.wire.identity import SeriesIdentity
from detectors.wire.memory import WireMemory
from detectors.wire.series import SeriesTable

NOW = 1_700_000_000_000_000_000
POINTS = 8192
METRICS = 20
"""Metrics of an instance; each has ten routes, and three instances make a service."""
Decode = Callable[[Sequence[bytes], WireMemory, int], Any]


def identity(series: int) -> SeriesIdentity:
    """Who the n-th series is."""
    instance = series // 200
    route = (("http.route", f"/api/v1/things/{series % 10}"), ("service.instance.id", f"pod-{instance}-7d9f8b6c5d"))
    return SeriesIdentity(f"service-{instance // 3}", f"http.server.metric_{series % 200 // 10}", route, "ms")


def _gauge(metric: Metric) -> Any:
    return metric.gauge.data_points.add(as_double=1.5)


def otlp(first: int, series: int, at: int, add: Callable[[Metric], Any] = _gauge) -> ExportMetricsServiceRequest:
    """A request as a Collector batches it: a resource an instance, ten points a metric.

    Args:
        first: number of the first series.
        series: how many there are.
        at: time of all points, ns.
        add: adds a data point to a metric.
    """
    made = ExportMetricsServiceRequest()
    for point in range(POINTS):
        number = (first + point) % series
        who = identity(number)
        if number % 200 == 0 or point == 0:
            resource_metrics = made.resource_metrics.add()
            resource = resource_metrics.resource.attributes
            resource.add(key="service.name").value.string_value = who.entity
            resource.add(key="service.instance.id").value.string_value = who.attributes[1][1]
            scope = resource_metrics.scope_metrics.add()
            scope.scope.name = "io.opentelemetry.http"
        if number % 10 == 0 or point == 0:
            metric = scope.metrics.add(name=who.metric, unit=who.unit)
        data = add(metric)
        data.time_unix_nano = at
        data.attributes.add(key="http.route").value.string_value = who.attributes[0][1]
        data.attributes.add(key="http.request.method").value.string_value = "GET"
    return made


def timed(decode: Callable[[bytes], Any], records: list[bytes], repeats: int) -> float:
    """Points a second of the fastest of some passes over the records, one record a poll."""
    best = float("inf")
    for _ in range(repeats):
        begun = time.perf_counter()
        for record in records:
            decode(record)
        best = min(best, time.perf_counter() - begun)
    return len(records) * POINTS / best


def with_memory(decode: Decode, records: list[bytes]) -> tuple[float, float]:
    """Points a second with all series known, and on the first pass, in which all are new."""
    memory = WireMemory()
    begun = time.perf_counter()
    for record in records:
        batch = decode([record], memory, NOW + 10**15)
        assert batch.difference == 0, "a unit ended nowhere or twice"
        assert len(batch) == POINTS, "points are missing"
    first = len(records) * POINTS / (time.perf_counter() - begun)
    return timed(lambda record: decode([record], memory, NOW + 10**15), records, 3), first


def arrow_records(series: int, count: int) -> list[bytes]:
    """Records in which every series comes once before any comes again."""
    table = SeriesTable()
    table.add([identity(number) for number in range(series)])
    encoder, rng = PointEncoder(table), np.random.default_rng(1)
    return [
        encoder.encode(
            ((np.arange(POINTS) + n * POINTS) % series).astype(np.int32),
            np.full(POINTS, NOW + n),
            rng.normal(size=POINTS),
        )
        for n in range(count)
    ]


def other_schemas(series: int, count: int) -> dict[str, tuple[float, float]]:
    """Points a second and bytes a point of the two schemas that were not taken, decoded to series numbers."""
    whole, keyed = [], []
    value = pa.array(np.random.default_rng(1).normal(size=POINTS))
    for n in range(count):
        numbers = ((np.arange(POINTS) + n * POINTS) % series).tolist()
        text = pa.array([json.dumps([i.entity, i.metric, i.attributes, i.unit]) for i in map(identity, numbers)])
        at = pa.array(np.full(POINTS, NOW + n))
        whole.append(_stream({"ts": at, "value": value, "series": text.dictionary_encode()}))
        keyed.append(
            _stream({"ts": at, "value": value, "key": pa.array(np.array(numbers, np.uint64) * 2654435761 + 1)})
        )
    index = HashIndex()

    def read_whole(record: bytes) -> Any:
        with pa.ipc.open_stream(record) as reader:
            column: Any = next(iter(reader)).column(2)
        _, ends, data = column.dictionary.buffers()
        hashes = np.empty(len(column.dictionary), np.uint64)
        ends = np.frombuffer(ends, np.int32, len(hashes) + 1)
        assert hash_strings(np.frombuffer(data, np.uint8), ends, hashes, SEED)
        index.insert(hashes, np.zeros(len(hashes), np.int32))
        return index.find(hashes)[column.indices.to_numpy()]

    def read_keyed(record: bytes) -> Any:
        with pa.ipc.open_stream(record) as reader:
            keys = next(iter(reader)).column(2).to_numpy()
        index.insert(keys, np.zeros(len(keys), np.int32))
        return index.find(keys)

    return {
        "schema: one dictionary": (timed(read_whole, whole, 3), len(whole[0]) / POINTS),
        "schema: 64-bit key": (timed(read_keyed, keyed, 3), len(keyed[0]) / POINTS),
    }


def _stream(columns: dict[str, Any]) -> bytes:
    batch = pa.RecordBatch.from_pydict(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def _pyarrow_only(record: bytes) -> Any:
    with pa.ipc.open_stream(record) as reader:
        return list(reader)


def measured(series: int) -> list[dict[str, Any]]:
    """All rows of the table for one number of series."""
    count = min(max(16, -(-series // POINTS)), 128)
    rows: list[dict[str, Any]] = []

    def add(name: str, warm: float, first: float | None, record_bytes: float) -> None:
        row = {
            "series": series,
            "decoder": name,
            "points_per_s": warm,
            "first_pass_per_s": first,
            "bytes_per_point": record_bytes,
        }
        rows.append(row)
        shown = "" if first is None else f"{first / 1e6:8.2f}"
        print(f"{series:>9,} {name:<24} {warm / 1e6:8.2f} {1e9 / warm:8.1f} {shown:>8} {record_bytes:8.1f}", flush=True)

    records = arrow_records(series, count)
    add("Arrow", *with_memory(arrow.decode, records), len(records[0]) / POINTS)
    add("pyarrow only (limit)", timed(_pyarrow_only, records, 3), None, len(records[0]) / POINTS)
    for name, (speed, size) in other_schemas(series, min(count, 32)).items():
        add(name, speed, None, size)
    requests = [otlp(n * POINTS, series, NOW + n) for n in range(count)]
    records = [request.SerializeToString() for request in requests]
    add("OTLP walker", *with_memory(otlp_walker.decode, records), len(records[0]) / POINTS)
    texts = [json_format.MessageToJson(request, indent=None).encode() for request in requests[:2]]
    add("OTLP JSON", *with_memory(metrics.decode_otlp, texts), len(texts[0]) / POINTS)
    for name, decode in (("logs", logs.decode), ("spans", spans.decode)):
        records = _rows(name, min(series, 40_000))
        again = partial(_decode_rows, decode, Origins(WireSettings()))
        add(f"OTLP {name}", timed(again, records, 3), None, len(records[0]) / POINTS)
    return rows


def _decode_rows(decode: Callable[..., Any], origins: Origins, record: bytes) -> Any:
    return decode([record], NOW + 10**15, None, origins)


def _rows(encoding: str, series: int) -> list[bytes]:
    from tests.benchmarks.throughput_rows import RowRecords  # noqa: PLC0415 (it takes POINTS from here)

    return list(RowRecords(series, encoding).timed(8 * POINTS))


def main() -> None:
    """Prints the table and writes JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--out", type=Path, default=Path("results/decode.json"))
    asked = parser.parse_args()
    with_memory(otlp_walker.decode, [otlp(0, 100, NOW).SerializeToString()])
    with_memory(arrow.decode, arrow_records(100, 1))
    print(f"{'series':>9} {'decoder':<24} {'M/s':>8} {'ns/point':>8} {'new M/s':>8} {'bytes':>8}")
    rows = [row for series in asked.series for row in measured(series)]
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
