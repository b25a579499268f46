"""OTLP logs to arrays: one row a line, the body as a range of bytes for the templates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from detectors.wire import log_walk as w
from detectors.wire import tape as t
from detectors.wire.batch import Rejected, WireSettings
from detectors.wire.envelope import Envelope, Items, Origins
from detectors.wire.hashing import Hashes
from detectors.wire.identity import value_text

Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LogBatch:
    """Lines of one poll in input order. ``items == accepted lines + rejected items`` holds for each record."""

    entity: npt.NDArray[np.int32]
    """Index into ``entities``."""
    at: Longs
    """Event time, ns UTC; where the line has none, when it was observed."""
    severity: Longs
    """OTLP's severity number; 0: not known."""
    text: npt.NDArray[np.uint8]
    """Bytes that hold all bodies, UTF-8 as far as the senders kept to it."""
    begin: Longs
    end: Longs
    """Range of each body; it ends where a body that is longer than allowed is cut."""
    cut: npt.NDArray[np.bool_]
    """The body was longer than allowed."""
    record: npt.NDArray[np.int32]
    entities: list[str]
    rejected: list[Rejected]
    items: Longs
    resource: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    """Index into ``resources``; empty: an entity is one sender."""
    resources: Hashes = field(default_factory=lambda: np.empty(0, np.uint64))
    """Hashes of the resources, which tell senders apart."""

    def __len__(self) -> int:
        return len(self.at)

    def body(self, row: int) -> bytes:
        """One body."""
        return self.text[self.begin[row] : self.end[row]].tobytes()


def decode(
    records: Sequence[bytes], received_at: int, settings: WireSettings | None = None, *, origins: Origins | None = None
) -> LogBatch:
    """Lines of OTLP logs export requests, protobuf and JSON mixed.

    Args:
        records: values of Kafka records, in the order of their offsets.
        received_at: when the poll was made, ns UTC; what is much later is FAR_FUTURE.
        settings: bounds.
        origins: cache of resources, kept from poll to poll.
    """
    settings = settings or WireSettings()
    envelope = Envelope(records, ExportLogsServiceRequest, settings)
    reading = _Reading(received_at + settings.future_ns, origins or Origins(settings))
    envelope.read(reading.read)
    tape = reading.tape
    for record, reason in np.argwhere(tape.rejected).tolist():
        count = int(tape.rejected[record, reason])
        envelope.rejections.add(record, t.REASONS[reason], tape.places[record, reason, :count].tolist(), items=count)
    return reading.batch(envelope.rejections.listed(), tape.items + envelope.refused, settings.max_body_bytes)


@dataclass(slots=True)
class _Reading:
    """What the compiled loop reads, and the text of bodies that are no text."""

    latest: int
    origins: Origins
    tape: w.LineTape = field(init=False)
    _resources: Hashes = field(init=False)
    text: npt.NDArray[np.uint8] = field(init=False)
    _entities: list[str] = field(init=False)
    _entity_codes: npt.NDArray[np.int32] = field(init=False)
    """Index into ``_entities`` of each resource."""

    def read(self, whole: bytes, buffer: npt.NDArray[np.uint8], items: Items) -> npt.NDArray[np.uint8]:
        """Fills the tape; OK or FOREIGN per record."""
        self.tape = tape = w.make_tape(len(items.status), int(items.cursor[0]), self.latest)
        w.read_lines(buffer, items, tape)
        foreign = tape.status.copy()
        self._entities, self._entity_codes = self.origins.entities(whole, items, foreign)
        self._resources = self.origins.senders(buffer, items)
        self.text = buffer
        self._write_others(whole, foreign)
        return foreign

    def _write_others(self, whole: bytes, foreign: npt.NDArray[np.uint8]) -> None:
        """Appends bodies that are no text as text to the buffer."""
        numbers = self.tape.numbers[:, : self.tape.cursor[0]]
        others = np.flatnonzero(numbers[w.OTHER])
        if not len(others):
            return
        pieces = [whole]
        size = len(whole)
        for row in others.tolist():
            try:
                value = AnyValue.FromString(whole[numbers[w.BODY, row] : numbers[w.BODY_END, row]])
                piece = value_text(value).encode(errors="replace")
            except DecodeError:
                foreign[numbers[w.IN_RECORD, row]] = t.FOREIGN
                continue
            pieces.append(piece)
            numbers[w.BODY, row], numbers[w.BODY_END, row] = size, size + len(piece)
            size += len(piece)
        self.text = np.frombuffer(b"".join(pieces), np.uint8)

    def batch(self, rejected: list[Rejected], items: Longs, most: int) -> LogBatch:
        """The columns."""
        numbers = self.tape.numbers[:, : self.tape.cursor[0]]
        begin, end = numbers[w.BODY], numbers[w.BODY_END]
        return LogBatch(
            entity=self._entity_codes[numbers[w.IN_RESOURCE]],
            at=numbers[w.AT],
            severity=numbers[w.SEVERITY],
            text=self.text,
            begin=begin,
            end=np.minimum(end, begin + most),
            cut=end - begin > most,
            record=numbers[w.IN_RECORD].astype(np.int32),
            entities=self._entities,
            rejected=rejected,
            items=items,
            resource=numbers[w.IN_RESOURCE].astype(np.int32),
            resources=self._resources,
        )
