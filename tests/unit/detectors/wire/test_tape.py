# mypy: disable-error-code="arg-type"
# Functions that numba compiles take its integers.
"""The reads of the protobuf wire format, against protobuf's encoding written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.wire import tape as t
from detectors.wire.batch import EARLIEST, PLACES
from detectors.wire.compiling import compiled


@compiled
def _reads(buffer, end, wire, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 (numba infers them)
    out[0], out[1] = t.varint(buffer, np.int64(0), end)
    out[2], out[3], out[4] = t.tag(buffer, np.int64(0), end)
    out[5], out[6] = t.span(buffer, np.int64(0), end)
    out[7] = t.skip(buffer, np.int64(0), end, wire)
    out[8], out[9] = t.fixed64(buffer, np.int64(0), end)


@compiled
def _fault(at, latest):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    return t.time_fault(at, latest)


@compiled
def _reject(rejected, places, reason, place):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    t.reject(rejected, places, np.int64(0), reason, place)


def reads(body: bytes, *, behind: bytes = b"\x01" * 16, wire: int = 0) -> list[int]:
    """Varint and its end; field, type and end of a tag; begin and end of a span; end of a skip; fixed and its end."""
    out = np.zeros(10, np.int64)
    _reads(np.frombuffer(body + behind, np.uint8), np.int64(len(body)), np.int64(wire), out)
    return out.tolist()


def encoded(number: int) -> bytes:
    out = bytearray()
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


@settings(deadline=None)  # the first call compiles
@given(st.integers(0, 2**64 - 1), st.binary(max_size=4))
@example(127, b"")
@example(128, b"")
@example(2**63, b"")
@example(2**64 - 1, b"")
def test_a_varint_is_an_int64_of_the_same_bits(number: int, rest: bytes) -> None:
    """Negative numbers take ten bytes."""
    body = encoded(number)
    assert reads(body + rest)[:2] == [number - 2**64 if number >= 2**63 else number, len(body)]


@pytest.mark.parametrize("body", [b"", b"\x80", b"\xff" * 9, b"\xff" * 10, b"\x80" * 11 + b"\x00"])
def test_a_varint_that_does_not_end_is_none(body: bytes) -> None:
    """Neither at the end of the message, though bytes follow there, nor after ten bytes."""
    assert reads(body)[1] == -1


@settings(deadline=None)
@given(st.integers(1, 2**29 - 1), st.sampled_from([t.VARINT, t.FIXED64, t.LEN, t.FIXED32]))
def test_a_tag_is_field_and_type(number: int, wire: int) -> None:
    """Up to the largest field number."""
    body = encoded(number << 3 | wire)
    assert reads(body)[2:5] == [number, wire, len(body)]


@pytest.mark.parametrize("body", [b"", b"\x00", b"\x07", encoded(2**32), b"\x88" + b"\x80" * 5 + b"\x00", b"\x88\x80"])
def test_what_is_no_tag_is_none(body: bytes) -> None:
    """Field 0, a number past 32 bits, one of more than five bytes, one that does not end."""
    assert reads(body)[4] == -1


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(-3, 3))
def test_a_span_lies_inside_or_is_none(inside: bytes, off: int) -> None:
    """A length that leads past the end of its message leads into another one."""
    size = max(len(inside) + off, 0)
    head = encoded(size)
    found = reads(head + inside)[5:7]
    assert found == ([len(head), len(head) + size] if size <= len(inside) else [0, -1])


def test_a_length_of_more_than_63_bits_is_none() -> None:
    """As an int64 it would be negative, and lead backwards."""
    assert reads(encoded(2**64 - 1) + b"abc")[6] == -1
    assert reads(encoded(2**63) + b"abc")[6] == -1


@pytest.mark.parametrize(
    ("wire", "body", "expected"),
    [
        (t.VARINT, b"\x96\x01", 2), (t.VARINT, b"\x96", -1), (t.FIXED64, b"12345678", 8), (t.FIXED64, b"1234567", -1),
        (t.FIXED32, b"1234", 4), (t.FIXED32, b"123", -1), (t.LEN, b"\x03abc", 4), (t.LEN, b"\x04abc", -1),
        (3, b"\x01", -1), (4, b"\x01", -1), (6, b"\x01", -1), (7, b"\x01", -1),
    ],
)  # fmt: skip
def test_a_value_is_passed_over_by_its_type(wire: int, body: bytes, expected: int) -> None:
    """Groups and types that do not exist are left to protobuf."""
    assert reads(body, wire=wire)[7] == expected


def test_eight_bytes_are_read_whole_or_not() -> None:
    """Little-endian, with sign."""
    assert reads(b"\xff" * 7 + b"\x7f")[8:] == [2**63 - 1, 8]
    assert reads(b"\xff" * 7)[9] == -1


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (0, t.NO_TIME), (1, t.BAD_TIME), (EARLIEST - 1, t.BAD_TIME), (EARLIEST, -1), (10**18, -1),
        (10**18 + 1, t.FAR_FUTURE), (-1, t.FAR_FUTURE), (-(2**63), t.FAR_FUTURE),
    ],
)  # fmt: skip
def test_a_time_is_within_what_clocks_say(at: int, expected: int) -> None:
    """A negative one is a uint64 after the year 2262."""
    assert _fault(np.int64(at), np.int64(10**18)) == expected


def test_the_first_places_of_a_rejection_are_kept() -> None:
    """All are counted, and ten are enough to look at."""
    rejected, places = np.zeros((1, len(t.REASONS)), np.int64), np.zeros((1, len(t.REASONS), PLACES), np.int32)
    for place in range(25):
        _reject(rejected, places, np.int64(t.NO_TIME), np.int64(3 * place))
    assert rejected[0, t.NO_TIME] == 25
    assert places[0, t.NO_TIME].tolist() == [3 * place for place in range(PLACES)]


def test_every_reason_has_the_number_that_loops_use() -> None:
    """Tallies are by position."""
    names = ("MISSING_FIELD", "NOT_A_NUMBER", "NO_TIME", "BAD_TIME", "FAR_FUTURE", "UNSUPPORTED", "SCHEMA_MISMATCH")
    assert [t.REASONS[getattr(t, name)].name for name in (*names, "TOO_LARGE")] == [*names, "TOO_LARGE"]
