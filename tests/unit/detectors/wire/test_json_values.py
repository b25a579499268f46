"""Values of JSON members as the protobuf of their field, against protobuf's own writing."""

from __future__ import annotations

import json
import math
import struct

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from detectors.wire import json_schema as schema
from detectors.wire.compiling import compiled
from detectors.wire.json_values import NULL, ROOM, close_length, stands, take_value

INTEGERS = {
    schema.FIXED64: (0, 2**64 - 1),
    schema.SFIXED64: (-(2**63), 2**63 - 1),
    schema.INT64: (-(2**63), 2**63 - 1),
    schema.UINT32: (0, 2**32 - 1),
    schema.SINT32: (-(2**31), 2**31 - 1),
}
"""Ranges of the kinds."""


@compiled
def _take(source, kind, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 (numba infers them)
    return take_value(source, np.int64(0), np.int64(len(source)), kind, out, np.int64(0))


@compiled
def _stands(source, word):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    return stands(source, np.int64(0), np.int64(len(source)), word)


@compiled
def _close(out, size):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    close_length(out, np.int64(0), size)


def taken(text: str, kind: int, room: int = 1 << 16) -> bytes | None:
    """What is written for a value that ends where the text does; None: it is left to protobuf."""
    source = np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)
    out = np.zeros(room, np.uint8)
    position, size = _take(source, np.int64(kind), out)
    assert size <= room
    if position < 0:
        return None
    assert position == len(source)
    return out[: int(size)].tobytes()


def varint(number: int) -> bytes:
    number &= 2**64 - 1
    out = bytearray()
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def written(kind: int, number: int) -> bytes:
    """As protobuf writes a field of this kind."""
    if kind in {schema.FIXED64, schema.SFIXED64}:
        return (number & 2**64 - 1).to_bytes(8, "little")
    return varint((number << 1) ^ (number >> 63)) if kind == schema.SINT32 else varint(number)


def packed(body: bytes) -> bytes:
    """After a length in four bytes."""
    size = len(body)
    return bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14 & 127 | 128, size >> 21 & 127]) + body


@settings(deadline=None)  # the first call compiles
@given(st.sampled_from(sorted(INTEGERS)), st.integers(-(2**65), 2**65), st.booleans())
@example(schema.INT64, -(2**63), True)
@example(schema.INT64, 2**63, True)
@example(schema.FIXED64, 2**64 - 1, False)
@example(schema.FIXED64, 2**64, False)
@example(schema.SINT32, -(2**31), False)
@example(schema.UINT32, 2**32, False)
def test_integers_are_written_in_their_range_and_refused_outside(kind: int, number: int, quoted: bool) -> None:  # noqa: FBT001
    """The JSON mapping allows 64 bits in quotes and without."""
    text = f'"{number}"' if quoted else str(number)
    low, high = INTEGERS[kind]
    found = taken(text, kind)
    if low <= number <= high:
        assert found is None or found == written(kind, number)
        assert found is not None or abs(number) >= 10**19  # more digits than are read
    else:
        assert found is None


@settings(deadline=None)
@given(st.floats(), st.booleans())
def test_doubles_are_written_bit_by_bit(value: float, quoted: bool) -> None:  # noqa: FBT001
    """What JSON has no number for is a word in quotes."""
    named = {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN" if math.isnan(value) else repr(value))
    found = taken(f'"{named}"' if quoted or not math.isfinite(value) else named, schema.DOUBLE)
    if found is not None and math.isnan(value):
        assert math.isnan(struct.unpack("<d", found)[0])
    elif found is not None:
        assert found == struct.pack("<d", value)
    else:
        assert 0 < abs(value) < 2.3e-308  # subnormal, left to protobuf


@pytest.mark.parametrize("text", ['"1', '"one"', '"Infinity', '"nan"', "Infinity", "NaN", '""', "-", "null", '" 1"'])
@pytest.mark.parametrize("kind", [schema.DOUBLE, schema.INT64, schema.FIXED64])
def test_what_is_no_number_is_left_to_protobuf(text: str, kind: int) -> None:
    """It knows what to say of each."""
    assert taken(text, kind) is None


def test_an_integer_has_no_fraction() -> None:
    """1.0 and 1e3 may be integers to protobuf; it decides."""
    assert taken("1.0", schema.INT64) is None
    assert taken("1e3", schema.INT64) is None


def test_minus_zero_is_a_double_with_a_sign_unless_it_is_written_as_an_integer() -> None:
    """As Python's protobuf reads them."""
    assert taken("-0.0", schema.DOUBLE) == struct.pack("<d", -0.0)
    assert taken("-0", schema.DOUBLE) == struct.pack("<d", 0.0)
    assert taken("-0", schema.FIXED64) == bytes(8)


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**63), max_size=30), st.sampled_from([", ", ",", " ,\n"]))
def test_lists_are_packed_behind_their_length(numbers: list[int], between: str) -> None:
    """Counts of buckets, of fixed or of varying size; in quotes, as exporters write 64 bits."""
    text = "[" + between.join(f'"{number}"' for number in numbers) + "]"
    assert taken(text, schema.FIXED64S) == packed(b"".join(number.to_bytes(8, "little") for number in numbers))
    assert taken(text, schema.UINT64S) == packed(b"".join(map(varint, numbers)))


def test_bounds_are_packed_doubles() -> None:
    """Also those that were written as integers."""
    assert taken("[0, 0.005 ,1e3]", schema.DOUBLES) == packed(struct.pack("<3d", 0.0, 0.005, 1000.0))
    assert taken("[ ]", schema.DOUBLES) == packed(b"")


@pytest.mark.parametrize("text", ["[1", "[1,", "[1,]", "[1 2]", "[null]", "[1}", "[", "1", '"1"', "[-1]", "[1,,2]"])
def test_what_is_no_list_of_counts_is_left_to_protobuf(text: str) -> None:
    """A single number is no list, and no count is negative."""
    assert taken(text, schema.FIXED64S) is None


def test_a_list_that_does_not_fit_is_not_written_past_the_end() -> None:
    """The caller comes again with more room, or asks protobuf."""
    assert taken("[" + ",".join(["1"] * 400) + "]", schema.FIXED64S, room=1024) is None


@settings(deadline=None)
@given(st.text(max_size=40))
def test_texts_are_utf8_behind_their_length(text: str) -> None:
    """Names, units, and attributes."""
    assert taken(json.dumps(text), schema.TEXT) == packed(text.encode("utf-8", "surrogatepass"))


def test_a_text_that_does_not_fit_is_not_begun() -> None:
    """Room is for the whole or for nothing."""
    assert taken(json.dumps("x" * 100), schema.TEXT, room=90) is None
    assert taken("1", schema.TEXT) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", b"\x01"), ("false", b"\x00"), ("True", None), ("1", None), ('"true"', None), ("tru", None),
    ],
)  # fmt: skip
def test_truth(text: str, expected: bytes | None) -> None:
    """Two words and no other."""
    assert taken(text, schema.BOOL) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"AGGREGATION_TEMPORALITY_UNSPECIFIED"', 0), ('"AGGREGATION_TEMPORALITY_DELTA"', 1),
        ('"AGGREGATION_TEMPORALITY_CUMULATIVE"', 2), ("0", 0), ("1", 1), ("2", 2), ("3", None),
        ('"AGGREGATION_TEMPORALITY_DELTA', None), ('"delta"', None), ('"1"', None),
    ],
)  # fmt: skip
def test_temporality_is_a_name_or_a_number(text: str, expected: int | None) -> None:
    """Both forms of an enum in the JSON mapping."""
    assert taken(text, schema.TEMPORALITY) == (None if expected is None else bytes([expected]))


def test_a_kind_that_is_not_read_is_left_to_protobuf() -> None:
    """Whatever its value."""
    assert taken("1", schema.UNREAD) is None


def test_a_word_stands_only_where_all_of_it_does() -> None:
    """And not past the end."""
    assert _stands(np.frombuffer(b"null", np.uint8), NULL)
    assert not _stands(np.frombuffer(b"nul", np.uint8), NULL)
    assert not _stands(np.frombuffer(b"nulL", np.uint8), NULL)


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
def test_a_length_takes_four_bytes_whatever_it_is(size: int) -> None:
    """It is written behind what it counts, into room that was kept."""
    out = np.zeros(size + 4, np.uint8)
    _close(out, np.int64(size + 4))
    assert out[:4].tobytes() == packed(bytes(size))[:4]


def test_one_step_has_room_for_what_it_writes() -> None:
    """The longest number, and the length of a list before it."""
    assert len(written(schema.INT64, -1)) + 4 + 8 < ROOM
