# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value,call-arg"
# ruff: noqa: ANN001, ANN202, ANN201
# numba infers the types.
"""The compiled loop from lines to templates: message, shape, key, row; no object a line."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.logs.message import FIELDS, message
from detectors.logs.shape import MOST_TOKENS, TABLES, shape, varying
from detectors.wire.compiling import called, compiled, inner
from detectors.wire.hashing import SEED, Bytes, Hashes, finish, mix

LEVELS = 3
"""Levels that are told apart: see ``level_of``."""
UNKNOWN = -1
Longs = npt.NDArray[np.int64]
_NO_MARKS = np.empty(0, np.uint8)


class Lines(NamedTuple):
    """Lines of one buffer: columns of one length."""

    begin: Longs
    end: Longs
    owner: Hashes
    """Hash of the entity's name."""
    severity: Longs
    """OTLP's number; where it is 0 and the line says its level itself, that is written here."""


class LookedUp(NamedTuple):
    """What was found of each line."""

    key: Hashes
    """Of shape, entity and level; never 0."""
    row: npt.NDArray[np.int32]
    """Of the table; UNKNOWN: the shape is new."""


@inner
def level_of(number):
    """OTLP's severity as a level: 0 info, 1 warning, 2 error."""
    return 2 if number >= 17 else 1 if number >= 13 else 0


@inner
def owner_of(entity, level):
    """Entity and level as one hash."""
    return mix(entity, np.uint64(level + 1))


@inner
def key_of(total, count, owner):
    """Key of a shape for an owner."""
    return finish(mix(mix(owner, total), np.uint64(count)))


@called
def _place(slots, key):
    mask = np.uint64(len(slots) // 2 - 1)
    one = np.uint64(1)
    place = key & mask
    while slots[place << one] != key:
        if slots[place << one] == np.uint64(0):
            return np.int32(UNKNOWN)
        place = (place + one) & mask
    return np.int32(np.int64(slots[(place << one) + one]))


@called
def _general(total, count, owner, table, parts):
    """Row of a template in which one word more varies than in this shape."""
    slots, general = table
    for place in range(count):
        if parts[place, 3] == 0:
            wanted = total - np.uint64(parts[place, 0]) + varying(place)
            row = _place(slots, key_of(wanted, count, owner))
            if row >= 0 and general[row] != 0:
                return row
    return np.int32(UNKNOWN)


@compiled
def _look_up(buffer, lines, table, constants, out):
    fields, tables, parts, marks = constants
    slots, general = table
    widened = general[len(general) - 1] != 0
    for line in range(len(lines.begin)):
        begin, end, level = message(buffer, lines.begin[line], lines.end[line], fields)
        if lines.severity[line] == 0:
            lines.severity[line] = level
        owner = owner_of(lines.owner[line], level_of(lines.severity[line]))
        total, count = shape(buffer, begin, end, tables, parts, marks)
        key = key_of(total, count, owner)
        row = _place(slots, key)
        if row < 0 and widened:
            row = _general(total, count, owner, (slots, general), parts)
        out.key[line], out.row[line] = key, row


@compiled
def _dissect(buffer, begin, end, constants, cells):
    """Message and tokens of one line: ``cells`` are begin and end of the message, tokens, their sum."""
    fields, tables, parts, marks = constants
    first, last, _ = message(buffer, begin, end, fields)
    total, count = shape(buffer, first, last, tables, parts, marks)
    cells[0], cells[1], cells[2], cells[3] = first, last, count, np.int64(total)


@compiled
def keys_of(totals, counts, owners, out):
    """Key of each shape, given by its sum, how many tokens it has, and the hash of its entity and level."""
    for row in range(len(totals)):
        out[row] = key_of(totals[row], counts[row], owners[row])


@compiled
def owners_of(entities, levels, out):
    """Hash of each entity and level."""
    for row in range(len(entities)):
        out[row] = owner_of(entities[row], levels[row])


@compiled
def varied(parts, places, out):
    """What each token in its place would add if it varied, in the place of what it adds."""
    for row in range(len(parts)):
        out[row] = varying(places[row]) - parts[row]


def look_up(buffer: Bytes, lines: Lines, slots: Hashes, *, general: npt.NDArray[np.uint8]) -> LookedUp:
    """The template of each line.

    Args:
        buffer: bytes of all lines.
        lines: where they are; severities are filled in.
        slots: of the index from keys to rows.
        general: by row, 1 where a word of the template varies that is none by its looks; the last: whether any does.
    """
    count = len(lines.begin)
    found = LookedUp(np.empty(count, np.uint64), np.empty(count, np.int32))
    parts = np.empty((MOST_TOKENS, 4), np.int64)
    _look_up(buffer, lines, (slots, general), (FIELDS, TABLES, parts, _NO_MARKS), found)
    return found


class Dissected(NamedTuple):
    """One line, token by token."""

    begin: int
    """Of the message, in bytes of the line."""
    end: int
    total: np.uint64
    parts: Longs
    """Hash, begin, end and whether it varies as a whole, of each token; shape (n, 4)."""
    marks: npt.NDArray[np.uint8]
    """1 at each byte of the line that varies."""


def dissect(line: bytes) -> Dissected:
    """Message, shape and varying parts of one line."""
    buffer = np.frombuffer(line, np.uint8)
    parts, cells = np.empty((MOST_TOKENS, 4), np.int64), np.empty(4, np.int64)
    marks = np.zeros(max(len(line), 1), np.uint8)
    _dissect(buffer, 0, len(line), (FIELDS, TABLES, parts, marks), cells)
    begin, end, count, total = cells.tolist()
    return Dissected(begin, end, np.uint64(total & (2**64 - 1)), parts[:count], marks)


def hash_of(text: bytes) -> np.uint64:
    """Hash of one text."""
    out = np.empty(1, np.uint64)
    _hash(np.frombuffer(text, np.uint8), out)
    return np.uint64(out[0])


@compiled
def _hash(buffer, out):
    state = SEED
    for byte in buffer:
        state = mix(state, np.uint64(byte))
    out[0] = finish(mix(state, np.uint64(len(buffer))))
