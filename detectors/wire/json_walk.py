# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value"
# ruff: noqa: ANN001, ANN202, C901, PLR0913, PLR0917
# numba infers the types.
"""The compiled scanner of OTLP/JSON: from the text of a metrics request to the protobuf of the same request.

The walk over protobuf then reads it like any other. The scanner takes what exporters write. Whatever else there is (a
name that comes twice, a number out of range or with more than 19 digits, a value of another type than its field has,
bytes in base64) is *foreign*: the record is left to protobuf's own JSON parser, which has the last word. Lengths of
messages are written as four bytes, because they are known at the end; protobuf allows that.

Values of members that decoding does not read must be JSON, and are not looked at otherwise.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detectors.wire import json_schema as schema
from detectors.wire.compiling import compiled, inner
from detectors.wire.hashing import Bytes
from detectors.wire.json_schema import FIELDS, FIRSTS, NAMES
from detectors.wire.json_text import QUOTE, skip_key, skip_value, space
from detectors.wire.json_values import NULL, ROOM, close_length, stands, take_value

FOREIGN = -1
DEPTH = 24
"""Messages in each other; an attribute may be a list of lists."""
_TYPE, _LENGTH_AT, _SEEN, _FIELD = range(4)
"""Columns of the stack: message, where its length goes (-1: nowhere), fields that came, its field where it is one of a
list (-1: it is not)."""
FRAME = 4
_NO = np.int64(-1)
_OPEN, _CLOSE, _OPEN_LIST, _CLOSE_LIST, _COMMA = (ord(letter) for letter in "{}[],")


@inner
def _find(source, begin, end, message, hints):
    """Row of FIELDS of a name, -1 where the message has none; tries the one after the last first."""
    first, last = FIRSTS[message], FIRSTS[message + 1]
    row = hints[message]
    for _ in range(last - first):
        if row >= last or row < first:
            row = first
        name, size = FIELDS[row, schema.NAME], FIELDS[row, schema.NAME_END] - FIELDS[row, schema.NAME]
        if size == end - begin:
            same = True
            for place in range(size):
                same &= source[begin + place] == NAMES[name + place]
            if same:
                hints[message] = row + 1
                return np.int64(row)
        row += 1
    return _NO


@inner
def _open(stack, depth, row, listed, out, size):
    """Begins a message of the field in a row of FIELDS; the new size."""
    out[size] = FIELDS[row, schema.TAG]
    stack[depth, _TYPE], stack[depth, _LENGTH_AT] = FIELDS[row, schema.CHILD], size + 1
    stack[depth, _SEEN], stack[depth, _FIELD] = 0, row if listed else -1
    return size + 5


@inner
def _take_member(source, position, end, stack, depth, hints, out, size):
    """One member of a message, from its name on; where it opens a message, up to after its bracket.

    Gives the position (-1: foreign), the depth and the size after it.
    """
    if position >= end or source[position] != QUOTE:
        return _NO, depth, size
    after = skip_key(source, position, end, out, size)
    if after < 0:
        return _NO, depth, size
    name_end = position + 1
    while source[name_end] != QUOTE:  # there is one; a name with an escape is longer than what is found, or unknown
        name_end += 1
    row = _find(source, position + 1, name_end, stack[depth, _TYPE], hints)
    position = space(source, after, end)
    if position >= end:
        return _NO, depth, size
    if row < 0:
        return skip_value(source, position, end, out, size), depth, size
    if stands(source, position, end, NULL):
        return position + 4, depth, size
    if stack[depth, _SEEN] & FIELDS[row, schema.BIT]:
        return _NO, depth, size
    stack[depth, _SEEN] |= FIELDS[row, schema.BIT]
    kind = FIELDS[row, schema.KIND]
    if kind > schema.MESSAGES:
        out[size] = FIELDS[row, schema.TAG]
        position, size = take_value(source, position, end, kind, out, size + 1)
        return position, depth, size
    if kind == schema.MESSAGES:
        if source[position] != _OPEN_LIST:
            return _NO, depth, size
        position = space(source, position + 1, end)
        if position < end and source[position] == _CLOSE_LIST:
            return position + 1, depth, size
    if position >= end or source[position] != _OPEN or depth + 1 == len(stack):
        return _NO, depth, size
    return position + 1, depth + 1, _open(stack, depth + 1, row, kind == schema.MESSAGES, out, size)


@inner
def _close_messages(source, position, end, stack, depth, out, size):
    """After a value: over what ends here, up to the next member, or into the next message of a list.

    Gives the position (-1: foreign), the depth (-1: the request is over), the size, and whether a message was opened.
    """
    while True:
        position = space(source, position, end)
        if position >= end:
            return _NO, depth, size, False
        if source[position] == _COMMA:
            return position + 1, depth, size, False
        if source[position] != _CLOSE:
            return _NO, depth, size, False
        if stack[depth, _LENGTH_AT] >= 0:
            close_length(out, stack[depth, _LENGTH_AT], size)
        row = stack[depth, _FIELD]
        depth -= 1
        position = space(source, position + 1, end)
        if depth < 0:
            return position, depth, size, False
        if row >= 0:
            if position >= end:
                return _NO, depth, size, False
            if source[position] == _COMMA:
                position = space(source, position + 1, end)
                if position >= end or source[position] != _OPEN:
                    return _NO, depth, size, False
                return position + 1, depth + 1, _open(stack, depth + 1, row, True, out, size), True
            if source[position] != _CLOSE_LIST:
                return _NO, depth, size, False
            position += 1


@compiled
def to_protobuf(source: Bytes, out: Bytes, stack: npt.NDArray[np.int64], hints: npt.NDArray[np.int64]) -> int:
    """Writes the protobuf of a JSON request to ``out``; its size, or FOREIGN.

    Args:
        source: the text.
        out: at least four times as long and 1,024 bytes more.
        stack: scratch, shape (DEPTH, FRAME).
        hints: scratch, one for each message: the field that is expected next.
    """
    end, size, depth = len(source), np.int64(0), np.int64(0)
    position = space(source, 0, end)
    if position >= end or source[position] != _OPEN:
        return FOREIGN
    position += 1
    stack[0, _TYPE], stack[0, _LENGTH_AT], stack[0, _SEEN], stack[0, _FIELD] = schema.REQUEST, -1, 0, -1
    fresh = True
    while True:
        position = space(source, position, end)
        if size + ROOM + end - position > len(out):
            return FOREIGN
        if not (fresh and position < end and source[position] == _CLOSE):
            before = depth
            position, depth, size = _take_member(source, position, end, stack, depth, hints, out, size)
            if position < 0:
                return FOREIGN
            if depth > before:
                fresh = True
                continue
        position, depth, size, fresh = _close_messages(source, position, end, stack, depth, out, size)
        if position < 0:
            return FOREIGN
        if depth < 0:
            return size if position == end else FOREIGN
