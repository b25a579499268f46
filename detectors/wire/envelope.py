# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value"
# ruff: noqa: ANN001, ANN202
# numba infers the types.
"""What export requests of logs and spans have in common: the compiled walk down to their items.

Both are ``1 resource_logs/spans {1 resource, 2 scope_logs/spans {1 scope, 2 item}}``. The walk lists the byte range of
every item with its record and resource; reading the items is another loop. A record that is in any way unusual (a
message in two parts, a group, a truncated field, JSON) goes through protobuf and comes back in canonical form, so
protobuf has the last word on what is decodable. Parts that nobody reads are not checked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError, EncodeError
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from aiops.model.deadletters import DeadLetterReason
from detectors.wire import tape as t
from detectors.wire.batch import Rejections, WireSettings
from detectors.wire.compiling import compiled, inner
from detectors.wire.identity import attributes_of, origin_of
from detectors.wire.otlp_json import Request, is_json, parse

Longs = npt.NDArray[np.int64]
BEGIN, END, RECORD, RESOURCE = range(4)
"""Rows of ``Items.ranges``."""
_ITEMS, _RESOURCES = range(2)


class Items(NamedTuple):
    """Byte ranges of the items of a poll, in input order."""

    ranges: Longs
    """BEGIN, END, RECORD and RESOURCE of each item; shape (4, room)."""
    resources: Longs
    """Begin and end of the Resource of each ResourceLogs or ResourceSpans; shape (room, 2)."""
    status: npt.NDArray[np.uint8]
    """OK or FOREIGN per record."""
    cursor: Longs
    """How many items and resources are written."""


@inner
def _walk_scope(buffer, position, end, items, record):
    """One ScopeLogs or ScopeSpans: 2 items."""
    cursor, row = items.cursor[_ITEMS], items.cursor[_RESOURCES]
    ranges = items.ranges
    while position < end:
        number, wire, position = t.tag(buffer, position, end)
        if position < 0:
            return t.FOREIGN
        if number == 2 and wire == t.LEN:
            begin, position = t.span(buffer, position, end)
            if position < 0:
                return t.FOREIGN
            if cursor >= ranges.shape[1]:
                return t.FULL
            ranges[BEGIN, cursor], ranges[END, cursor] = begin, position
            ranges[RECORD, cursor], ranges[RESOURCE, cursor] = record, row
            cursor += 1
        else:
            position = t.skip(buffer, position, end, wire)
            if position < 0:
                return t.FOREIGN
    items.cursor[_ITEMS] = cursor
    return t.OK


@inner
def _walk_resource(buffer, position, end, items, record):
    """One ResourceLogs or ResourceSpans: 1 resource, 2 scopes."""
    row = items.cursor[_RESOURCES]
    if row >= len(items.resources):
        return t.FULL
    begin, resource_end = t.only_field(buffer, position, end)
    if resource_end < 0:
        return t.FOREIGN
    items.resources[row, 0], items.resources[row, 1] = begin, resource_end
    while position < end:
        number, wire, position = t.tag(buffer, position, end)
        if number == 2 and wire == t.LEN:
            begin, position = t.span(buffer, position, end)
            status = _walk_scope(buffer, begin, position, items, record)
            if status != t.OK:
                return status
        else:
            position = t.skip(buffer, position, end, wire)
    items.cursor[_RESOURCES] = row + 1
    return t.OK


@inner
def _walk_record(buffer, position, end, items, record):
    while position < end:
        number, wire, position = t.tag(buffer, position, end)
        if position < 0:
            return t.FOREIGN
        if number != 1 or wire != t.LEN:
            position = t.skip(buffer, position, end, wire)
            if position < 0:
                return t.FOREIGN
            continue
        begin, position = t.span(buffer, position, end)
        if position < 0:
            return t.FOREIGN
        status = _walk_resource(buffer, begin, position, items, record)
        if status != t.OK:
            return status
    return t.OK


@compiled
def _walk(buffer, ends, items):
    """All records; of one that is foreign nothing is listed. False: there is no room."""
    begin = np.int64(0)
    for record in range(len(ends)):
        listed, resources = items.cursor[_ITEMS], items.cursor[_RESOURCES]
        status = _walk_record(buffer, begin, ends[record], items, record)
        if status == t.FULL:
            return False
        if status == t.FOREIGN:
            items.status[record] = t.FOREIGN
            items.cursor[_ITEMS], items.cursor[_RESOURCES] = listed, resources
        begin = ends[record]
    return True


@dataclass(slots=True)
class Origins:
    """Entities by the bytes of the Resource that names them, so that each is parsed once; a cache, never state."""

    settings: WireSettings
    most_bytes: int = 4 << 20
    """The cache is emptied when its keys are longer than this."""
    _known: dict[bytes, str | None] = field(default_factory=dict)
    _bytes: int = 0

    def entity(self, resource: bytes) -> str | None:
        """The entity of a resource; None where its bytes are broken."""
        if resource not in self._known:
            if self._bytes > self.most_bytes:
                self._known.clear()
                self._bytes = 0
            self._known[resource] = self._read(resource)
            self._bytes += len(resource)
        return self._known[resource]

    def entities(
        self, whole: bytes, items: Items, foreign: npt.NDArray[np.uint8]
    ) -> tuple[list[str], npt.NDArray[np.int32]]:
        """Entities of a poll, each once, and the index of each resource's; marks records whose resource is broken."""
        count, resources = items.cursor.tolist()
        texts: dict[str, int] = {}
        codes = np.full(resources, -1, np.int32)
        used, first = np.unique(items.ranges[RESOURCE, :count], return_index=True)
        for row, item in zip(used.tolist(), first.tolist(), strict=True):
            begin, end = items.resources[row].tolist()
            entity = self.entity(whole[begin:end])
            if entity is None:
                foreign[items.ranges[RECORD, item]] = t.FOREIGN
            else:
                codes[row] = texts.setdefault(entity, len(texts))
        return list(texts), codes

    def _read(self, resource: bytes) -> str | None:
        try:
            parsed = Resource.FromString(resource)
        except DecodeError:
            return None
        return origin_of(attributes_of(parsed.attributes), self.settings.entity_attributes).entity


Reader = Callable[[bytes, npt.NDArray[np.uint8], Items], npt.NDArray[np.uint8]]
"""Reads the items of joined records; OK or FOREIGN per record."""


class Envelope(Generic[Request]):
    """The records of a poll as one buffer, and the account of those that cannot be read.

    Args:
        records: values of Kafka records, protobuf and JSON mixed.
        kind: the export request that they are.
        settings: bounds.
        tidy: called on each request that was JSON, before it is written as protobuf.
    """

    def __init__(
        self,
        records: Sequence[bytes],
        kind: type[Request],
        settings: WireSettings,
        *,
        tidy: Callable[[Request], None] = lambda _: None,
    ) -> None:
        self.rejections = Rejections()
        self.refused = np.zeros(len(records), np.int64)
        """1: the whole record is a dead letter."""
        self._kind, self._tidy = kind, tidy
        self._records = list(records)
        for record, value in enumerate(records):
            if len(value) > settings.max_record_bytes:
                self._refuse(record, DeadLetterReason.TOO_LARGE)
            elif is_json(value):
                self._canonical(record)

    def read(self, reader: Reader) -> None:
        """Has ``reader`` read the items, again after foreign records were put into canonical form or refused."""
        repairs: list[Callable[[int], None]] = [self._canonical, self._undecodable, self._undecodable]
        for repair in repairs:
            whole, buffer, items = self._walked()
            foreign = np.flatnonzero(items.status | reader(whole, buffer, items)).tolist()
            if not foreign:
                return
            for record in foreign:
                repair(record)
        raise AssertionError("a refused record is empty, so nothing of it can be foreign")

    def _undecodable(self, record: int) -> None:
        self._refuse(record, DeadLetterReason.UNDECODABLE)

    def _walked(self) -> tuple[bytes, npt.NDArray[np.uint8], Items]:
        whole = self._records[0] if len(self._records) == 1 else b"".join(self._records)
        buffer = np.frombuffer(whole, np.uint8)
        ends = np.cumsum([len(record) for record in self._records], dtype=np.int64)
        room = len(whole) // 32 + 64
        while True:
            items = Items(
                np.empty((4, room), np.int64),
                np.empty((room, 2), np.int64),
                np.zeros(len(ends), np.uint8),
                np.zeros(2, np.int64),
            )
            if _walk(buffer, ends, items):
                return whole, buffer, items
            room *= 4

    def _canonical(self, record: int) -> None:
        value = self._records[record]
        request = parse(value, self._kind())
        try:
            if request is not None:
                if is_json(value):
                    self._tidy(request)
                request.DiscardUnknownFields()
                self._records[record] = request.SerializeToString()
                return
        except (EncodeError, DecodeError, ValueError, RecursionError):
            pass
        self._refuse(record, DeadLetterReason.UNDECODABLE)

    def _refuse(self, record: int, reason: DeadLetterReason) -> None:
        self._records[record] = b""
        self.refused[record] = 1
        self.rejections.add(record, reason, (0,))
