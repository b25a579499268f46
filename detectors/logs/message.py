# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value"
# ruff: noqa: ANN001, ANN202, ANN201, C901
# numba infers the types.
"""Where the message and the level of a structured line are: JSON objects and logfmt, found without parsing the rest.

Only the first level of a JSON object is looked at, and what is nested is gone over by counting brackets, so depth
costs nothing. A line that is neither, or names no message, is its own message.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detectors.logs.shape import word
from detectors.wire.compiling import called, inner

MOST_SCANNED = 32_768
"""A message that begins after so many bytes of a line is not looked for."""
_QUOTE, _ESCAPE, _OPEN, _CLOSE = 34, 92, 123, 125


def _names(words: str) -> npt.NDArray[np.int64]:
    """The first eight letters of each, as ``word`` packs them."""
    return np.array([int.from_bytes(name[:8].encode(), "little") for name in words.split()], np.int64)


MESSAGES = _names("message msg @message body event log")
"""Names of the field that holds the message, the best first."""
LEVELS = _names("level severity lvl loglevel log.level @level")
WORDS = _names("trace debug info notice warn warning error err critical fatal panic emergency emerg crit")
NUMBERS = np.array([1, 5, 9, 10, 13, 13, 17, 17, 21, 21, 21, 24, 24, 21], np.int64)
"""OTLP's severity number of each of WORDS."""
FIELDS = (MESSAGES, LEVELS, WORDS, NUMBERS)


@inner
def _name(buffer, begin, end):
    """The first eight letters of a name of at most nine, in lower case; 0 where it is longer."""
    return word(buffer, begin, min(end, begin + 8), True) if 0 < end - begin <= 9 else np.int64(0)


@called
def severity(buffer, begin, end, fields):
    """OTLP's severity number of a level in words, or in the numbers of bunyan and pino; 0: not known."""
    name = _name(buffer, begin, end)
    for place in range(len(fields[2])):
        if fields[2][place] == name and name != 0:
            return fields[3][place]
    if end - begin == 2 and 49 <= buffer[begin] <= 54 and buffer[begin + 1] == 48:  # 10 to 60
        return np.int64(1 + 4 * (buffer[begin] - 49))
    return np.int64(0)


@called
def _text(buffer, position, end):
    """The position of the quote that ends a JSON string whose text begins here; ``end`` where there is none."""
    while position < end and buffer[position] != _QUOTE:
        position += 2 if buffer[position] == _ESCAPE else 1
    return min(position, end)


@inner
def _space(buffer, position, end):
    while position < end and buffer[position] <= 32:
        position += 1
    return position


@called
def _skip(buffer, position, end):
    """The position of the comma or bracket after a JSON value that is no string."""
    depth = 0
    while position < end:
        byte = buffer[position]
        if byte == _QUOTE:
            position = _text(buffer, position + 1, end)
        elif byte in (91, _OPEN):
            depth += 1
        elif byte in (93, _CLOSE):
            if depth == 0:
                break
            depth -= 1
        elif byte == 44 and depth == 0:
            break
        position += 1
    return min(position, end)


@called
def _json(buffer, begin, end, fields):
    """Range of the message and severity of an object that opens at ``begin``; (0, 0): it has none."""
    best, found, found_end, level = len(fields[0]), np.int64(0), np.int64(0), np.int64(0)
    position = begin + 1
    while position < end:
        position = _space(buffer, position, end)
        if position >= end or buffer[position] != _QUOTE:
            break
        first = position + 1
        last = _text(buffer, first, end)
        name = _name(buffer, first, last)
        position = _space(buffer, last + 1, end)
        if position >= end or buffer[position] != 58:
            break
        position = _space(buffer, position + 1, end)
        quoted = position < end and buffer[position] == _QUOTE
        first = position + 1 if quoted else position
        last = _text(buffer, first, end) if quoted else _skip(buffer, first, end)
        position = _skip(buffer, last + 1, end) if quoted else last
        if name != 0:
            for rank in range(len(fields[0])):
                if quoted and rank < best and last > first and fields[0][rank] == name:
                    best, found, found_end = rank, first, last
            for rank in range(len(fields[1])):
                if level == 0 and fields[1][rank] == name:
                    level = severity(buffer, first, last, fields)
        if position >= end or buffer[position] != 44:
            break
        position += 1
    return found, found_end, level


@called
def _logfmt(buffer, begin, end, fields):
    """The same of a line of ``key=value`` and ``key="value"``."""
    best, found, found_end, level = len(fields[0]), np.int64(0), np.int64(0), np.int64(0)
    position = begin
    while position < end:
        position = _space(buffer, position, end)
        first = position
        while position < end and buffer[position] > 32 and buffer[position] != 61:
            position += 1
        if position >= end or buffer[position] != 61:
            continue
        name = _name(buffer, first, position)
        position += 1
        quoted = position < end and buffer[position] == _QUOTE
        first = position + 1 if quoted else position
        if quoted:
            last = _text(buffer, first, end)
            position = last + 1
        else:
            while position < end and buffer[position] > 32:
                position += 1
            last = position
        if name != 0:
            for rank in range(len(fields[0])):
                if rank < best and last > first and fields[0][rank] == name:
                    best, found, found_end = rank, first, last
            for rank in range(len(fields[1])):
                if level == 0 and fields[1][rank] == name:
                    level = severity(buffer, first, last, fields)
    return found, found_end, level


@called
def message(buffer, begin, end, fields):
    """Range of a line's message, and its severity where the line says it, else 0."""
    stop = min(end, begin + MOST_SCANNED)
    first = _space(buffer, begin, stop)
    found, found_end, level = np.int64(0), np.int64(0), np.int64(0)
    if first < stop and buffer[first] == _OPEN:
        found, found_end, level = _json(buffer, first, stop, fields)
    else:
        position = first
        while position < stop and buffer[position] > 32 and buffer[position] not in (61, _QUOTE):
            position += 1
        if position > first and position < stop and buffer[position] == 61:
            found, found_end, level = _logfmt(buffer, first, stop, fields)
    if found_end > found:
        return found, found_end, level
    return np.int64(begin), np.int64(end), level
