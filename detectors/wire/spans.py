"""OTLP spans to arrays: who was called, for what, how long and with which end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from aiops.model.deadletters import DeadLetterReason
from detectors.wire.batch import Rejected, WireSettings
from detectors.wire.identity import PEERS, attributes_of, origin_of
from detectors.wire.intake import Codes, Intake, id_rows
from detectors.wire.otlp_json import id_bytes

SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
ERROR = 2
_USED = frozenset({"db.system", "db.system.name", "messaging.system"})
"""Only spans of databases, caches and queues carry these (OpenTelemetry's semantic conventions, old and new)."""
_MOST_NAME = 512
"""A longer name of an operation is cut: it holds a query or a URL, and every one would be an operation of its own."""


@dataclass(frozen=True, slots=True)
class SpanBatch:
    """Spans of one poll in input order. ``items == accepted spans + rejected items`` holds for each record."""

    entity: npt.NDArray[np.int32]
    """Index into ``words``: who reports the span."""
    operation: npt.NDArray[np.int32]
    """Index into ``words``."""
    peer: npt.NDArray[np.int32]
    """Index into ``words``: the callee that a client or producer names; -1: none."""
    uses: npt.NDArray[np.bool_]
    """The caller's span is of a database, cache or queue, so its peer is used rather than called."""
    kind: npt.NDArray[np.uint8]
    """OTLP's SpanKind: 1 internal, 2 server, 3 client, 4 producer, 5 consumer."""
    status: npt.NDArray[np.uint8]
    """OTLP's status code: 0 unset, 1 ok, 2 error."""
    at: npt.NDArray[np.int64]
    """Start, ns UTC."""
    duration: npt.NDArray[np.int64]
    """ns."""
    trace: npt.NDArray[np.uint8]
    """Shape (n, 16)."""
    span: npt.NDArray[np.uint64]
    parent: npt.NDArray[np.uint64]
    """0: a root."""
    record: npt.NDArray[np.int32]
    words: list[str]
    rejected: list[Rejected]
    items: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.at)


def decode(records: Sequence[bytes], received_at: int, settings: WireSettings | None = None) -> SpanBatch:
    """Spans of OTLP trace export requests, protobuf and JSON mixed."""
    settings = settings or WireSettings()
    intake = Intake(records, received_at, settings)
    words = Codes()
    rows: list[tuple[int, ...]] = []
    ids: list[bytes] = []
    for record, request, from_json in intake.requests(ExportTraceServiceRequest):
        for resource_spans in request.resource_spans:
            origin = origin_of(attributes_of(resource_spans.resource.attributes), settings.entity_attributes)
            entity = words.of(origin.entity)
            for scope_spans in resource_spans.scope_spans:
                for span in scope_spans.spans:
                    intake.items[record] += 1
                    at, end = span.start_time_unix_nano, span.end_time_unix_nano
                    if (fault := _fault(intake, at, end)) is not None:
                        intake.reject(record, fault)
                        continue
                    kind = span.kind
                    peer, uses = _peer(span, words) if kind in (CLIENT, PRODUCER) else (-1, False)
                    operation = words.of(span.name[:_MOST_NAME])
                    rows.append((entity, operation, peer, kind, span.status.code, at, end - at, record, uses))
                    ids.append(_ids(span, from_json=from_json))
    return _batch(rows, ids, words, intake)


def _fault(intake: Intake, at: int, end: int) -> DeadLetterReason | None:
    fault = intake.time_fault(at) or intake.time_fault(end)
    return DeadLetterReason.BAD_TIME if fault is None and end < at else fault


def _peer(span: Span, words: Codes) -> tuple[int, bool]:
    """Code of the other end's name, -1 where there is none, and whether it is a database, cache or queue."""
    best, found, uses = len(PEERS), "", False
    for pair in span.attributes:
        uses = uses or pair.key in _USED
        if pair.key in PEERS and (rank := PEERS.index(pair.key)) < best and pair.value.string_value:
            best, found = rank, pair.value.string_value
    return words.of(found[:_MOST_NAME]) if found else -1, uses


def _ids(span: Span, *, from_json: bool) -> bytes:
    """Trace, span and parent, 32 bytes."""
    trace, own, parent = span.trace_id, span.span_id, span.parent_span_id
    if not from_json and len(trace) == 16 and len(own) == 8 and len(parent) in (0, 8):
        return trace + own + (parent or b"\0\0\0\0\0\0\0\0")
    parts = ((trace, 16), (own, 8), (parent, 8))
    return b"".join(id_bytes(value, from_json=from_json, size=size) for value, size in parts)


def _batch(rows: Sequence[tuple[int, ...]], ids: Sequence[bytes], words: Codes, intake: Intake) -> SpanBatch:
    columns = np.array(rows, dtype=np.int64).reshape(-1, 9).T
    found = id_rows(ids, 32)
    numbers = np.ascontiguousarray(found[:, 16:]).view(">u8").astype(np.uint64)
    return SpanBatch(
        entity=columns[0].astype(np.int32),
        operation=columns[1].astype(np.int32),
        peer=columns[2].astype(np.int32),
        uses=columns[8].astype(np.bool_),
        kind=np.clip(columns[3], 0, 255).astype(np.uint8),
        status=np.clip(columns[4], 0, 255).astype(np.uint8),
        at=columns[5].copy(),
        duration=columns[6].copy(),
        trace=found[:, :16],
        span=numbers[:, 0],
        parent=numbers[:, 1],
        record=columns[7].astype(np.int32),
        words=words.texts,
        rejected=intake.rejected(),
        items=intake.items,
    )
