"""`aiops.metrics.arrow`: the fast path for bulk producers, one Arrow IPC stream a record.

Columns, found by name; further ones are ignored:

    ts          int64 or timestamp[ns]          event time, ns UTC; required
    value       float64                         required; null is a gap
    entity      dictionary<intN, utf8> or utf8  required
    metric      dictionary<intN, utf8> or utf8  required
    attributes  dictionary<intN, utf8> or utf8  text of a JSON object of strings; absent, null or "": none
    unit, peer  dictionary<intN, utf8> or utf8  absent or null: none
    kind        uint8                           SeriesKind; absent: gauge
    start       int64                           start of a cumulative sum, ns; absent or 0: not known

Why the identity in three dictionaries: every record explains itself, so a consumer may start anywhere and no "describe"
record can be lost, and still a point costs its codes only, because entities, metrics and attribute sets are few beside
their combinations. One dictionary of whole identities was measured (tests/benchmarks/decode.py) at five times the bytes
when a record holds each series once; a 64-bit key with identities sent apart saves some 4 bytes a point more, and makes
UNKNOWN_SERIES out of every compaction, retention or restart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from aiops.model.deadletters import DeadLetterReason
from detectors.wire.arrow_columns import (
    NO_TIMES,
    TEXTS,
    PointColumns,
    SchemaMismatchError,
    TextColumn,
    columns_of,
    primary,
)
from detectors.wire.arrow_layout import layout_of
from detectors.wire.arrow_points import FAULTS, GAP, fill, time_faults
from detectors.wire.arrow_stream import TooLargeError, opened
from detectors.wire.arrow_walk import FOREIGN, Room, walk
from detectors.wire.batch import PLACES, BatchAccount, PointArrays, PointBatch, Rejections, assemble, chosen
from detectors.wire.hashing import Hashes
from detectors.wire.identity import MAX_IDENTITY_CHARS
from detectors.wire.memory import WireMemory
from detectors.wire.series import NO_NAME, REFUSED, TOO_LARGE, SeriesTable
from detectors.wire.series_text import attributes_text, parse_attributes

BROKEN = -9
"""In place of a series or code: text that is not UTF-8, or attributes that are no JSON object."""
UNNAMED = -8
"""In place of a code: an empty name."""
_EMPTY: Mapping[str, int | None] = {"entity": UNNAMED, "metric": UNNAMED, "attributes": None, "unit": None, "peer": -1}
"""Code of an absent or empty text; None: that of the empty word."""


class ArrowReader:
    """Reads record batches of one poll; parts and account grow with each."""

    def __init__(self, records: int, memory: WireMemory, received_at: int) -> None:
        self.memory = memory
        self.latest = received_at + memory.settings.future_ns
        self.account = BatchAccount(Rejections(), 0, np.zeros(records, np.int64))
        self.parts: list[PointArrays] = []
        self.gaps = 0
        self.unpacked = 0
        """Bytes that the opened records took by decompression."""

    def open(self, value: bytes, record: int) -> list[Any] | None:
        """All record batches of a record, or None, counted, where it is none."""
        if len(value) > self.memory.settings.max_record_bytes:
            self.refuse(record, DeadLetterReason.TOO_LARGE)
            return None
        try:
            batches, unpacked = opened(value, self.memory.settings.max_unpacked_bytes)
        except TooLargeError:
            self.refuse(record, DeadLetterReason.TOO_LARGE)
            return None
        except (pa.ArrowException, OSError, ValueError, EOFError):
            self.refuse(record, DeadLetterReason.UNDECODABLE)
            return None
        self.unpacked += unpacked
        return batches

    def walked(self, room: Room, span: tuple[int, int], record: int) -> None:
        """Takes the rows [from, to) that the walk has written: one record, all sound and of known series."""
        begin, end = span
        self.parts.append(
            PointArrays(
                series=room.series[begin:end],
                at=room.at[begin:end],
                value=room.value[begin:end],
                start=room.start[begin:end],
                record=np.full(end - begin, record, np.int32),
                unit=np.ones(end - begin, np.uint8),
                place=NO_TIMES,
            )
        )
        self.account.items[record] += end - begin

    def refuse(self, record: int, reason: DeadLetterReason, items: int = 1) -> None:
        """Counts a whole record as rejected."""
        self.account.items[record] += items
        self.account.rejections.add(record, reason, range(min(items, PLACES)), items=items)

    def take(self, batches: Sequence[Any], record: int) -> None:
        """Takes the points of all record batches of a record, or none of them."""
        try:
            columns = [columns_of(batch, self.memory.seed) for batch in batches]
            extras = [primary(batch) for batch in batches]
        except (SchemaMismatchError, pa.ArrowException, UnicodeDecodeError):
            self.refuse(record, DeadLetterReason.SCHEMA_MISMATCH, max(1, sum(len(batch) for batch in batches)))
            return
        place = 0
        for batch, part, unit in zip(batches, columns, extras, strict=True):
            self._points(part, unit, record, place=place)
            place += len(batch)

    def _points(self, columns: PointColumns, unit: npt.NDArray[np.uint8], record: int, *, place: int) -> None:
        rows = len(columns.at)
        hashes = np.empty(rows, np.uint64)
        faults = np.empty(rows, np.uint8)
        texts = columns.texts
        faulty = fill(
            tuple(texts[name].codes for name in TEXTS),
            tuple(texts[name].hashes for name in TEXTS),
            columns.kind,
            (hashes, faults),
        )
        faulty += time_faults(columns.at, columns.value, self.latest, faults)
        if columns.gaps is not None:
            faults[columns.gaps] = GAP
            faulty += int(columns.gaps.sum())
        series = self._series(hashes, faults, columns)
        points = PointArrays(
            series=series,
            at=columns.at,
            value=columns.value,
            start=columns.start if len(columns.start) else np.zeros(rows, np.int64),
            record=np.full(rows, record, dtype=np.int32),
            unit=unit,
            place=NO_TIMES,  # not needed where all is well: the parts are in order
        )
        self.account.items[record] += int(np.count_nonzero(unit))
        if faulty or (rows and series.min() < 0):
            points = self._sorted_out(replace(points, place=np.arange(place, place + rows)), faults)
        self.parts.append(points)

    def _series(self, hashes: Hashes, faults: npt.NDArray[np.uint8], columns: PointColumns) -> npt.NDArray[np.int32]:
        """Series of each row; new ones are added in the order of the rows."""
        table = self.memory.table
        series = table.find(hashes)
        missing = np.flatnonzero((series == -1) & (faults == 0))
        if not len(missing):
            return series
        fresh, first, back = np.unique(hashes[missing], return_index=True, return_inverse=True)
        order = np.argsort(first)
        numbered = np.empty(len(fresh), dtype=np.int32)
        numbered[order] = _add(table, columns, missing[first[order]])
        known = numbered != BROKEN
        table.remember(fresh[known], numbered[known])
        series[missing] = numbered[back]
        return series

    def _sorted_out(self, points: PointArrays, faults: npt.NDArray[np.uint8]) -> PointArrays:
        """The points that are sound; the others are counted."""
        units = points.unit != 0
        self.gaps += int(np.count_nonzero((faults == GAP) & units))
        for code in np.unique(faults).tolist():
            if code not in (0, GAP):
                self._reject(points, units & (faults == code), FAULTS[code])
        good = faults == 0
        for number in np.unique(points.series[good & (points.series < 0)]).tolist():
            # An identity that cannot be read, in a record whose schema is right.
            reason = REFUSED.get(number, DeadLetterReason.SCHEMA_MISMATCH)
            self._reject(points, units & good & (points.series == number), reason)
        return chosen(points, good & (points.series >= 0))

    def _reject(self, points: PointArrays, which: npt.NDArray[np.bool_], reason: DeadLetterReason) -> None:
        places = points.place[which]
        if len(places):
            record = int(points.record[0])
            self.account.rejections.add(record, reason, places[:PLACES].tolist(), items=len(places))

    def batch(self, records: int | None = None) -> PointBatch:
        """Everything that was taken, of the first ``records``; None: of all."""
        account = BatchAccount(self.account.rejections, self.gaps, self.account.items[:records])
        return assemble(self.parts, account, ordered=True)


def decode(records: Sequence[bytes], memory: WireMemory, received_at: int) -> PointBatch:
    """Points of Arrow records; arguments as in ``otlp_walker.decode``. It may end before the last record.

    A record that the compiled walk can take goes no other way; see ``arrow_walk`` for what it leaves to pyarrow.
    """
    reader = ArrowReader(len(records), memory, received_at)
    room = _room(records, memory)
    filled = 0
    for record, value in enumerate(records):
        if reader.unpacked > memory.settings.max_unpacked_bytes:
            return reader.batch(record)
        rows = _walked(value, reader, room, first=filled)
        if rows >= 0:
            reader.walked(room, (filled, filled + rows), record)
            filled += rows
            continue
        batches = reader.open(value, record)
        if batches is not None:
            reader.take(batches, record)
    return reader.batch()


def _room(records: Sequence[bytes], memory: WireMemory) -> Room:
    """Arrays for all rows that the records can hold; pages that are not written cost nothing."""
    readable = [len(value) for value in records if len(value) <= memory.settings.max_record_bytes]
    rows = sum(readable) // 16 + 1  # a time and a value
    return Room(
        series=np.empty(rows, np.int32),
        at=np.empty(rows, np.int64),
        value=np.empty(rows, np.float64),
        start=np.empty(rows, np.int64),
        hashes=np.empty(max(readable, default=0) // 16 + 1, np.uint64),
        strings=np.empty(max(readable, default=0) // 4 + 1, np.uint64),
        seed=memory.seed,
    )


def _walked(value: bytes, reader: ArrowReader, room: Room, *, first: int) -> int:
    if len(value) > reader.memory.settings.max_record_bytes:
        return FOREIGN
    layout = layout_of(value)
    if layout is None:
        return FOREIGN
    return int(walk(np.frombuffer(value, np.uint8), layout, room, first, reader.memory.table.index, reader.latest))


def _add(table: SeriesTable, columns: PointColumns, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Series of rows that are new, each identity once; text is interned once per dictionary entry, not per row."""
    codes = np.empty((len(rows), 6), dtype=np.int32)
    codes[:, 5] = columns.kind[rows] if len(columns.kind) else 0
    makers = (table.entity_code, table.word_code, _canonical(table.word_code), table.word_code, table.word_code)
    length = np.zeros(len(rows), dtype=np.int64)
    for column, (name, make) in enumerate(zip(TEXTS, makers, strict=True)):
        codes[:, column], chars = _interned(columns.texts[name], rows, name, make=make)
        length += chars
    unnamed = (codes[:, 0] == UNNAMED) | (codes[:, 1] == UNNAMED)
    out = np.where(length > MAX_IDENTITY_CHARS, np.int32(TOO_LARGE), np.int32(0))
    out[unnamed] = NO_NAME
    out[(codes == BROKEN).any(axis=1)] = BROKEN
    good = np.flatnonzero(out == 0)
    out[good] = table.add_codes(codes[good])
    return out.astype(np.int32)


def _interned(
    text: TextColumn, rows: npt.NDArray[np.int64], name: str, *, make: Callable[[str], int]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Code in the table and length of the text of each row."""
    absent = _EMPTY[name]
    if not len(text.codes):
        return np.full(len(rows), make("") if absent is None else absent, np.int32), np.zeros(len(rows), np.int64)
    used, back = np.unique(text.codes[rows], return_inverse=True)
    coded, lengths = np.empty(len(used), np.int32), np.zeros(len(used), np.int64)
    for place, code in enumerate(used.tolist()):
        try:
            string = "" if code < 0 else text.strings[code].as_py() or ""
        except UnicodeDecodeError:
            coded[place] = BROKEN
            continue
        lengths[place] = len(string)
        if not string and absent is not None:
            coded[place] = absent
        else:  # what is too long is not interned
            coded[place] = -2 if len(string) > MAX_IDENTITY_CHARS else make(string)
    return coded[back], lengths[back]


def _canonical(make: Callable[[str], int]) -> Callable[[str], int]:
    """Interns attributes sorted, whatever order and spaces their sender uses; ``BROKEN`` where they are none."""

    def interned(text: str) -> int:
        try:
            canonical = attributes_text(parse_attributes(text))
            canonical.encode()
        except (ValueError, RecursionError):
            return BROKEN
        return make(canonical)

    return interned
