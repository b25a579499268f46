"""OTLP spans to arrays: who was called, for what, how long and with which end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from aiops.model.entity_names import peer_name
from detectors.wire import span_walk as w
from detectors.wire import tape as t
from detectors.wire.batch import Rejected, WireSettings
from detectors.wire.envelope import Envelope, Items, Origins
from detectors.wire.hashing import SEED, Hashes, hash_strings
from detectors.wire.identity import PEERS
from detectors.wire.otlp_json import id_bytes

SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5
ERROR = 2
_USED = ("db.system", "db.system.name", "messaging.system")
"""Only spans of databases, caches and queues carry these (OpenTelemetry's semantic conventions, old and new)."""
_NAMELESS = (
    "messaging.destination.name",
    "messaging.destination",
    "db.namespace",
    "db.name",
    "db.system.name",
    "db.system",
    "messaging.system",
)
"""What names the other end of a span that gives no address: the queue, the database, else the product."""
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
    resource: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    """Index into ``resources``; empty: an entity is one sender."""
    resources: Hashes = field(default_factory=lambda: np.empty(0, np.uint64))
    """Hashes of the resources, which tell senders apart."""

    def __len__(self) -> int:
        return len(self.at)


def decode(
    records: Sequence[bytes], received_at: int, settings: WireSettings | None = None, *, origins: Origins | None = None
) -> SpanBatch:
    """Spans of OTLP trace export requests, protobuf and JSON mixed.

    Args:
        records: values of Kafka records, in the order of their offsets.
        received_at: when the poll was made, ns UTC; what is much later is FAR_FUTURE.
        settings: bounds.
        origins: cache of resources, kept from poll to poll.
    """
    settings = settings or WireSettings()
    envelope = Envelope(records, ExportTraceServiceRequest, settings, tidy=_tidy)
    reading = _Reading(received_at + settings.future_ns, origins or Origins(settings))
    envelope.read(reading.read)
    tape = reading.tape
    for record, reason in np.argwhere(tape.rejected).tolist():
        count = int(tape.rejected[record, reason])
        envelope.rejections.add(record, t.REASONS[reason], tape.places[record, reason, :count].tolist(), items=count)
    return reading.batch(envelope.rejections.listed(), tape.items + envelope.refused)


def _tidy(request: ExportTraceServiceRequest) -> None:
    """JSON has ids in hexadecimal, which its parser took for base64."""
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                span.trace_id = id_bytes(span.trace_id, from_json=True, size=16)
                span.span_id = id_bytes(span.span_id, from_json=True, size=8)
                span.parent_span_id = id_bytes(span.parent_span_id, from_json=True, size=8)


@cache
def _keys() -> tuple[Hashes, int]:
    """Hashes of the attributes that are looked at, and how many of them name a peer."""
    named = (*PEERS, *_NAMELESS)
    texts = [key.encode() for key in (*named, *_USED)]
    ends = np.cumsum([0, *(len(text) for text in texts)]).astype(np.int32)
    out = np.empty(len(texts), np.uint64)
    hash_strings(np.frombuffer(b"".join(texts), np.uint8), ends, out, SEED)
    return out, len(named)


@dataclass(slots=True)
class _Reading:
    """What the compiled loop reads, and the text of its words."""

    latest: int
    origins: Origins
    tape: w.SpanTape = field(init=False)
    _resources: Hashes = field(init=False)
    _words: list[str] = field(init=False)
    _word_codes: npt.NDArray[np.int32] = field(init=False)
    """Index into ``_words`` of each word of the tape."""
    _peer_codes: npt.NDArray[np.int32] = field(init=False)
    """The same of the entity that each word names as the other end of a call; -1: none."""
    _entity_codes: npt.NDArray[np.int32] = field(init=False)
    """The same of each resource."""

    def read(self, whole: bytes, buffer: npt.NDArray[np.uint8], items: Items) -> npt.NDArray[np.uint8]:
        """Fills the tape; OK or FOREIGN per record."""
        self.tape = tape = w.make_tape(len(items.status), int(items.cursor[0]), self.latest)
        keys, peers = _keys()
        w.read_spans(buffer, items, tape, keys, peers)
        foreign = tape.status.copy()
        self._words, self._entity_codes = self.origins.entities(whole, items, foreign)
        self._resources = self.origins.senders(buffer, items)
        codes = {text: code for code, text in enumerate(self._words)}
        self._read_words(whole, codes, foreign)
        return foreign

    def _read_words(self, whole: bytes, codes: dict[str, int], foreign: npt.NDArray[np.uint8]) -> None:
        tape = self.tape
        words = int(tape.cursor[w.WORDS])
        self._word_codes = np.full(words + 1, -1, np.int32)  # the last stands for none
        self._peer_codes = np.full(words + 1, -1, np.int32)
        peers = np.zeros(words + 1, np.bool_)
        peers[tape.numbers[w.PEER, : tape.cursor[w.SPANS]]] = True
        for row, (begin, end, _) in enumerate(tape.words[:words].tolist()):
            try:
                text = whole[begin:end].decode()[:_MOST_NAME]
                self._word_codes[row] = self._code(text, codes)
                if peers[row] and (peer := peer_name(text)):
                    self._peer_codes[row] = self._code(peer, codes)
            except UnicodeDecodeError:
                numbers = tape.numbers[:, : tape.cursor[w.SPANS]]
                foreign[numbers[w.IN_RECORD, (numbers[w.NAME] == row) | (numbers[w.PEER] == row)]] = t.FOREIGN

    def _code(self, text: str, codes: dict[str, int]) -> int:
        code = codes.get(text)
        if code is None:
            code = codes[text] = len(self._words)
            self._words.append(text)
        return code

    def batch(self, rejected: list[Rejected], items: npt.NDArray[np.int64]) -> SpanBatch:
        """The columns."""
        spans = int(self.tape.cursor[w.SPANS])
        numbers, ids = self.tape.numbers[:, :spans], self.tape.ids[:spans]
        own = ids[:, 2:].byteswap()
        return SpanBatch(
            entity=self._entity_codes[numbers[w.IN_RESOURCE]],
            operation=self._word_codes[numbers[w.NAME]],
            peer=self._peer_codes[numbers[w.PEER]],
            uses=numbers[w.USES] != 0,
            kind=numbers[w.KIND].astype(np.uint8),
            status=numbers[w.STATUS].astype(np.uint8),
            at=numbers[w.AT],
            duration=numbers[w.DURATION],
            trace=np.ascontiguousarray(ids[:, :2]).view(np.uint8).reshape(spans, 16),
            span=own[:, 0],
            parent=own[:, 1],
            record=numbers[w.IN_RECORD].astype(np.int32),
            words=self._words,
            rejected=rejected,
            items=items,
            resource=numbers[w.IN_RESOURCE].astype(np.int32),
            resources=self._resources,
        )
