"""The formats that are fuzzed: a sound record of each, how its structure is changed, and how it is decoded."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from detectors.wire import arrow, keyed, logs, metrics, spans
from detectors.wire.memory import WireMemory
from tests.benchmarks import fuzz_mutations as change
from tests.integration.runtime import broken
from tests.unit.detectors.wire import requests
from tests.unit.detectors.wire.requests import NOW

SERIES = 20_000
UNITS = 6
"""Units of a sound record."""
_TIMES = [NOW - step * 10**9 for step in range(UNITS)]


Memory = WireMemory


def fresh_memory() -> Memory:
    """Without a series."""
    return WireMemory(SERIES)


@dataclass(frozen=True, slots=True)
class Ended:
    """How the units of each record of a poll ended."""

    items: list[int]
    accepted: list[int]
    rejected: list[int]
    gaps: int


@dataclass(frozen=True, slots=True)
class FuzzFormat:
    """One format."""

    name: str
    topic: str
    """Field of the settings' topics that names its topic."""
    sound: bytes
    """A record of the entity ``healthy`` with ``UNITS`` units."""
    changed: Callable[[random.Random], bytes]
    """A record whose decoded structure was changed."""
    decode: Callable[[Sequence[bytes], WireMemory], Any]

    def ended(self, records: Sequence[bytes], memory: WireMemory) -> Ended:
        """Decode the records of one poll."""
        items: list[int] = []
        accepted: list[int] = []
        rejected: list[int] = []
        gaps = 0
        while len(items) < len(records):
            batch = self.decode(records[len(items) :], memory)
            count = len(batch.items)
            unit = getattr(batch, "unit", None)
            taken = batch.record if unit is None else batch.record[unit != 0]
            accepted += np.bincount(taken, minlength=count).tolist()
            lost = [0] * count
            for entry in batch.rejected:
                lost[entry.record] += entry.items
            rejected += lost
            items += batch.items.tolist()
            gaps += int(getattr(batch, "gaps", 0))
        return Ended(items, accepted, rejected, gaps)


def formats() -> tuple[FuzzFormat, ...]:
    """All formats of telemetry."""
    points, lines = broken.otlp_points("healthy", _TIMES), broken.otlp_lines("healthy", _TIMES)
    calls, columns = broken.otlp_spans("healthy", _TIMES), broken.arrow("healthy", _TIMES)
    otlp: tuple[tuple[str, bytes, type[Message], Callable[[random.Random], Message], Any], ...] = (
        ("metrics", points, ExportMetricsServiceRequest, requests.request, _decode_points),
        ("logs", lines, ExportLogsServiceRequest, _lines, _decode_lines),
        ("spans", calls, ExportTraceServiceRequest, _calls, _decode_spans),
    )
    found = []
    for name, sound, kind, made, decode in otlp:
        found.append(FuzzFormat(name, f"otlp_{name}", sound, _changed_message(made), decode))
        sound_json = _json(_parsed(kind, sound))
        found.append(FuzzFormat(f"{name}-json", f"otlp_{name}", sound_json, _changed_document(made), decode))
    arrow_ = FuzzFormat(
        "arrow", "metrics_arrow", columns, partial(change.columns_changed, record=columns), _decode_arrow
    )
    return (*found, arrow_)


def _changed_message(make: Callable[[random.Random], Message]) -> Callable[[random.Random], bytes]:
    def changed(rng: random.Random) -> bytes:
        made = make(rng)
        change.message_changed(rng, made)
        return made.SerializeToString()

    return changed


def _changed_document(make: Callable[[random.Random], Message]) -> Callable[[random.Random], bytes]:
    return lambda rng: change.document_changed(rng, _json(make(rng)))


def _lines(rng: random.Random) -> Message:
    """Log lines with attributes and bodies of every type."""
    made = ExportLogsServiceRequest()
    for _ in range(rng.randrange(1, 4)):
        resource = made.resource_logs.add()
        requests.attributes(rng, resource.resource.attributes)
        for step in range(rng.randrange(4)):
            line = resource.scope_logs.add().log_records.add(
                time_unix_nano=NOW - step, severity_number=rng.randrange(25)
            )
            requests.attributes(rng, line.attributes)
            line.body.string_value = rng.choice(
                ['{"level": "warn", "msg": "slow"}', "level=error msg=slow", "order 7 is done"]
            )
            if rng.random() < 0.3:
                requests.value(rng, line.body, depth=3)
            line.trace_id = rng.randbytes(rng.choice([0, 8, 16, 17]))
    return made


def _calls(rng: random.Random) -> Message:
    """Spans with attributes, events, links and ids of every length."""
    made = ExportTraceServiceRequest()
    for _ in range(rng.randrange(1, 4)):
        resource = made.resource_spans.add()
        requests.attributes(rng, resource.resource.attributes)
        for step in range(rng.randrange(4)):
            span = resource.scope_spans.add().spans.add(name="GET /", kind=rng.randrange(6), start_time_unix_nano=NOW)
            span.end_time_unix_nano = rng.choice([0, NOW - 1, NOW + step, 2**64 - 1])
            span.trace_id, span.span_id = rng.randbytes(rng.choice([0, 16, 15])), rng.randbytes(rng.choice([0, 8, 9]))
            span.parent_span_id = rng.randbytes(rng.choice([0, 8, 300]))
            requests.attributes(rng, span.attributes)
            span.events.add(name="e", time_unix_nano=NOW)
            span.links.add(trace_id=rng.randbytes(16))
            span.status.message = rng.choice(["", "timeout"])
            span.status.code = rng.choice(list(Status.StatusCode.values()))
    return made


def _parsed(kind: type[Message], record: bytes) -> Message:
    made = kind()
    made.ParseFromString(record)
    return made


def _json(message: Message) -> bytes:
    """OTLP JSON: as protobuf's, with ids in hexadecimal."""
    document = MessageToDict(message, use_integers_for_enums=True)
    for resource in document.get("resourceSpans", ()):
        for scope in resource.get("scopeSpans", ()):
            for place, span in enumerate(scope.get("spans", ())):
                span["traceId"], span["spanId"] = f"{place + 1:032x}", f"{place + 1:016x}"
    return json.dumps(document).encode()


def _decode_points(records: Sequence[bytes], memory: WireMemory) -> Any:
    return metrics.decode_otlp(records, memory, NOW)


def _decode_lines(records: Sequence[bytes], memory: WireMemory) -> Any:
    return logs.decode(records, NOW, memory.settings, origins=memory.origins)


def _decode_spans(records: Sequence[bytes], memory: WireMemory) -> Any:
    return spans.decode(records, NOW, memory.settings, origins=memory.origins)


def _decode_arrow(records: Sequence[bytes], memory: WireMemory) -> Any:
    keyed.decode(records, memory, NOW, seen={})  # the internal topic has the same layout
    return arrow.decode(records, memory, NOW)
