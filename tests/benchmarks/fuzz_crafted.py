"""Records made by hand against each format: bombs, depth, lengths, nested resources, huge attributes, equal hashes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from tests.unit.detectors.wire.requests import NOW

KB, MB = 1 << 10, 1 << 20
_LENGTHS = (0, 1, 127, 128, 2**14, 2**21 - 1, 2**28, 2**31 - 1, 2**31, 2**32 - 1, 2**35, 2**53, 2**63 - 1, 2**64 - 1)
_TEXT = {"stringValue": "x"}


def varint(number: int) -> bytes:
    """As protobuf writes it."""
    made = bytearray()
    while number >= 0x80:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


def field(number: int, content: bytes, declared: int | None = None) -> bytes:
    """A field with bytes; ``declared``: another length than theirs."""
    return varint(number << 3 | 2) + varint(len(content) if declared is None else declared) + content


def nested(numbers: list[int], content: bytes) -> bytes:
    """A field in a field in a field; the first number is the outermost."""
    for number in reversed(numbers):
        content = field(number, content)
    return content


# ------------------------------------------------------------------------------------------------------- protobuf


def protobuf() -> Iterator[bytes]:
    """Against every OTLP request: 1, 2, 2 is resource, scope, and metric, line or span in all three."""
    for length in _LENGTHS:
        for depth in range(5):
            yield nested([1, 2, 2][:depth], field(2, b"abc", declared=length))
        yield nested([1, 1, 1], field(1, b"k", declared=length))
    for depth in (1, 10, 99, 100, 101, 1000, 20_000):
        yield nested([1, 1, 1], field(1, b"k") + field(2, nested([5, 1] * depth, b"")))  # arrays in an attribute
        yield nested([1, 1, 1], field(1, b"k") + field(2, nested([6, 1, 2] * min(depth, 5000), b"")))  # maps
        yield b"".join(varint(number << 3 | 3) for number in range(1, depth + 1))  # groups without an end
        yield b"\x0b" * depth + b"\x0c" * depth
        yield nested([1] * depth, b"")
        yield nested([1, 2, 2] * depth, b"")
    for wire in range(8):
        for number in (0, 1, 2, 5, 7, 9, 11, 15, 2**28, 2**29 - 1):
            yield nested([1, 2, 2], varint(number << 3 | wire) + b"\x01" * 9)
    for many in (1000, 200_000):
        yield field(1, b"") * many  # resources without anything
        yield field(1, field(2, b"") * many)  # scopes
        yield field(1, field(2, field(2, b"") * many))  # metrics, lines, spans
        yield field(1, field(1, field(1, b"") * many))  # attributes
        yield field(1, field(1, field(1, field(1, b"k") + field(2, field(1, b"v"))) * many))  # one attribute
        yield field(1, b"".join(field(1, _attribute(b"%d" % one, b"v")) for one in range(min(many, 20_000))))
    for size in (10 * KB, MB, 5 * MB):
        yield field(1, field(1, field(1, _attribute(b"service.name", b"x" * size))))
        yield field(1, field(1, field(1, _attribute(b"k" * size, b"v"))))
        yield nested([1, 2, 2], field(1, b"n" * size))
        yield b"\0" * size
        yield b"\xff" * size
        yield b"\x80" * size
    for end in range(1, 12):
        yield b"\x0a" + b"\x80" * end + b"\x01"
        yield b"\x0a" + b"\xff" * end


def _attribute(key: bytes, value: bytes) -> bytes:
    return field(1, key) + field(2, field(1, value))


def distributions() -> Iterator[bytes]:
    """Histograms, exponential histograms and summaries whose parts do not fit."""
    for counts, bounds in ((0, 5), (5, 0), (3, 7), (7, 3), (1, 0), (100_000, 99_999), (300_000, 5), (5, 300_000)):
        for value in (0, 1, 2**64 - 1):
            made, metric = _metric()
            point = metric.histogram.data_points.add(time_unix_nano=NOW, count=counts)
            point.bucket_counts.extend([value] * counts)
            point.explicit_bounds.extend(range(bounds))
            yield made.SerializeToString()
    for scale in (-(2**31), -100, -10, 0, 20, 30, 2**31 - 1):
        for offset in (-(2**31), -1, 0, 2**31 - 1):
            made, metric = _metric()
            wide = metric.exponential_histogram.data_points.add(time_unix_nano=NOW, scale=scale, count=2**64 - 1)
            wide.positive.offset = wide.negative.offset = offset
            wide.positive.bucket_counts.extend([1, 2**64 - 1, 0, 5])
            wide.negative.bucket_counts.extend([0] * 50_000)
            wide.zero_count, wide.zero_threshold = 2**63, float("inf")
            yield made.SerializeToString()
    for quantile in (-1.0, 0.0, 0.5, 1.0, 2.0, float("nan"), float("inf")):
        made, metric = _metric()
        parts = metric.summary.data_points.add(time_unix_nano=NOW, count=2**64 - 1, sum=float("nan"))
        for _ in range(5000):
            parts.quantile_values.add(quantile=quantile, value=quantile)
        yield made.SerializeToString()


def _metric() -> tuple[ExportMetricsServiceRequest, Any]:
    made = ExportMetricsServiceRequest()
    resource = made.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "crafted"
    return made, resource.scope_metrics.add().metrics.add(name="m")


def equal_hashes() -> Iterator[bytes]:
    """Many names that would meet in one place of a table that only looked at some of their bits."""
    for step in (1, 64, 4096, 1 << 20):
        made = ExportMetricsServiceRequest()
        scope = made.resource_metrics.add().scope_metrics.add()
        for number in range(3000):
            point = scope.metrics.add(name=f"m{number * step}").gauge.data_points.add(time_unix_nano=NOW)
            point.as_int = number
        yield made.SerializeToString()


# ----------------------------------------------------------------------------------------------------------- JSON


def documents() -> Iterator[bytes]:
    """Against OTLP JSON and the control topics."""
    outer = ("resourceMetrics", "resourceLogs", "resourceSpans", "data", "alerts")
    for name in outer:
        for depth in (10, 100, 1000, 100_000):
            yield b'{"%s":' % name.encode() + b"[" * depth
            yield b'{"%s":' % name.encode() + b"[" * depth + b"]" * depth + b"}"
            yield b'{"%s":' % name.encode() + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
        for number in (
            "1e999",
            "-1e999",
            "1e-999",
            "9" * 5000,
            "0." + "9" * 5000,
            "NaN",
            "-Infinity",
            "01",
            "+1",
            "1.",
        ):
            yield f'{{"{name}":[{number}]}}'.encode()
            value = f'{{"key":"a","value":{{"intValue":{number}}}}}'
            yield f'{{"{name}":[{{"resource":{{"attributes":[{value}]}}}}]}}'.encode()
        for text in ("\\ud800", "\\udc00\\ud800", "\\u0000", "\\", "\\u12", "\x00", "\\x", "\\/" * 9000):
            yield f'{{"{name}":"{text}","{text}":1}}'.encode()
        for many in (1000, 100_000):
            yield json.dumps({name: [{}] * many}).encode()
            yield json.dumps({name: [{"resource": {"attributes": [{"key": "k", "value": _TEXT}] * many}}]}).encode()
            yield json.dumps({name: {str(number): 0 for number in range(many)}}).encode()
        yield f'{{"{name}":[],"{name}":[{{}}]}}'.encode()
        yield f'{{"{name}":[]}}trailing'.encode()
        yield f'{{"{name}":['.encode() + b'"' + b"a" * 5 * MB + b'"]}'
    yield from (
        b"{",
        b"{}",
        b'{"',
        b"{" * 100_000,
        b'{"a":}',
        b"{\xff}",
        b"\xef\xbb\xbf{}",
        b'{"a"' + b" " * 5 * MB + b":1}",
    )


# ---------------------------------------------------------------------------------------------------------- Arrow


def columns() -> Iterator[bytes]:
    """Against Arrow: bombs, forged sizes, and streams of many parts."""
    for codec in ("zstd", "lz4"):
        for rows in (1000, 100_000, 5_000_000):
            yield stream(_equal(rows), codec)
    for rows in (1, 50_000):
        for text in (1, 100_000):
            long = pa.DictionaryArray.from_arrays(np.zeros(rows, np.int8), pa.array(["x" * text], pa.large_utf8()))
            for name in ("entity", "metric", "attributes", "unit", "peer"):
                yield stream({**_equal(rows), name: long})
    for depth in (1, 50, 500):
        yield stream(
            {**_equal(3), "attributes": pa.array([json.dumps({"a": "b"})[:-1] + "," + '"c":' + "[" * depth] * 3)}
        )
    sound = stream(_equal(100))
    packed = stream(_equal(100), "zstd")
    for record in (sound, packed):
        for place in range(0, min(len(record), 1400), 28):
            for number in (-1, 2**31 - 1):
                yield record[:place] + number.to_bytes(4, "little", signed=True) + record[place + 4 :]
        yield record * 50
        yield record[:-8] * 3
    yield _parts(3000)


def stream(held: dict[str, Any], codec: Any = None) -> bytes:
    """An IPC stream of one record batch."""
    batch = pa.RecordBatch.from_pydict(held)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def _equal(rows: int) -> dict[str, Any]:
    name = pa.DictionaryArray.from_arrays(np.zeros(rows, np.int8), pa.array(["crafted"]))
    return {"ts": np.full(rows, NOW), "value": np.zeros(rows), "entity": name, "metric": name}


def _parts(many: int) -> bytes:
    """A stream of many record batches of no rows."""
    batch = pa.RecordBatch.from_pydict(_equal(0))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        for _ in range(many):
            writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def crafted(name: str) -> list[bytes]:
    """All crafted records of a format."""
    if name.endswith("-json") or name == "control":
        return list(documents())
    if name == "arrow":
        return list(columns())
    own = [*distributions(), *equal_hashes()] if name == "metrics" else []
    return [*protobuf(), *own]
