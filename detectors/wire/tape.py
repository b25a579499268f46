# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value,call-arg,operator"
# numba infers the types: a literal is an int64, a number read from an array keeps its width.
"""The arrays that the compiled walker writes, and the few reads of the protobuf wire format it is made of.

Positions are int64 offsets into the joined bytes of a poll; -1 stands for "not as expected". Every read checks its end
first, so no input leads out of the buffer. Source: protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from aiops.model.deadletters import DeadLetterReason
from detectors.wire.batch import EARLIEST, PLACES
from detectors.wire.compiling import inner
from detectors.wire.hashing import Bytes, Hashes, load64
from detectors.wire.identity import SeriesKind

VARINT, FIXED64, LEN, FIXED32 = 0, 1, 2, 5
_LONGEST_TAG = 5

OK, FOREIGN, FULL = 0, 1, 2
"""How the walk over a record ended: done; not as expected, so protobuf shall say; the tape was too short."""

REASONS = (
    DeadLetterReason.MISSING_FIELD,
    DeadLetterReason.NOT_A_NUMBER,
    DeadLetterReason.NO_TIME,
    DeadLetterReason.BAD_TIME,
    DeadLetterReason.FAR_FUTURE,
    DeadLetterReason.UNSUPPORTED,
    DeadLetterReason.SCHEMA_MISMATCH,
    DeadLetterReason.TOO_LARGE,
)
"""Reasons for which a data point is rejected, by their position in the tallies."""
MISSING_FIELD, NOT_A_NUMBER, NO_TIME, BAD_TIME, FAR_FUTURE, UNSUPPORTED, SCHEMA_MISMATCH, TOO_LARGE = range(8)
_EARLIEST = EARLIEST

MAX_BUCKETS = 4096
"""A point with more buckets or quantiles is TOO_LARGE: the last point of each series is remembered."""
MAX_COUNT = (1 << 62) - 1
"""Buckets that hold more observations together are SCHEMA_MISMATCH: differences must not overflow."""

# columns of Tape.metrics
RECORD, RESOURCE, RESOURCE_END, SCOPE, SCOPE_END, NAME, NAME_END, UNIT, UNIT_END, KIND, FORM = range(11)
METRIC_COLUMNS = 11

GAUGE, DELTA, CUMULATIVE, UPDOWN = (
    int(SeriesKind.GAUGE),
    int(SeriesKind.DELTA),
    int(SeriesKind.CUMULATIVE),
    int(SeriesKind.CUMULATIVE_UPDOWN),
)
UNSPECIFIED = -2
"""KIND of data without temporality: its points are UNSUPPORTED."""

NUMBER, EXPLICIT, EXPONENTIAL, SUMMARY = range(4)
"""FORM of a metric's data points; all but NUMBER are distributions."""

# columns of Tape.distributions; what a form does not have is 0
POINT = 0
"""Row of the data point among the points; the series of that row counts the observations."""
SHAPE = 1
"""FORM of the point."""
COUNTS, ABOVE, BELOW = range(2, 5)
"""First of its bucket counts in ``counts``; how many buckets there are (above zero), and how many below zero."""
REALS, REAL_COUNT = 5, 6
"""First of its bounds (EXPLICIT) or pairs of quantile and value (SUMMARY) in ``reals``, and how many numbers."""
LAYOUT = 7
"""What two points must share to be compared: a hash of the bounds (EXPLICIT); the scale (EXPONENTIAL)."""
ZERO, FIRST, FIRST_BELOW = range(8, 11)
"""Count at zero, and indexes of the first buckets of both sides (EXPONENTIAL)."""
SUM, THRESHOLD = 11, 12
"""Bits of doubles: the sum of the observations (NaN: not given), and how far the bucket at zero reaches."""
BOUNDS, BOUNDS_END = 13, 14
"""Byte range of the bounds (EXPLICIT): the next point has mostly the same."""
DISTRIBUTION_COLUMNS = 15

# rows of Tape.numbers
AT, START, ROW, IN_RECORD, OFFSET, LENGTH = range(6)

# cells of Tape.cursor
POINTS, METRICS, PLACE, DISTRIBUTIONS, FILLED_COUNTS, FILLED_REALS = range(6)


class Tape(NamedTuple):
    """Output of one walk over a poll: accepted points, the metrics they came from, and tallies per record."""

    hashes: Hashes
    value: npt.NDArray[np.float64]
    numbers: npt.NDArray[np.int64]
    """AT, START, row of ``metrics``, IN_RECORD, its place,, OFFSET and LENGTH of the message; shape (6, points).

    One array and not six: numba counts references to each array that a function touches.
    """
    metrics: npt.NDArray[np.int64]
    """Byte ranges, kind and form of each metric, shape (metrics, METRIC_COLUMNS)."""
    distributions: npt.NDArray[np.int64]
    """What a histogram or summary point has beside its count, shape (distributions, DISTRIBUTION_COLUMNS)."""
    counts: npt.NDArray[np.int64]
    """Bucket counts of all distributions, one after the other; those above zero before those below."""
    reals: npt.NDArray[np.float64]
    """Bounds and quantiles of all distributions, one after the other."""
    items: npt.NDArray[np.int64]
    """Data points per record."""
    gaps: npt.NDArray[np.int64]
    """Points without a recorded value, per record."""
    rejected: npt.NDArray[np.int64]
    """Points per record and reason."""
    places: npt.NDArray[np.int32]
    """First places per record and reason, shape (records, reasons, PLACES)."""
    status: npt.NDArray[np.uint8]
    """OK or FOREIGN per record."""
    point: npt.NDArray[np.int64]
    """Scratch: fields of the data point that is read."""
    cursor: npt.NDArray[np.int64]
    """How much is written, and the place in the current record."""
    latest: int
    """The last time that is not FAR_FUTURE, ns."""


def make_tape(records: int, points: int, latest: int) -> Tape:
    """An empty tape with room for so many points, and for what else comes with them in usual records."""
    return Tape(
        hashes=np.empty(points, np.uint64),
        value=np.empty(points, np.float64),
        numbers=np.empty((6, points), np.int64),
        metrics=np.empty((points + 64, METRIC_COLUMNS), np.int64),
        distributions=np.empty((points, DISTRIBUTION_COLUMNS), np.int64),
        counts=np.empty(16 * points + MAX_BUCKETS, np.int64),
        reals=np.empty(4 * points + 2 * MAX_BUCKETS, np.float64),
        items=np.zeros(records, np.int64),
        gaps=np.zeros(records, np.int64),
        rejected=np.zeros((records, len(REASONS)), np.int64),
        places=np.zeros((records, len(REASONS), PLACES), np.int32),
        status=np.zeros(records, np.uint8),
        point=np.zeros(8, np.int64),
        cursor=np.zeros(6, np.int64),
        latest=latest,
    )


@inner
def real(bits: int) -> float:
    """The double of these 64 bits."""
    return np.int64(bits).view(np.float64)


@inner
def varint(buffer: Bytes, position: int, end: int) -> tuple[int, int]:
    """A base-128 number, as int64, and the position after it."""
    if position >= end:
        return np.int64(0), np.int64(-1)
    value = np.int64(buffer[position])
    if value < 128:  # nearly all
        return value, position + 1
    value &= 127
    shift = np.int64(7)
    position += 1
    while position < end and shift < 70:
        byte = np.int64(buffer[position])
        position += 1
        value |= (byte & 127) << min(shift, 63)
        if byte < 128:
            return value, position
        shift += 7
    return np.int64(0), np.int64(-1)


@inner
def tag(buffer: Bytes, position: int, end: int) -> tuple[int, int, int]:
    """Number and wire type of the field that begins here, and the position after the tag."""
    value, after = varint(buffer, position, end)
    if after < 0 or after - position > _LONGEST_TAG or value < 8 or value > 0xFFFFFFFF:
        return np.int64(0), np.int64(0), np.int64(-1)
    return value >> 3, value & 7, after


@inner
def span(buffer: Bytes, position: int, end: int) -> tuple[int, int]:
    """Begin and end of a length-delimited value; the end is -1 when it is not inside."""
    length, begin = varint(buffer, position, end)
    if begin < 0 or length < 0 or length > end - begin:
        return np.int64(0), np.int64(-1)
    return begin, begin + length


@inner
def skip(buffer: Bytes, position: int, end: int, wire: int) -> int:
    """The position after a value of this wire type; groups are not as expected."""
    if wire == LEN:
        return span(buffer, position, end)[1]
    if wire == VARINT:
        return varint(buffer, position, end)[1]
    size = 8 if wire == FIXED64 else 4 if wire == FIXED32 else -1
    if size < 0 or size > end - position:
        return np.int64(-1)
    return np.int64(position + size)


@inner
def only_field(buffer: Bytes, position: int, end: int) -> tuple[int, int]:
    """Range of the one field 1 of a message: (0, 0) where there is none, an end of -1 where it is foreign."""
    found, found_end = np.int64(0), np.int64(0)
    seen = False
    while position < end:
        number, wire, position = tag(buffer, position, end)
        if position < 0:
            return np.int64(0), np.int64(-1)
        if number == 1 and wire == LEN:
            begin, position = span(buffer, position, end)
            if seen:
                return np.int64(0), np.int64(-1)
            found, found_end, seen = begin, position, True
        else:
            position = skip(buffer, position, end, wire)
        if position < 0:
            return np.int64(0), np.int64(-1)
    return found, found_end


@inner
def fixed64(buffer: Bytes, position: int, end: int) -> tuple[int, int]:
    """Eight bytes as int64 and the position after them."""
    if end - position < 8:
        return np.int64(0), np.int64(-1)
    return np.int64(load64(buffer, position)), np.int64(position + 8)


@inner
def time_fault(at: int, latest: int) -> int:
    """Position in REASONS of what is wrong with an event time (uint64 read as int64), or -1."""
    if at == 0:
        return NO_TIME
    if at < 0 or at > latest:  # a negative one is a uint64 after the year 2262
        return FAR_FUTURE
    return BAD_TIME if at < _EARLIEST else -1


@inner
def reject(rejected, places, record, reason, place):  # noqa: ANN001, ANN201 (numba infers them)
    """Counts a place of a record as rejected."""
    count = rejected[record, reason]
    if count < PLACES:
        places[record, reason, count] = place
    rejected[record, reason] = count + 1
