# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value"
# ruff: noqa: ANN001, ANN201, ANN202, SIM110
# numba infers the types.
"""Values of JSON members that are no messages, written as the protobuf of their field; part of the compiled scanner.

Each function gives the position after the value, -1 where it is foreign, and the new size of ``out``. The caller
has
made sure that there is room.
"""

from __future__ import annotations

import numpy as np

from detectors.wire import json_schema as schema
from detectors.wire.compiling import inner
from detectors.wire.json_numbers import double_bits, scan_number
from detectors.wire.json_text import QUOTE, space, take_text

ROOM = 64
"""Bytes that one step writes at most, text apart."""
_NO = np.int64(-1)
_OPEN_LIST, _CLOSE_LIST, _COMMA = (ord(letter) for letter in "[],")


@inner
def _write64(out, size, bits):
    """Eight bytes, little-endian."""
    for place in range(8):
        out[size + place] = np.uint8((bits >> np.uint64(8 * place)) & np.uint64(255))
    return size + 8


@inner
def _write_varint(out, size, bits):
    """A base-128 number."""
    while bits >= np.uint64(128):
        out[size] = np.uint8(bits & np.uint64(127)) | 128
        bits >>= np.uint64(7)
        size += 1
    out[size] = np.uint8(bits)
    return size + 1


@inner
def close_length(out, at, size):
    """Writes the length of what lies after the four bytes at ``at``."""
    length = size - at - 4
    for place in range(3):
        out[at + place] = ((length >> (7 * place)) & 127) | 128
    out[at + 3] = (length >> 21) & 127


_TRUE, _FALSE, NULL, _NAN, _INFINITY, _MINUS_INFINITY = (
    np.frombuffer(word, np.uint8) for word in (b"true", b"false", b"null", b'"NaN"', b'"Infinity"', b'"-Infinity"')
)
_NAN_BITS, _INFINITE_BITS, _SIGN = np.uint64(0x7FF8 << 48), np.uint64(0x7FF0 << 48), np.uint64(1 << 63)


@inner
def stands(source, position, end, word):
    """Whether a word stands here."""
    if position + len(word) > end:
        return False
    for place in range(len(word)):
        if source[position + place] != word[place]:
            return False
    return True


@inner
def _take_double(source, position, end, out, size):
    """A number, or the name of one that JSON has not; the position after it and the new size."""
    quoted = source[position] == QUOTE
    if quoted:
        if stands(source, position, end, _NAN):
            return position + len(_NAN), _write64(out, size, _NAN_BITS)
        if stands(source, position, end, _INFINITY):
            return position + len(_INFINITY), _write64(out, size, _INFINITE_BITS)
        if stands(source, position, end, _MINUS_INFINITY):
            return position + len(_MINUS_INFINITY), _write64(out, size, _INFINITE_BITS | _SIGN)
        position += 1
    position, negative, digits, power, integer = scan_number(source, position, end)
    if position < 0:
        return _NO, size
    bits, known = double_bits(negative and not (integer and digits == 0), digits, power)
    if quoted:
        known = known and position < end and source[position] == QUOTE
        position += 1
    return position if known else _NO, _write64(out, size, bits)


@inner
def _take_integer(source, position, end):
    """An integer, in quotes or not; the position after it (-1: it is none), whether it is negative, and its digits."""
    quoted = source[position] == QUOTE
    position += quoted
    position, negative, digits, _, integer = scan_number(source, position, end)
    if position >= 0 and quoted:
        integer = integer and position < end and source[position] == QUOTE
        position += 1
    return position if integer else _NO, negative, digits


@inner
def _fits(kind, negative, digits):
    """Whether an integer is in the range of its kind."""
    if kind in (schema.FIXED64, schema.UINT64S, schema.FIXED64S):
        return not negative or digits == 0
    bits = 63 if kind in (schema.SFIXED64, schema.INT64) else 31 if kind == schema.SINT32 else 32
    limit = np.uint64(1) << np.uint64(bits)
    if kind == schema.UINT32:
        return digits < limit and (not negative or digits == 0)
    return digits <= limit if negative else digits < limit


@inner
def _put_integer(kind, negative, digits, out, size):
    """Writes an integer as its kind is written."""
    number = np.int64(-np.int64(digits)) if negative else np.int64(digits)
    if kind in (schema.FIXED64, schema.SFIXED64, schema.FIXED64S):
        return _write64(out, size, np.uint64(number))
    if kind == schema.SINT32:
        return _write_varint(out, size, np.uint64((number << 1) ^ (number >> 63)))
    return _write_varint(out, size, np.uint64(number))


@inner
def _take_number(source, position, end, kind, out, size):
    """A number of any kind; the position after it and the new size."""
    if kind in (schema.DOUBLE, schema.DOUBLES):
        return _take_double(source, position, end, out, size)
    position, negative, digits = _take_integer(source, position, end)
    if position < 0 or not _fits(kind, negative, digits):
        return _NO, size
    return position, _put_integer(kind, negative, digits, out, size)


@inner
def _take_list(source, position, end, kind, out, size):
    """A list of numbers, packed, its length before it; ``position`` is that of the bracket."""
    at, size = size, size + 4
    position = space(source, position + 1, end)
    if position < end and source[position] == _CLOSE_LIST:
        close_length(out, at, size)
        return position + 1, size
    while position < end and size + ROOM < len(out):
        position, size = _take_number(source, position, end, kind, out, size)
        if position < 0:
            return _NO, size
        position = space(source, position, end)
        if position >= end:
            return _NO, size
        if source[position] == _CLOSE_LIST:
            close_length(out, at, size)
            return position + 1, size
        if source[position] != _COMMA:
            return _NO, size
        position = space(source, position + 1, end)
    return _NO, size


_NAMES_OF_TEMPORALITY = tuple(
    np.frombuffer(b'"AGGREGATION_TEMPORALITY_' + word + b'"', np.uint8)
    for word in (b"UNSPECIFIED", b"DELTA", b"CUMULATIVE")
)
_UNSPECIFIED, _DELTA, _CUMULATIVE = _NAMES_OF_TEMPORALITY


@inner
def _take_temporality(source, position, end, out, size):
    """0, 1 or 2, or the name of one of them."""
    if stands(source, position, end, _CUMULATIVE):
        out[size], position = 2, position + len(_CUMULATIVE)
    elif stands(source, position, end, _DELTA):
        out[size], position = 1, position + len(_DELTA)
    elif stands(source, position, end, _UNSPECIFIED):
        out[size], position = 0, position + len(_UNSPECIFIED)
    elif ord("0") <= source[position] <= ord("2"):
        out[size], position = source[position] - ord("0"), position + 1
    else:
        return _NO, size
    return position, size + 1


@inner
def take_value(source, position, end, kind, out, size):
    """The value of a field that is no message; the position after it (-1: foreign) and the new size."""
    letter = source[position]
    if kind == schema.TEXT:
        if letter != QUOTE or size + 4 + end - position > len(out):
            return _NO, size
        at = size
        position, size = take_text(source, position + 1, end, out, size + 4)
        if position >= 0:
            close_length(out, at, size)
        return position, size
    if kind == schema.BOOL:
        truth = stands(source, position, end, _TRUE)
        if not truth and not stands(source, position, end, _FALSE):
            return _NO, size
        out[size] = 1 if truth else 0
        return position + (4 if truth else 5), size + 1
    if kind == schema.TEMPORALITY:
        return _take_temporality(source, position, end, out, size)
    if kind == schema.UNREAD:
        return _NO, size
    if kind in (schema.DOUBLES, schema.FIXED64S, schema.UINT64S):
        if letter != _OPEN_LIST:
            return _NO, size
        return _take_list(source, position, end, kind, out, size)
    return _take_number(source, position, end, kind, out, size)
