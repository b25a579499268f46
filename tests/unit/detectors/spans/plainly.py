"""What spans are as objects, one by one: the plain way that the compiled loops must agree with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from aiops.model.deadletters import DeadLetterReason
from aiops.model.entity_names import is_loopback, peer_name
from detectors.wire.batch import WireSettings
from detectors.wire.identity import PEERS, attributes_of
from detectors.wire.otlp_json import id_bytes
from tests.unit.detectors.wire.plain_intake import Intake

_USED = {"db.system", "db.system.name", "messaging.system"}
_NAMELESS = ("messaging.destination.name", "messaging.destination", "db.namespace", "db.name")
NAMED = (*PEERS, *_NAMELESS, "db.system.name", "db.system", "messaging.system")


@dataclass
class Decoded:
    """Rows and account of a poll."""

    rows: list[tuple[object, ...]]
    rejected: list[tuple[int, DeadLetterReason, int, tuple[int, ...]]]
    items: list[int]


def decode(records: Sequence[bytes], received_at: int) -> Decoded:
    """Entity, operation, peer, uses, kind, status, start, duration, trace, span, parent and record of each span."""
    settings = WireSettings()
    intake = Intake(records, received_at, settings)
    rows: list[tuple[object, ...]] = []
    for record, request, from_json in intake.requests(ExportTraceServiceRequest):
        for resource_spans in request.resource_spans:
            entity = settings.naming.entity(attributes_of(resource_spans.resource.attributes))
            for scope_spans in resource_spans.scope_spans:
                for span in scope_spans.spans:
                    intake.items[record] += 1
                    at, end = span.start_time_unix_nano, span.end_time_unix_nano
                    fault = intake.time_fault(at) or intake.time_fault(end)
                    if fault is None and end < at:
                        fault = DeadLetterReason.BAD_TIME
                    if fault is not None:
                        intake.reject(record, fault)
                        continue
                    peer, uses = _peer(span) if span.kind in (3, 4) else (None, False)
                    parts = ((span.trace_id, 16), (span.span_id, 8), (span.parent_span_id, 8))
                    ids = [id_bytes(value, from_json=from_json, size=size) for value, size in parts]
                    kind, status = (min(max(number, 0), 255) for number in (span.kind, span.status.code))
                    row = (entity, span.name[:512], peer, uses, kind, status, at, end - at)
                    rows.append((*row, ids[0].hex(), int(ids[1].hex(), 16), int(ids[2].hex(), 16), record))
    rejected = [(one.record, one.reason, one.items, one.places) for one in intake.rejected()]
    return Decoded(rows, rejected, intake.items.tolist())


def _peer(span: Span) -> tuple[str | None, bool]:
    best, found, uses = len(NAMED), "", False
    for pair in span.attributes:
        uses = uses or pair.key in _USED
        text = pair.value.string_value
        if pair.key in NAMED and (rank := NAMED.index(pair.key)) < best and text and not is_loopback(text):
            best, found = rank, text
    return peer_name(found[:512]) or None, uses


@dataclass(frozen=True)
class Seen:
    """What of a span is looked at."""

    entity: str
    kind: int
    interval: int
    figure: int
    key: int
    parent: int = 0
    peer: str = ""
    uses: bool = False


Call = tuple[str, str, bool, int, int]
"""Entity, peer, whether a use, interval, figure."""


@dataclass
class Join:
    """Parents and children in dictionaries without a bound."""

    _recent: dict[int, tuple[str, str]] = field(default_factory=dict)
    _orphans: dict[int, list[tuple[Seen, bool]]] = field(default_factory=dict)
    _aliases: dict[str, str | None] = field(default_factory=dict)

    def calls(self, span: Seen) -> Iterator[Call]:
        """Calls that are known now that this span is."""
        named = span.peer if span.kind in (3, 4) else ""
        if span.kind in (2, 5) or (span.kind not in (3, 4) and not span.parent):
            yield span.entity, "", False, span.interval, span.figure
        if named:
            yield span.entity, self._aliases.get(named) or named, span.uses, span.interval, span.figure
        if span.key:
            self._recent[span.key] = (span.entity, named)
            for child, counted in reversed(self._orphans.pop(span.key, [])):  # the join takes the newest first
                yield from self._joined((span.entity, named), child, counted=counted)
        if span.parent and span.kind not in (3, 4):
            counted = span.kind in (2, 5)
            if span.parent in self._recent:
                yield from self._joined(self._recent[span.parent], span, counted=counted)
            else:
                self._orphans.setdefault(span.parent, []).append((span, counted))

    def _joined(self, parent: tuple[str, str], child: Seen, *, counted: bool) -> Iterator[Call]:
        entity, named = parent
        if entity == child.entity:
            return
        if not counted:
            yield child.entity, "", False, child.interval, child.figure
        known = self._aliases.get(named, "") if named else ""
        if child.entity not in (known, named if known == "" else None):
            yield entity, child.entity, False, child.interval, child.figure
            if named:
                self._aliases[named] = None if known != "" else child.entity
