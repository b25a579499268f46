# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value"
# ruff: noqa: ANN001, ANN201, ANN202, C901
# numba infers the types.
"""Strings of JSON text, and values that nobody reads, in compiled loops. -1 stands for what is not JSON."""

from __future__ import annotations

import numpy as np

from detectors.wire.compiling import inner
from detectors.wire.json_numbers import scan_number

QUOTE, BACKSLASH = ord('"'), ord("\\")
_NO = np.int64(-1)
_DEEPEST = 60
_ESCAPED = np.zeros(256, np.uint8)
"""What the character after a backslash stands for; 0: nothing."""
for _letter, _meant in zip('"\\/bfnrt', '"\\/\b\f\n\r\t', strict=True):
    _ESCAPED[ord(_letter)] = ord(_meant)


@inner
def space(source, position, end):
    """The position after white space."""
    while position < end and (source[position] in (32, 10, 13, 9)):
        position += 1
    return position


@inner
def _hexadecimal(source, position, end):
    """Four hexadecimal digits; -1 where they are none."""
    value = np.int64(0)
    if position + 4 > end:
        return _NO
    for place in range(position, position + 4):
        letter = np.int64(source[place])
        if ord("0") <= letter <= ord("9"):
            digit = letter - ord("0")
        elif ord("a") <= letter | 32 <= ord("f"):
            digit = (letter | 32) - ord("a") + 10
        else:
            return _NO
        value = 16 * value + digit
    return value


@inner
def _put(out, size, point):
    """Writes a code point as UTF-8; the new size."""
    if point < 0x80:
        out[size] = point
        return size + 1
    if point < 0x800:
        out[size], out[size + 1] = 0xC0 | point >> 6, 0x80 | point & 63
        return size + 2
    if point < 0x10000:
        out[size], out[size + 1], out[size + 2] = 0xE0 | point >> 12, 0x80 | point >> 6 & 63, 0x80 | point & 63
        return size + 3
    out[size], out[size + 1] = 0xF0 | point >> 18, 0x80 | point >> 12 & 63
    out[size + 2], out[size + 3] = 0x80 | point >> 6 & 63, 0x80 | point & 63
    return size + 4


@inner
def _take_escape(source, position, end, out, size):
    """What follows a backslash; the position after it, and the new size."""
    if position >= end:
        return _NO, size
    letter = source[position]
    if letter != ord("u"):
        if _ESCAPED[letter] == 0:
            return _NO, size
        out[size] = _ESCAPED[letter]
        return position + 1, size + 1
    point = _hexadecimal(source, position + 1, end)
    position += 5
    if 0xD800 <= point < 0xDC00:
        if position + 2 > end or source[position] != BACKSLASH or source[position + 1] != ord("u"):
            return _NO, size
        low = _hexadecimal(source, position + 2, end)
        if not 0xDC00 <= low < 0xE000:
            return _NO, size
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00)
        position += 6
    elif point < 0 or 0xDC00 <= point < 0xE000:
        return _NO, size
    return position, _put(out, size, point)


@inner
def take_text(source, position, end, out, size):
    """A string to ``out[size:]``, which has room for as many bytes as are left; the position after it and the new size.

    ``position`` is that after the opening quote. That the text is UTF-8 is not checked.
    """
    while position < end:
        letter = source[position]
        position += 1
        if letter == QUOTE:
            return position, size
        if letter == BACKSLASH:
            position, size = _take_escape(source, position, end, out, size)
            if position < 0:
                break
        elif letter < 32:
            break
        else:
            out[size] = letter
            size += 1
    return _NO, size


@inner
def _skip_word(source, position, end):
    """The position after true, false or null."""
    letter = source[position]
    size = 5 if letter == ord("f") else 4
    if position + size > end:
        return _NO
    word = 0
    for place in range(position, position + size):
        word = word * 131 + np.int64(source[place])
    return position + size if word in (_TRUE, _FALSE, _NULL) else _NO


def _mixed(word: str) -> int:
    value = 0
    for letter in word.encode():
        value = value * 131 + letter
    return value


_TRUE, _FALSE, _NULL = map(_mixed, ("true", "false", "null"))


@inner
def _skip_plain(source, position, end, out, size):
    """The position after a string, number or word."""
    if source[position] == QUOTE:
        return take_text(source, position + 1, end, out, size)[0]
    if source[position] in (ord("t"), ord("f"), ord("n")):
        return _skip_word(source, position, end)
    return scan_number(source, position, end)[0]


@inner
def skip_value(source, position, end, out, size):
    """The position after any value; ``out[size:]`` is scratch, with room for as many bytes as are left."""
    objects, depth = np.uint64(0), 0
    one = np.uint64(1)
    while True:
        position = space(source, position, end)
        if position >= end:
            return _NO
        letter = source[position]
        opened = letter in (ord("{"), ord("["))
        if opened:
            if depth == _DEEPEST:
                return _NO
            objects = (objects << one) | np.uint64(letter == ord("{"))
            depth += 1
            position = space(source, position + 1, end)
            if position >= end:
                return _NO
        else:
            position = _skip_plain(source, position, end, out, size)
            if position < 0:
                return _NO
        empty = opened and source[position] in (ord("}"), ord("]"))
        if not opened or empty:
            position, depth, objects = _skip_ends(source, position, end, depth, objects)
            if position < 0 or depth == 0:
                return position
        if objects & one:
            position = skip_key(source, position, end, out, size)
            if position < 0:
                return _NO


@inner
def _skip_ends(source, position, end, depth, objects):
    """From the end of a value to the next one: over closing brackets and one comma. Depth 0: the value is over."""
    one = np.uint64(1)
    while depth > 0:
        position = space(source, position, end)
        if position >= end:
            return _NO, depth, objects
        letter = source[position]
        position += 1
        if letter == ord(","):
            return position, depth, objects
        if letter != (ord("}") if objects & one else ord("]")):
            return _NO, depth, objects
        objects >>= one
        depth -= 1
    return position, depth, objects


@inner
def skip_key(source, position, end, out, size):
    """The position after the name of a member and its colon."""
    position = space(source, position, end)
    if position >= end or source[position] != QUOTE:
        return _NO
    position = take_text(source, position + 1, end, out, size)[0]
    if position < 0:
        return _NO
    position = space(source, position, end)
    return position + 1 if position < end and source[position] == ord(":") else _NO
