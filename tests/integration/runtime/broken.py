"""Input that is sound, input that is broken in one known way, and bytes that nobody meant, for each topic."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pyarrow as pa
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from aiops.model import cloudevents
from aiops.model.deadletters import DeadLetterReason as Reason
from aiops.model.entities import Item
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from aiops.model.prose import Prose
from aiops.model.reports import Change, Ticket
from aiops.model.times import rfc3339
from detectors import rows

SECOND = 1_000_000_000
Broken = tuple[Reason, bytes]
_LATER = 3 * 3600 * SECOND
_NOT_JSON_NOT_PROTOBUF = b"\xff\xff\xff what is this"
_AS_JSON = b'{"resourceMetrics": [{"resource": 7}], "resourceLogs": 1, "resourceSpans": "x"}'


# ---------------------------------------------------------------------------------------------------- telemetry


def arrow(entity: str, at: Sequence[int], /, **over: Any) -> bytes:
    """Points of one series on ``aiops.metrics.arrow``; ``over`` replaces columns, None leaves one out."""
    count = len(at)
    columns: dict[str, Any] = {
        "ts": pa.array(at, pa.int64()),
        "value": pa.array([10.0 + place % 3 for place in range(count)]),
        "entity": pa.array([entity] * count),
        "metric": pa.array(["process.cpu.utilization"] * count),
    }
    columns = {name: column for name, column in (columns | over).items() if column is not None}
    sink = pa.BufferOutputStream()
    table = pa.table(columns)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def otlp_points(entity: str, at: Sequence[int], value: float | None = 10.0, metric: str = "queue.length") -> bytes:
    """Points of one gauge."""
    made = ExportMetricsServiceRequest()
    resource = made.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = entity
    gauge = resource.scope_metrics.add().metrics.add(name=metric).gauge
    for place, time in enumerate(at):
        point = gauge.data_points.add(time_unix_nano=time)
        if value is not None:
            point.as_double = value + place % 3
    return made.SerializeToString()


def otlp_lines(entity: str, at: Sequence[int], body: str = "order {} is done") -> bytes:
    """Log lines."""
    made = ExportLogsServiceRequest()
    resource = made.resource_logs.add()
    resource.resource.attributes.add(key="service.name").value.string_value = entity
    lines = resource.scope_logs.add()
    for place, time in enumerate(at):
        line = lines.log_records.add(time_unix_nano=time, severity_number=9)
        line.body.string_value = body.format(place)
    return made.SerializeToString()


def otlp_spans(entity: str, at: Sequence[int]) -> bytes:
    """Server spans of 20 ms."""
    made = ExportTraceServiceRequest()
    resource = made.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = entity
    spans = resource.scope_spans.add()
    for place, time in enumerate(at):
        span = spans.spans.add(name="GET /", kind=2, start_time_unix_nano=time, end_time_unix_nano=time + 20_000_000)
        span.trace_id, span.span_id = (place + 1).to_bytes(16), (place + 1).to_bytes(8)
    return made.SerializeToString()


def broken_arrow(now: int) -> Iterator[Broken]:
    """One record for each way."""
    at, name = [now], "broken"
    yield Reason.UNDECODABLE, b"ARROW? no"
    yield Reason.UNDECODABLE, arrow(name, at)[:150]
    yield Reason.SCHEMA_MISMATCH, arrow(name, at, value=None)
    yield Reason.SCHEMA_MISMATCH, arrow(name, at, value=pa.array(["ten"]))
    yield Reason.MISSING_FIELD, arrow(name, at, entity=pa.array([None], pa.utf8()))
    yield Reason.NOT_A_NUMBER, arrow(name, at, value=pa.array([float("nan")]))
    yield Reason.NO_TIME, arrow(name, [0])
    yield Reason.BAD_TIME, arrow(name, [1])
    yield Reason.FAR_FUTURE, arrow(name, [now + _LATER])
    yield Reason.UNSUPPORTED, arrow(name, at, kind=pa.array([99], pa.uint8()))


def broken_points(now: int) -> Iterator[Broken]:
    """One record for each way."""
    yield Reason.UNDECODABLE, _NOT_JSON_NOT_PROTOBUF
    yield Reason.UNDECODABLE, _AS_JSON
    yield Reason.UNDECODABLE, otlp_points("broken", [now])[:-3]
    yield Reason.MISSING_FIELD, otlp_points("broken", [now], value=None)
    yield Reason.MISSING_FIELD, otlp_points("broken", [now], metric="")
    yield Reason.NOT_A_NUMBER, otlp_points("broken", [now], value=float("nan"))
    yield Reason.NO_TIME, otlp_points("broken", [0])
    yield Reason.BAD_TIME, otlp_points("broken", [1])
    yield Reason.FAR_FUTURE, otlp_points("broken", [now + _LATER])


def broken_lines(now: int) -> Iterator[Broken]:
    """One record for each way."""
    yield Reason.UNDECODABLE, _NOT_JSON_NOT_PROTOBUF
    yield Reason.UNDECODABLE, _AS_JSON
    yield Reason.NO_TIME, otlp_lines("broken", [0])
    yield Reason.BAD_TIME, otlp_lines("broken", [1])
    yield Reason.FAR_FUTURE, otlp_lines("broken", [now + _LATER])


def broken_spans(now: int) -> Iterator[Broken]:
    """One record for each way."""
    yield Reason.UNDECODABLE, _NOT_JSON_NOT_PROTOBUF
    yield Reason.UNDECODABLE, _AS_JSON
    yield Reason.NO_TIME, otlp_spans("broken", [0])
    yield Reason.BAD_TIME, otlp_spans("broken", [1])
    yield Reason.FAR_FUTURE, otlp_spans("broken", [now + _LATER])


def broken_keyed(now: int) -> Iterator[Broken]:
    """The internal topic is a topic like any other to whoever can write to it."""
    del now
    yield Reason.UNDECODABLE, b"ARROW? no"
    yield Reason.SCHEMA_MISMATCH, arrow("broken", [1])
    yield Reason.UNDECODABLE, rows.MAGIC + b'{"origin": 3}'


# ------------------------------------------------------------------------------------------------------ control


def item(name: str, now: int) -> bytes:
    """An item of the CMDB."""
    return cloudevents.encode(cloudevents.of_item(Item(name, owner="team"), (), now))


def change(name: str, now: int) -> bytes:
    """A deployment."""
    return cloudevents.encode(cloudevents.of_change(Change(f"change-{name}", name, now, "deploy")))


def ticket(name: str, now: int) -> bytes:
    """A user's words."""
    return cloudevents.encode(
        cloudevents.of_ticket(Ticket(f"ticket-{name}", now, Prose(f"{name} is slow"), Prose("since today")))
    )


def alert(name: str, now: int) -> bytes:
    """Alertmanager's notification."""
    fired = {
        "status": "firing",
        "labels": {"alertname": "Slow", "service": name, "severity": "warning"},
        "startsAt": rfc3339(now),
        "fingerprint": f"print-{name}",
    }
    return json.dumps({"version": "4", "status": "firing", "alerts": [fired]}).encode()


def anomaly(name: str, now: int, severity: float = 0.7) -> bytes:
    """An episode as a shard tells it."""
    return cloudevents.encode(cloudevents.of_episode(_episode(name, now, severity)))


def _episode(name: str, now: int, severity: float) -> Episode:
    signal = Signal(f"{name}.latency", "latency", SignalDirection.UP, Source.METRIC, now, severity, 9.0, 1.0)
    return Episode(
        id=f"{name}@{now}",
        entity=name,
        opened_at=now,
        revision=1,
        severity=severity,
        signals=(signal,),
        signals_total=1,
        watermark=now,
    )


def broken_control(make: Callable[[str, int], bytes]) -> Callable[[int], Iterator[Broken]]:
    """One message for each way, made from a sound one."""

    def made(now: int) -> Iterator[Broken]:
        sound = make("broken", now)
        event = json.loads(sound)
        yield Reason.UNDECODABLE, sound[:-10]
        yield Reason.UNDECODABLE, b"\x00\x01\x02"
        yield Reason.UNDECODABLE, b'{"a": "\xff"}'
        yield Reason.UNDECODABLE, b'{"a": ' + b"[" * 100_000
        yield Reason.SCHEMA_MISMATCH, b"[1, 2, 3]"
        yield Reason.SCHEMA_MISMATCH, b'{"a": 123456789012345678901234567890}'
        if "specversion" in event:
            yield from _broken_event(event, now)

    return made


def _broken_event(event: dict[str, Any], now: int) -> Iterator[Broken]:
    data, later = event["data"], now + _LATER
    yield Reason.MISSING_FIELD, _json(event | {"data": {k: v for k, v in data.items() if k != "id"}})
    yield Reason.MISSING_FIELD, _json({k: v for k, v in event.items() if k != "data"})
    yield Reason.SCHEMA_MISMATCH, _json(event | {"data": data | {"surprise": 1}})
    yield Reason.SCHEMA_MISMATCH, _json(event | {"specversion": "2.0"})
    yield Reason.SCHEMA_MISMATCH, _json(event | {"data": data | {"id": "a\0b"}})
    yield Reason.UNSUPPORTED, _json(event | {"type": "io.aiops.surprise.v9"})
    yield Reason.UNSUPPORTED, _json(event | {"domain": "somebody-else"})
    yield Reason.TOO_LARGE, _json(event | {"data": data | {"id": "x" * 100_000}})
    if "severity" in data:
        yield Reason.UNDECODABLE, _json(event | {"data": data | {"severity": float("nan")}})
        yield Reason.FAR_FUTURE, _json(event | {"data": data | {"opened_at": later}})
    elif "at" in data:
        yield Reason.BAD_TIME, _json(event | {"data": data | {"at": "tomorrow"}})
        yield Reason.FAR_FUTURE, _json(event | {"data": data | {"at": later}})


def _json(document: object) -> bytes:
    return json.dumps(document).encode()


# --------------------------------------------------------------------------------------------------------- fuzz


def fuzzed(rng: random.Random, sound: Sequence[bytes], count: int) -> Iterator[bytes]:
    """Random bytes, sound records cut short, and sound records with some bytes changed, a third each."""
    for place in range(count):
        record = rng.choice(sound)
        match place % 3:
            case 0:
                yield rng.randbytes(rng.randrange(1, 200))
            case 1:
                yield record[: rng.randrange(len(record))]
            case _:
                changed = bytearray(record)
                for _ in range(rng.randrange(1, 9)):
                    changed[rng.randrange(len(changed))] = rng.randrange(256)
                yield bytes(changed)
