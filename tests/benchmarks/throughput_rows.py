"""Log lines and spans for the throughput and decode benchmarks: 8,192 a record, two seconds of event time apart.

A line is about 200 bytes of one of ``series`` templates, 200 of each service, with numbers, an address and a path that
change from line to line. Spans are traces of four services that call each other, server and client spans in turn, every
fourth client span with the address that it called. As in ``throughput_records`` a record is made once, and written over
with other times and trace ids.
"""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.benchmarks.decode import POINTS
from tests.benchmarks.throughput_records import Records

SECOND = 1_000_000_000
_T0 = 1_700_000_000 * SECOND
_APART = 2 * SECOND
_AT, _END, _TRACE = 0x1122334455667788, 0x1122334455667799, 0x11223344556677AA
_OF_A_SERVICE = 200
_DEPTH = 4
_SPANS_A_SERVICE = 20
"""Series of a service and its edges, about."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
ROWS = ("logs", "spans")


def records_of(series: int, encoding: str, phase: int) -> Records | RowRecords:
    """Records of an encoding."""
    return RowRecords(series, encoding, phase) if encoding in ROWS else Records(series, encoding, phase)


@dataclass(slots=True)
class RowRecords:
    """Records of lines or spans."""

    series: int
    """Templates; series of spans, about."""
    encoding: str
    phase: int = 0
    _rng: random.Random = field(init=False)
    _made: list[_Template] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = random.Random(self.phase)

    @property
    def a_pass(self) -> int:
        """Records in which every template comes at least once."""
        return -(-self.series // POINTS) if self.encoding == "logs" else 1

    def first(self) -> Iterator[bytes]:
        """Each template once (and some again): all are new."""
        for record in range(self.a_pass):
            yield self._record(record, record)

    def timed(self, points: int) -> Iterator[bytes]:
        """At least so many lines or spans of what is known."""
        for record in range(-(-points // POINTS)):
            yield self._record(record % self.a_pass, self.a_pass + record)

    def _record(self, place: int, number: int) -> bytes:
        if place == len(self._made):
            build = self._lines if self.encoding == "logs" else self._spans
            self._made.append(_Template.of(build(place)))
        return self._made[place].at(_T0 + number * _APART, number, np.random.default_rng(number))

    def _lines(self, place: int) -> bytes:
        request = ExportLogsServiceRequest()
        service = -1
        for point in range(POINTS):
            template = (place * POINTS + point) % self.series
            if template // _OF_A_SERVICE != service or point == 0:
                service = template // _OF_A_SERVICE
                resource = request.resource_logs.add()
                _name(resource, service)
                scope = resource.scope_logs.add()
            line = scope.log_records.add(time_unix_nano=_AT, severity_number=9)
            line.body.string_value = self._body(template)
        return request.SerializeToString()

    def _body(self, template: int) -> str:
        words = random.Random(template)
        text = ["".join(words.choices(_LETTERS, k=words.randrange(3, 10))) for _ in range(17)]
        rng = self._rng
        shown = (
            f"10.0.{rng.randrange(256)}.{rng.randrange(256)}:{rng.randrange(65536)} /v1/{rng.randrange(10**6)}/items"
        )
        figures = f"took={rng.random() * 100:.3f}ms id={rng.randrange(10**9)}"
        return f"{text[0]} {text[1]} {shown} {' '.join(text[2:])} {figures}"

    def _spans(self, _: int) -> bytes:
        request = ExportTraceServiceRequest()
        services = max(_DEPTH, self.series // _SPANS_A_SERVICE)
        scopes = []
        for service in range(services):
            resource = request.resource_spans.add()
            _name(resource, service)
            scopes.append(resource.scope_spans.add())
        rng = self._rng
        for number in range(POINTS // (2 * _DEPTH)):
            trace, parent = struct.pack("<QQ", _TRACE, number + 1), b""
            for step in range(_DEPTH):
                service = (number + step) % services
                for kind in (2, 3):
                    own = rng.randbytes(8)
                    span = scopes[service].spans.add(trace_id=trace, span_id=own, parent_span_id=parent, kind=kind)
                    span.name, span.start_time_unix_nano, span.end_time_unix_nano = "GET /orders/{id}", _AT, _END
                    span.attributes.add(key="http.request.method").value.string_value = "GET"
                    span.attributes.add(key="http.route").value.string_value = "/orders/{id}"
                    if kind == 3 and number % 4 == 0:
                        address = f"service-{(service + 1) % services}.prod.svc.cluster.local"
                        span.attributes.add(key="server.address").value.string_value = address
                    parent = own
        return request.SerializeToString()


def _name(resource: object, service: int) -> None:
    attributes = resource.resource.attributes  # type: ignore[attr-defined]  # two kinds of messages
    for key, value in (("service.name", f"service-{service}"), ("service.instance.id", f"pod-{service}-7d9f8b6c5d")):
        attributes.add(key=key).value.string_value = value


@dataclass(frozen=True, slots=True)
class _Template:
    """Bytes of a record, and where its times and trace ids lie."""

    raw: npt.NDArray[np.uint8]
    begins: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    traces: npt.NDArray[np.int64]

    @classmethod
    def of(cls, raw: bytes) -> _Template:
        """Of a record with marks."""
        places = [
            np.array([found.start() for found in re.finditer(re.escape(struct.pack("<Q", mark)), raw)], np.int64)
            for mark in (_AT, _END, _TRACE)
        ]
        if len(places[0]) != POINTS:
            raise ValueError("a mark came by chance")
        return cls(np.frombuffer(raw, np.uint8), *places)

    def at(self, at: int, number: int, rng: np.random.Generator) -> bytes:
        """The record at a time; its traces have this number in them."""
        out = self.raw.copy()
        for places, values in (
            (self.begins, np.full(len(self.begins), at)),
            (self.ends, at + rng.lognormal(16.0, 1.0, len(self.ends)).astype(np.int64)),
            (self.traces, np.full(len(self.traces), number + 1)),
        ):
            out[places[:, None] + np.arange(8)] = values.astype(np.int64).view(np.uint8).reshape(-1, 8)
        return out.tobytes()
