# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value,operator"
# ruff: noqa: ANN001, ANN201, ANN202, C901
# numba infers the types.
"""The compiled walk over an Arrow record: from its bytes to rows of the poll's arrays, without an object a column.

It takes what bulk producers write: a schema that ``arrow_layout`` has a layout for, a dictionary for each column of
text, one record batch without nulls or compression. Everything else, also a row with a fault or of a series that is not
known, is *foreign*: the record is left to pyarrow as if nothing had been walked, so pyarrow has the last word. Parts
that are never read are not checked.

Positions are int64 offsets into the record; every read checks its end first, so no input leads out of the buffer.
Source: arrow.apache.org/docs/format/Columnar.html, flatbuffers.dev/internals.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aiops.jit.compiling import cached_njit
from detectors.wire.arrow_points import KINDS, NOTHING, of_column, of_kind, plain_times
from detectors.wire.compiling import compiled, inner, slicing
from detectors.wire.hashing import Bytes, Hashes, hash_strings, look_up

ROLE, WIDTH, SIGNED, DICTIONARY, BUFFERS = range(5)
"""Columns of a layout."""
ENTITY, METRIC, ATTRIBUTES, UNIT, PEER, TS, VALUE, START, KIND, IGNORED = range(10)
"""Roles; the first five are texts."""
TEXTS = 5
_SCHEMA, _DICTIONARY, _BATCH = 1, 2, 3
_V5 = 4
FOREIGN = -1
_END = -2


class Room(NamedTuple):
    """Arrays of a poll that records are walked into, and scratch for the hashes of one record."""

    series: npt.NDArray[np.int32]
    at: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    start: npt.NDArray[np.int64]
    hashes: Hashes
    """Of rows; as long as the others."""
    strings: Hashes
    """Of dictionaries: at least a quarter as long as the record."""


@compiled
def number(buffer: Bytes, position: int, size: int) -> int:
    """A little-endian signed integer of up to 8 bytes; the caller has checked that it is inside."""
    value = np.int64(0)
    for place in range(size):
        value |= np.int64(buffer[position + place]) << np.int64(8 * place)
    shift = np.int64(64 - 8 * size)
    return np.int64(value << shift) >> shift


@compiled
def field(buffer, table, slot, size, end):
    """Position of a field of a flatbuffer table: 0 where it is absent, -1 where the table leads out of the buffer."""
    if table < 0 or table + 4 > end:
        return np.int64(-1)
    layout = table - number(buffer, table, 4)
    if layout < 0 or layout + 4 > end:
        return np.int64(-1)
    entry = layout + 4 + 2 * slot
    if 4 + 2 * slot + 2 > (number(buffer, layout, 2) & 0xFFFF):
        return np.int64(0)
    if entry + 2 > end:
        return np.int64(-1)
    offset = number(buffer, entry, 2) & 0xFFFF
    if offset == 0:
        return np.int64(0)
    return np.int64(-1) if table + offset + size > end else np.int64(table + offset)


@compiled
def follow(buffer, position, end):
    """Where the offset at ``position`` (a field that ``field`` found) leads; -1 where that is outside or absent."""
    if position <= 0 or position + 4 > end:
        return np.int64(-1)
    target = position + (number(buffer, position, 4) & 0xFFFFFFFF)
    return np.int64(-1) if target + 4 > end else np.int64(target)


@compiled
def message(buffer, position):
    """The message that begins here: type of header (FOREIGN, _END), its table, end of metadata, end of body."""
    total = np.int64(len(buffer))
    nothing = np.int64(0)
    if position == total:
        return np.int64(_END), nothing, nothing, nothing
    foreign = np.int64(FOREIGN), nothing, nothing, nothing
    if position + 8 > total or number(buffer, position, 4) != -1:
        return foreign
    size = number(buffer, position + 4, 4)
    if size == 0:
        return np.int64(_END), nothing, nothing, nothing
    begin = position + 8
    end = begin + size
    if size < 8 or end > total:
        return foreign
    table = follow(buffer, begin, end)
    version = field(buffer, table, 0, 2, end)
    kind = field(buffer, table, 1, 1, end)
    header = follow(buffer, field(buffer, table, 2, 4, end), end)
    length = field(buffer, table, 3, 8, end)
    if table < 0 or version <= 0 or number(buffer, version, 2) != _V5 or kind <= 0 or header < 0 or length < 0:
        return foreign
    body = number(buffer, length, 8) if length > 0 else nothing
    if body < 0 or body > total - end:
        return foreign
    return np.int64(buffer[kind]), header, end, end + body


@inner
def _columns(buffer, table, end):
    """Of a RecordBatch: rows (FOREIGN), and where its nodes and buffers begin with how many there are of each."""
    nothing = np.int64(0)
    foreign = np.int64(FOREIGN), nothing, nothing, nothing, nothing
    length = field(buffer, table, 0, 8, end)
    nodes = follow(buffer, field(buffer, table, 1, 4, end), end)
    buffers = follow(buffer, field(buffer, table, 2, 4, end), end)
    if length < 0 or nodes < 0 or buffers < 0 or field(buffer, table, 3, 4, end) != 0:
        return foreign
    rows = number(buffer, length, 8) if length > 0 else nothing
    count, held = number(buffer, nodes, 4), number(buffer, buffers, 4)
    if rows < 0 or count < 0 or held < 0 or 16 * count > end - nodes - 4 or 16 * held > end - buffers - 4:
        return foreign
    return rows, nodes + 4, count, buffers + 4, held


@inner
def _span(buffer, buffers, which, body, least):
    """Begin and end of a buffer of at least so many bytes inside the body; an end of -1 where it is not."""
    begin = number(buffer, buffers + 16 * which, 8)
    size = number(buffer, buffers + 16 * which + 8, 8)
    if begin < 0 or size < least or least < 0 or begin > body[1] - body[0] or size > body[1] - body[0] - begin:
        return np.int64(0), np.int64(-1)
    return body[0] + begin, body[0] + begin + size


@slicing
def _take_dictionary(buffer, place, layout, found, strings, used):
    """Hashes the strings of a dictionary to ``strings[used:]``; how many are used then, or FOREIGN.

    ``place``: table of the header, end of the metadata, end of the body.
    """
    header, end, after_body = place
    key = field(buffer, header, 0, 8, end)
    data = follow(buffer, field(buffer, header, 1, 4, end), end)
    delta = field(buffer, header, 2, 1, end)
    if key < 0 or data < 0 or delta < 0 or (delta > 0 and buffer[delta] != 0):
        return np.int64(FOREIGN)
    identifier = number(buffer, key, 8) if key > 0 else np.int64(0)
    role = np.int64(IGNORED)
    for column in range(len(layout)):
        if layout[column, DICTIONARY] == identifier:
            role = layout[column, ROLE]
    if role >= TEXTS:
        return np.int64(used)
    rows, nodes, count, buffers, held = _columns(buffer, data, end)
    if rows < 0 or count != 1 or held != 3 or found[role, 1] >= 0 or rows > len(strings) - used - 1:
        return np.int64(FOREIGN)
    if number(buffer, nodes, 8) != rows or number(buffer, nodes + 8, 8) != 0:
        return np.int64(FOREIGN)
    found[role, 0], found[role, 1] = used, rows
    if rows == 0:
        return np.int64(used)
    begin, after = _span(buffer, buffers, 1, (end, after_body), 4 * (rows + 1))
    text, text_end = _span(buffer, buffers, 2, (end, after_body), 0)
    if after < 0 or text_end < 0:
        return np.int64(FOREIGN)
    offsets = buffer[begin : begin + 4 * (rows + 1)].view(np.int32)
    mixed = strings[used : used + rows]
    if not hash_strings(buffer[text:text_end], offsets, mixed):
        return np.int64(FOREIGN)
    for row in range(rows):
        mixed[row] = of_column(mixed[row], role)
    return np.int64(used + rows)


@inner
def _add(hashes, codes, strings):
    """Adds the hash of each row's code to the row's; False where a code is outside the dictionary."""
    most = np.uint64(len(strings))
    for row in range(len(hashes)):
        code = np.uint64(np.int64(codes[row]))
        if code >= most:
            return False
        hashes[row] += strings[code]
    return True


@slicing
def _add_text(hashes, data, layout, strings):
    width, signed = layout[WIDTH], layout[SIGNED]
    if width == 2 and signed:
        return _add(hashes, data.view(np.int16), strings)
    if width == 4:
        return _add(hashes, data.view(np.int32), strings)
    if width == 1 and signed:
        return _add(hashes, data.view(np.int8), strings)
    if width == 2:
        return _add(hashes, data.view(np.uint16), strings)
    return _add(hashes, data, strings)


@inner
def _add_kinds(hashes, kinds):
    for row in range(len(hashes)):
        if kinds[row] >= KINDS:
            return False
        hashes[row] += of_kind(kinds[row])
    return True


@slicing
def _take_batch(buffer, place, layout, found, room, first):
    """Writes the rows of a record batch from ``first`` on; how many, or FOREIGN. Series are not looked up yet."""
    header, end, after_body = place
    rows, nodes, count, buffers, held = _columns(buffer, header, end)
    if rows < 0 or count != len(layout) or held != layout[:, BUFFERS].sum() or rows > len(room.at) - first:
        return np.int64(FOREIGN)
    hashes = room.hashes[:rows]
    hashes[:] = np.uint64(NOTHING)
    room.start[first : first + rows] = 0
    which = np.int64(0)
    for column in range(count):
        role = layout[column, ROLE]
        if role != IGNORED:
            if number(buffer, nodes + 16 * column, 8) != rows or number(buffer, nodes + 16 * column + 8, 8) != 0:
                return np.int64(FOREIGN)
            size = rows * layout[column, WIDTH]
            begin, after = _span(buffer, buffers, which + 1, (end, after_body), size)
            if after < 0:
                return np.int64(FOREIGN)
            data = buffer[begin : begin + size]
            if role == TS:
                room.at[first : first + rows] = data.view(np.int64)
            elif role == VALUE:
                room.value[first : first + rows] = data.view(np.float64)
            elif role == START:
                room.start[first : first + rows] = data.view(np.int64)
            elif role == KIND:
                if not _add_kinds(hashes, data):
                    return np.int64(FOREIGN)
            elif found[role, 1] < 0 or not _add_text(
                hashes, data, layout[column], room.strings[found[role, 0] : found[role, 0] + found[role, 1]]
            ):
                return np.int64(FOREIGN)
        which += layout[column, BUFFERS]
    return rows


@cached_njit(nogil=True)
def walk(buffer, layout, room, first, index, latest):
    """Rows of a record, written to ``room`` from ``first`` on; FOREIGN: nothing counts as written.

    Args:
        buffer: the record, uint8.
        layout: of its schema, which the caller has compared.
        room: see ``Room``.
        first: where to write.
        index: of the table, as ``look_up`` takes it.
        latest: the last time that is not FAR_FUTURE, ns.
    """
    found = np.full((TEXTS, 2), -1, np.int64)
    position, used, rows = np.int64(0), np.int64(0), np.int64(FOREIGN)
    while True:
        kind, header, end, after = message(buffer, position)
        if kind == _END:
            break
        if kind == _DICTIONARY and rows < 0:
            used = _take_dictionary(buffer, (header, end, after), layout, found, room.strings, used)
            if used < 0:
                return np.int64(FOREIGN)
        elif kind == _BATCH and rows < 0:
            rows = _take_batch(buffer, (header, end, after), layout, found, room, first)
            if rows < 0:
                return np.int64(FOREIGN)
        elif kind != _SCHEMA or position != 0:
            return np.int64(FOREIGN)
        position = after
    last = first + rows
    if rows < 0 or not plain_times(room.at[first:last], room.value[first:last], latest):
        return np.int64(FOREIGN)
    lowest = look_up(index, room.hashes[:rows], room.series[first:last])
    return rows if lowest >= 0 else np.int64(FOREIGN)
