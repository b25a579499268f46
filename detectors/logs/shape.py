# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value,call-arg,operator"
# ruff: noqa: ANN001, ANN202, ANN201, C901, PLR0912, SIM110
# numba infers the types, and what is split into small functions with few arguments does not stay in registers.
"""The shape of a log line: its words with what varies left out, as one number, in one compiled pass over the bytes.

A line is cut at white space into tokens, a token at punctuation into parts. A part varies when it holds a digit or an
``@``, is a path or the name of a host; parts that vary and are joined by punctuation count as one. Months and days of
the week before a date vary, and who comes after "for user". What is left are the words that somebody wrote into the
source; lines of one shape are of one template. A shape is a sum over its tokens, so that the shape with another
token in one place is one subtraction away.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detectors.wire.compiling import called, inner
from detectors.wire.hashing import SEED, finish, mix, mix_range

MOST_BYTES = 1000
"""What is read of a line; templates live in its beginning."""
MOST_TOKENS = 48
_SPACE, _DELIMITER, _DIGIT, _SLASH, _BACKSLASH, _AT, _DOT, _HEX = 1, 2, 4, 8, 16, 32, 64, 128
_VARIES = np.uint64(0xA5A5_5A5A_1234_4321)


def _classes() -> npt.NDArray[np.uint8]:
    found = np.zeros(256, np.uint8)
    found[:33] = found[127] = _SPACE
    for character in b"=:,;()[]{}<>\"'|#&?!`":
        found[character] = _DELIMITER
    for character in b"0123456789":
        found[character] = _DIGIT | _HEX
    for character in b"abcdefABCDEF:":
        found[character] |= _HEX
    for character, kind in ((47, _SLASH), (92, _BACKSLASH), (64, _AT), (46, _DOT | _HEX)):
        found[character] |= kind
    return found


CLASSES = _classes()


def _packed(words: str) -> npt.NDArray[np.int64]:
    return np.array([int.from_bytes(word.encode(), "little") for word in words.split()], np.int64)


DAYS = _packed("Mon Tue Wed Thu Fri Sat Sun")
MONTHS = _packed("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")
DOMAINS = _packed("com net org edu gov mil int info io local internal lan")
FILES = _packed("py js ts go rs so sh md cc rb cs gz db")
"""Ends of files that look like a country's domain."""
_USER = int.from_bytes(b"user", "little")
BEFORE_USER = _packed("for by of as from to")
TABLES = (CLASSES, DOMAINS, FILES, DAYS, MONTHS, BEFORE_USER)
"""What ``shape`` looks things up in."""


@inner
def word(buffer, begin, end, lower):
    """Up to eight bytes as one number, with ``lower`` in lower case; 0 where there are more."""
    if end - begin > 8:
        return np.int64(0)
    found, shift = np.int64(0), np.int64(0)
    for place in range(begin, end):
        byte = np.int64(buffer[place])
        if lower and 65 <= byte <= 90:
            byte += 32
        found |= byte << shift
        shift += 8
    return found


@inner
def _among(name, words):
    for place in range(len(words)):
        if words[place] == name:
            return True
    return False


@called
def _host(buffer, begin, end, domains, files):
    """Whether a part with dots and without digits is a host's name: it ends in a domain."""
    if buffer[end - 1] == 46:
        end -= 1
    last = end
    while last > begin and buffer[last - 1] != 46:
        last -= 1
    if last - begin < 2 or end == last:
        return False
    name = word(buffer, last, end, False)
    if end - last == 2:
        both = 97 <= buffer[last] <= 122 and 97 <= buffer[last + 1] <= 122
        return both and not _among(name, files)
    return _among(name, domains)


@called
def _rest(buffer, position, end, classes):
    """Where a path or query ends: at a quote, bracket, comma or semicolon, or with its token."""
    while position < end:
        byte = buffer[position]
        if classes[byte] & _DELIMITER and byte not in (61, 58, 38, 63, 35, 33):  # = : & ? # !
            break
        position += 1
    return position


@inner
def _parts(buffer, position, end, classes):
    """Whether a byte ends a part: punctuation, the first of several dots, the escape before a quote."""
    byte = buffer[position]
    if classes[byte] & _DELIMITER:
        return True
    following = buffer[position + 1] if position + 1 < end else 0
    return (byte == 46 and following == 46) or (byte == 92 and following == 34)


@inner
def _mark(marks, begin, end):
    """Marks bytes as varying, where anybody wants to know."""
    if len(marks):
        for place in range(begin, end):
            marks[place] = 1


@called
def _token(buffer, begin, end, tables, marks):
    """Hash of a token; bytes of parts that vary are marked."""
    classes, domains, files = tables
    state, after = SEED, SEED
    joined, origin = False, begin
    kinds, colons = np.uint8(255), np.int64(0)
    for place in range(begin, end):
        kinds &= classes[buffer[place]]
        colons += buffer[place] == 58
    if kinds & _HEX and colons >= 2:  # an address of hardware or of IPv6, a fingerprint, a time
        _mark(marks, begin, end)
        return mix(state, _VARIES)
    position = begin
    while position < end:
        byte = buffer[position]
        first = position
        if byte == 60 and position + 2 < end and buffer[position + 1] == 42 and buffer[position + 2] == 62:  # <*>
            position += 3
        elif _parts(buffer, position, end, classes):
            state = mix(state, np.uint64(byte))
            position += 1
            while byte == 46 and position < end and buffer[position] == 46:
                position += 1
            continue
        else:
            seen, slashes, worded = np.uint8(0), np.int64(0), False
            while position < end:
                byte = buffer[position]
                kind = classes[byte]
                if _parts(buffer, position, end, classes):
                    break
                seen |= kind
                slashes += byte == 47
                worded = worded or byte >= 128 or 65 <= byte <= 90 or 97 <= byte <= 122 or byte == 95
                position += 1
            size = position - first
            rooted = slashes > 0 and (buffer[first] in (47, 46, 126)) and size > 1  # / . ~
            path = rooted or slashes >= 2 or (seen & _BACKSLASH and size > 2)
            varies = path or bool(seen & (_DIGIT | _AT))
            if not varies and seen & _DOT and worded:
                varies = _host(buffer, first, position, domains, files)
            if not varies:
                state = mix_range(state, buffer, first, position)
                joined = joined and not worded
                continue
            if path:
                position = _rest(buffer, position, end, classes)
        if joined:
            state = after
        else:
            state, origin = mix(state, _VARIES), first
        after, joined = state, True
        _mark(marks, origin, position)
    return state


@inner
def place_hash(token, place):
    """What a token in its place adds to the shape of its line."""
    return finish(mix(token, np.uint64(place)))


@inner
def varying(place):
    """The same for a token that is nothing but a part that varies."""
    return place_hash(mix(SEED, _VARIES), place)


@called
def shape(buffer, begin, end, tables, parts, marks):
    """Sum over the tokens of a line and how many there are; what each adds goes to ``parts``.

    Args:
        buffer: bytes.
        begin: where the line begins.
        end: where it ends.
        tables: TABLES.
        parts: room for MOST_TOKENS rows: hash, begin, end, and 1 where the token varies as a whole.
        marks: empty, or as long as the buffer: 1 at each byte of a part that varies.
    """
    classes, domains, files, days, months, befores = tables
    cut = end - begin > MOST_BYTES
    stop = begin + MOST_BYTES if cut else end
    total, count = np.uint64(0), np.int64(0)
    before, last = np.int64(0), np.int64(0)
    position = begin
    while count < MOST_TOKENS:
        while position < stop and classes[buffer[position]] & _SPACE:
            position += 1
        first = position
        while position < stop and not classes[buffer[position]] & _SPACE:
            position += 1
        if first == position or (cut and position == stop and count):
            break
        size = position - first
        if size == 2 and buffer[first] == 40 and buffer[first + 1] == 41:  # ()
            token = mix(mix(mix(SEED, np.uint64(40)), _VARIES), np.uint64(41))
        else:
            token = _token(buffer, first, position, (classes, domains, files), marks)
        name = word(buffer, first, position, False)
        if size == 3 and (_among(name, days) or _among(name, months)):
            following = position
            while following < end and classes[buffer[following]] & _SPACE:
                following += 1
            number = following < end and 48 <= buffer[following] <= 57
            date = following + 3 <= end and _among(word(buffer, following, following + 3, False), months)
            if (number and _among(name, months)) or (date and _among(name, days)):
                token = mix(SEED, _VARIES)
                _mark(marks, first, position)
        elif last == _USER and _among(before, befores):
            token = mix(SEED, _VARIES)
            _mark(marks, first, position)
        parts[count, 0] = np.int64(place_hash(token, count))
        parts[count, 1], parts[count, 2] = first, position
        parts[count, 3] = token == mix(SEED, _VARIES)
        total += np.uint64(parts[count, 0])
        count += 1
        before, last = last, word(buffer, first, position, True)
    return total, count
