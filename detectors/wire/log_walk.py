# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value,call-arg"
# ruff: noqa: ANN001, ANN202, C901, PLR0912
# numba infers the types, and what is split into small functions with few arguments does not stay in registers.
"""The compiled loop over the log records of a poll: from byte ranges to columns; see ``logs`` for what they mean."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.logs.message import FIELDS, severity
from detectors.wire import tape as t
from detectors.wire.batch import PLACES
from detectors.wire.compiling import compiled, inner
from detectors.wire.envelope import BEGIN, END, RECORD, RESOURCE

AT, BODY, BODY_END, SEVERITY, IN_RECORD, IN_RESOURCE, OTHER = range(7)
"""Rows of ``LineTape.numbers``. OTHER is 1 where the body's range is an AnyValue that is no text."""


class LineTape(NamedTuple):
    """Output of one loop: sound lines and tallies per record."""

    numbers: npt.NDArray[np.int64]
    """Shape (7, room)."""
    items: npt.NDArray[np.int64]
    rejected: npt.NDArray[np.int64]
    places: npt.NDArray[np.int32]
    status: npt.NDArray[np.uint8]
    cursor: npt.NDArray[np.int64]
    """How many lines are written."""
    latest: int
    """The last time that is not FAR_FUTURE, ns."""


def make_tape(records: int, lines: int, latest: int) -> LineTape:
    """An empty tape for so many records and lines."""
    return LineTape(
        numbers=np.empty((7, lines), np.int64),
        items=np.zeros(records, np.int64),
        rejected=np.zeros((records, len(t.REASONS)), np.int64),
        places=np.zeros((records, len(t.REASONS), PLACES), np.int32),
        status=np.zeros(records, np.uint8),
        cursor=np.zeros(1, np.int64),
        latest=latest,
    )


@inner
def _body(buffer, position, end):
    """Range of an AnyValue's text, or its own with 1 where it is no text; an end of -1: foreign."""
    whole, text, text_end, other = position, np.int64(position), np.int64(position), np.int64(0)
    while position < end:
        number, wire, position = t.tag(buffer, position, end)
        if position < 0:
            return text, np.int64(-1), other
        if number == 1 and wire == t.LEN:
            text, position = t.span(buffer, position, end)
            text_end, other = position, np.int64(0)
        else:
            position = t.skip(buffer, position, end, wire)
            if 1 < number < 8:
                other = np.int64(1)
        if position < 0:
            return text, np.int64(-1), other
    if other:
        return np.int64(whole), np.int64(end), other
    return text, text_end, other


@inner
def _read(buffer, position, end, tape, item, fields):
    """One LogRecord; ``item`` is its record and resource. FOREIGN where it is not as expected."""
    record = item[0]
    at, observed, number_of, worded = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    body, body_end, other, seen = np.int64(0), np.int64(0), np.int64(0), False
    while position < end:
        number, wire, position = t.tag(buffer, position, end)
        if position < 0:
            return t.FOREIGN
        if wire == t.FIXED64 and number in (1, 11):
            value, position = t.fixed64(buffer, position, end)
            if number == 1:
                at = value
            else:
                observed = value
        elif wire == t.VARINT and number == 2:
            number_of, position = t.varint(buffer, position, end)
        elif wire == t.LEN and number in (3, 5):
            begin, position = t.span(buffer, position, end)
            if position < 0:
                return t.FOREIGN
            if number == 3:
                worded = severity(buffer, begin, position, fields)
            else:
                body, body_end, other = _body(buffer, begin, position)
                if seen or body_end < 0:
                    return t.FOREIGN
                seen = True
        else:
            position = t.skip(buffer, position, end, wire)
        if position < 0:
            return t.FOREIGN
    number_of = np.int64(np.int32(number_of & 0xFFFFFFFF))
    if number_of == 0:
        number_of = worded
    if at == 0:
        at = observed
    place = tape.items[record]
    tape.items[record] = place + 1
    fault = t.time_fault(at, tape.latest)
    if fault >= 0:
        t.reject(tape.rejected, tape.places, record, fault, place)
        return t.OK
    row = tape.cursor[0]
    numbers = tape.numbers
    numbers[AT, row], numbers[BODY, row], numbers[BODY_END, row] = at, body, body_end
    numbers[SEVERITY, row] = number_of if 0 <= number_of <= 24 else 0
    numbers[IN_RECORD, row], numbers[IN_RESOURCE, row], numbers[OTHER, row] = record, item[1], other
    tape.cursor[0] = row + 1
    return t.OK


@compiled
def _read_lines(buffer, items, tape, fields):
    ranges = items.ranges
    count = items.cursor[0]
    row = np.int64(0)
    while row < count:
        record = ranges[RECORD, row]
        lines = tape.cursor[0]
        while row < count and ranges[RECORD, row] == record:
            item = (record, ranges[RESOURCE, row])
            if tape.status[record] == t.OK:
                tape.status[record] = _read(buffer, ranges[BEGIN, row], ranges[END, row], tape, item, fields)
            row += 1
        if tape.status[record] != t.OK:
            tape.cursor[0] = lines
            tape.items[record] = 0
            tape.rejected[record] = 0


def read_lines(buffer: npt.NDArray[np.uint8], items: object, tape: LineTape) -> None:
    """All items that the envelope listed; of a record that is foreign nothing stays on the tape."""
    _read_lines(buffer, items, tape, FIELDS)
