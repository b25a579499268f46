# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value,call-arg,operator"
# ruff: noqa: ANN001, ANN202, ANN201, C901, PLR0912, PLR0915
# numba infers the types, and what is split into small functions with few arguments does not stay in registers.
"""The compiled loop over the spans of a poll: from byte ranges to columns; see ``spans`` for what they mean."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.wire import tape as t
from detectors.wire.batch import PLACES
from detectors.wire.compiling import compiled, inner
from detectors.wire.envelope import BEGIN, END, RECORD, RESOURCE
from detectors.wire.hashing import SEED, Hashes, finish, load64, mix_range

AT, DURATION, IN_RECORD, IN_RESOURCE, KIND, STATUS, NAME, PEER, USES = range(9)
"""Rows of ``SpanTape.numbers``. NAME and PEER are rows of ``SpanTape.words``."""
_CLIENT, _PRODUCER = 3, 4
_LOCALHOST, _NET_127, _V6 = tuple(b"localhost"), tuple(b"127."), tuple(b"[::1")
_COLON = 58
SPANS, WORDS = range(2)


class SpanTape(NamedTuple):
    """Output of one loop: sound spans, the words that they use, and tallies per record."""

    numbers: npt.NDArray[np.int64]
    """Shape (9, room)."""
    ids: Hashes
    """Trace (two words), span and parent of each span, as the bytes lie; zeros: none or malformed. (room, 4)."""
    words: npt.NDArray[np.int64]
    """Begin, end and first record of each word; shape (room, 3)."""
    slots: Hashes
    """Open addressing over the words: hash and row, one after the other."""
    items: npt.NDArray[np.int64]
    rejected: npt.NDArray[np.int64]
    places: npt.NDArray[np.int32]
    status: npt.NDArray[np.uint8]
    cursor: npt.NDArray[np.int64]
    """How many spans and words are written."""
    latest: int
    """The last time that is not FAR_FUTURE, ns."""


def make_tape(records: int, spans: int, latest: int) -> SpanTape:
    """An empty tape for so many records and spans."""
    room = 2 * spans + 8  # a name and a peer each
    return SpanTape(
        numbers=np.empty((9, spans), np.int64),
        ids=np.empty((spans, 4), np.uint64),
        words=np.empty((room, 3), np.int64),
        slots=np.zeros(2 << (2 * room - 1).bit_length(), np.uint64),
        items=np.zeros(records, np.int64),
        rejected=np.zeros((records, len(t.REASONS)), np.int64),
        places=np.zeros((records, len(t.REASONS), PLACES), np.int32),
        status=np.zeros(records, np.uint8),
        cursor=np.zeros(2, np.int64),
        latest=latest,
    )


@inner
def _word(buffer, begin, end, tape, record):
    """Row of a word, new where it is new to the poll."""
    wanted = finish(mix_range(SEED, buffer, begin, end))
    slots = tape.slots
    one = np.uint64(1)
    mask = np.uint64(len(slots) // 2 - 1)
    place = wanted & mask
    while slots[place << one] != np.uint64(0):
        if slots[place << one] == wanted:
            return np.int64(slots[(place << one) + one])
        place = (place + one) & mask
    row = tape.cursor[WORDS]
    tape.cursor[WORDS] = row + 1
    slots[place << one], slots[(place << one) + one] = wanted, np.uint64(row)
    tape.words[row, 0], tape.words[row, 1], tape.words[row, 2] = begin, end, record
    return row


@inner
def _pair(buffer, position, end):
    """One KeyValue: hash of its key, range of its text (0, 0: it is no text); an end of -1: foreign."""
    key, text, text_end = SEED, np.int64(0), np.int64(0)
    key = finish(mix_range(SEED, buffer, position, position))
    valued = False
    while position < end:
        number, wire, position = t.tag(buffer, position, end)
        if position < 0:
            return key, np.int64(0), np.int64(-1)
        if number == 1 and wire == t.LEN:
            begin, position = t.span(buffer, position, end)
            if position >= 0:
                key = finish(mix_range(SEED, buffer, begin, position))
        elif number == 2 and wire == t.LEN:
            inside, position = t.span(buffer, position, end)
            if position < 0 or valued:
                return key, np.int64(0), np.int64(-1)
            valued = True
            while inside < position:
                number, wire, inside = t.tag(buffer, inside, position)
                if inside < 0:
                    return key, np.int64(0), np.int64(-1)
                begin = inside
                if wire == t.LEN:
                    begin, inside = t.span(buffer, inside, position)
                else:
                    inside = t.skip(buffer, inside, position, wire)
                if inside < 0:
                    return key, np.int64(0), np.int64(-1)
                if number == 1 and wire == t.LEN:
                    text, text_end = begin, inside
                elif 1 < number < 8:  # another member of the oneof
                    text, text_end = np.int64(0), np.int64(0)
        else:
            position = t.skip(buffer, position, end, wire)
        if position < 0:
            return key, np.int64(0), np.int64(-1)
    return key, text, text_end


@inner
def _begins(buffer, begin, end, text):
    """Whether a range begins with a text in lower case."""
    if end - begin < len(text):
        return False
    for place in range(len(text)):  # noqa: SIM110 (numba knows no generators)
        if buffer[begin + place] | 32 != text[place] | 32:
            return False
    return True


@inner
def _is_loopback(buffer, begin, end):
    """Whether a text is ``localhost``, ``127.…`` or ``::1``, with or without brackets and port."""
    if _begins(buffer, begin, end, _LOCALHOST):
        begin += len(_LOCALHOST)
        return begin == end or buffer[begin] == _COLON
    return (
        _begins(buffer, begin, end, _NET_127)
        or _begins(buffer, begin, end, _V6)
        or (_begins(buffer, begin, end, _V6[1:]) and end - begin == len(_V6) - 1)
    )


@inner
def _peer(buffer, position, end, keys, peers):
    """Range of the other end's name, whether a key of use is there; an end of -1: foreign.

    ``keys`` holds hashes: first those that name a peer, the best first, then those that tell a use. A loopback address
    names nobody.
    """
    best, name, name_end, uses = np.int64(peers), np.int64(0), np.int64(0), np.int64(0)
    while position < end:
        number, wire, position = t.tag(buffer, position, end)
        if number != 9 or wire != t.LEN:
            position = t.skip(buffer, position, end, wire)
            continue
        begin, position = t.span(buffer, position, end)
        key, text, text_end = _pair(buffer, begin, position)
        if text_end < 0:
            return np.int64(0), np.int64(-1), uses
        for rank in range(len(keys)):
            if keys[rank] == key:
                if rank >= peers:
                    uses = np.int64(1)
                elif rank < best and text_end > text and not _is_loopback(buffer, text, text_end):
                    best, name, name_end = rank, text, text_end
    return name, name_end, uses


@inner
def _status(buffer, position, end):
    """Code (3) of a Status; the second number is -1 where it is foreign."""
    code = np.int64(0)
    while position < end:
        number, wire, position = t.tag(buffer, position, end)
        if position >= 0 and number == 3 and wire == t.VARINT:
            code, position = t.varint(buffer, position, end)
        elif position >= 0:
            position = t.skip(buffer, position, end, wire)
        if position < 0:
            return code, np.int64(-1)
    return code, np.int64(0)


@inner
def _byte(number):
    """An enum, 32 bits wide and signed, within a byte."""
    return np.int64(min(max(np.int64(np.int32(number & 0xFFFFFFFF)), 0), 255))


@inner
def _fault(at, until, latest):
    """Position in REASONS of what is wrong with a span's times, or -1."""
    fault = t.time_fault(at, latest)
    if fault < 0:
        fault = t.time_fault(until, latest)
    return t.BAD_TIME if fault < 0 and until < at else fault


@inner
def _read(buffer, position, end, tape, item):
    """One Span; ``item`` is its record and resource. FOREIGN where it is not as expected."""
    keys, record = item[2], item[0]
    first = position
    at, until, kind, code, status = np.int64(0), np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    name, name_end = np.int64(0), np.int64(0)
    trace_low, trace_high, own, parent = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0)
    coded = False
    while position < end:
        number, wire, position = t.tag(buffer, position, end)
        if position < 0:
            return t.FOREIGN
        if wire == t.LEN:
            begin, position = t.span(buffer, position, end)
            if position < 0:
                return t.FOREIGN
            size = position - begin
            if number == 1:
                trace_low = load64(buffer, begin) if size == 16 else np.uint64(0)
                trace_high = load64(buffer, begin + 8) if size == 16 else np.uint64(0)
            elif number == 2:
                own = load64(buffer, begin) if size == 8 else np.uint64(0)
            elif number == 4:
                parent = load64(buffer, begin) if size == 8 else np.uint64(0)
            elif number == 5:
                name, name_end = begin, position
            elif number == 15:
                code, status = _status(buffer, begin, position)
                if coded or status < 0:
                    return t.FOREIGN
                coded = True
        elif wire == t.FIXED64 and number in (7, 8):
            value, position = t.fixed64(buffer, position, end)
            if number == 7:
                at = value
            else:
                until = value
        elif wire == t.VARINT and number == 6:
            kind, position = t.varint(buffer, position, end)
        else:
            position = t.skip(buffer, position, end, wire)
        if position < 0:
            return t.FOREIGN
    kind = _byte(kind)
    peer, peer_end, uses = np.int64(0), np.int64(0), np.int64(0)
    if kind in (_CLIENT, _PRODUCER):
        peer, peer_end, uses = _peer(buffer, first, end, keys, item[3])
        if peer_end < 0:
            return t.FOREIGN
    place = tape.items[record]
    tape.items[record] = place + 1
    fault = _fault(at, until, tape.latest)
    if fault >= 0:
        t.reject(tape.rejected, tape.places, record, fault, place)
        return t.OK
    row = tape.cursor[SPANS]
    numbers, ids = tape.numbers, tape.ids
    numbers[AT, row], numbers[DURATION, row] = at, until - at
    numbers[IN_RECORD, row], numbers[IN_RESOURCE, row] = record, item[1]
    numbers[KIND, row], numbers[STATUS, row] = kind, _byte(code)
    numbers[NAME, row] = _word(buffer, name, name_end, tape, record)
    numbers[PEER, row] = _word(buffer, peer, peer_end, tape, record) if peer_end > peer else -1
    numbers[USES, row] = uses
    ids[row, 0], ids[row, 1], ids[row, 2], ids[row, 3] = trace_low, trace_high, own, parent
    tape.cursor[SPANS] = row + 1
    return t.OK


@compiled
def read_spans(buffer, items, tape, keys, peers):
    """All items; of a record that is foreign nothing stays on the tape.

    Args:
        buffer: bytes of the poll.
        items: what the envelope listed.
        tape: has room for as many spans as there are items.
        keys: hashes of the attributes that are looked at, see ``_peer``.
        peers: how many of them name a peer.
    """
    ranges = items.ranges
    count = items.cursor[0]
    row = np.int64(0)
    while row < count:
        record = ranges[RECORD, row]
        spans = tape.cursor[SPANS]
        while row < count and ranges[RECORD, row] == record:
            item = (record, ranges[RESOURCE, row], keys, peers)
            if tape.status[record] == t.OK and _read(buffer, ranges[BEGIN, row], ranges[END, row], tape, item) != t.OK:
                tape.status[record] = t.FOREIGN
            row += 1
        if tape.status[record] != t.OK:
            tape.cursor[SPANS] = spans
            tape.items[record] = 0
            tape.rejected[record] = 0
