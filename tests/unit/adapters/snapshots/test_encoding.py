"""The bytes of snapshots."""

from __future__ import annotations

import json

import numpy as np
import pytest
from crc32c import crc32c
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.snapshots.encoding import DamagedSnapshotError, decode, encode
from aiops.model.records import Arrays, SlotSnapshot, TopicOrigin, TopicPartition
from tests.contracts.snapshots import snapshot

WHOLE = b"".join(encode(snapshot(1)))


def test_arrays_of_any_order_and_size_come_back() -> None:
    """A transposed view, an empty matrix, booleans and a scalar."""
    arrays: Arrays = {
        "turned": np.arange(6, dtype=np.int64).reshape(2, 3).T,
        "empty": np.empty((0, 4), np.float32),
        "flags": np.array([True, False]),
        "scalar": np.array(7, np.uint16),
    }
    found = decode(b"".join(encode(SlotSnapshot(1, 1, 1, {}, {"part": arrays}, None))))
    for name, array in arrays.items():
        np.testing.assert_array_equal(found.parts["part"][name], array)
        assert found.parts["part"][name].dtype == array.dtype


def test_what_is_read_may_be_changed() -> None:
    """A slot goes on with the arrays that it restored."""
    found = decode(WHOLE).parts["bank"]["rows"]
    found[0, 0] = 5
    assert found[0, 0] == 5


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_any_changed_byte_is_found(place: int, by: int) -> None:
    """Wherever the byte is: magic, length, header, array."""
    data = bytearray(WHOLE)
    data[place] ^= by
    with pytest.raises(DamagedSnapshotError):
        decode(bytes(data))


@given(st.integers(0, len(WHOLE) - 1))
def test_any_missing_end_is_found(size: int) -> None:
    """The file was cut."""
    with pytest.raises(DamagedSnapshotError):
        decode(WHOLE[:size])


@pytest.mark.parametrize(
    "header",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        '{"arrays": [{"part": "p", "name": "n", "dtype": "O", "shape": [0], "crc": 0}]}',
        '{"arrays": [{"part": "p", "name": "n", "dtype": "<f4", "shape": [1e999], "crc": 0}]}',
        '{"arrays": [{"part": "p", "name": "n", "dtype": "<f4", "shape": [-1], "crc": 0}]}',
    ],
    ids=["empty", "a list", "no key", "deep", "objects", "infinite", "negative"],
)
def test_a_header_of_something_else_is_damage_although_its_checksum_is_right(header: str) -> None:
    """Another program's or another version's file must not end the shard again and again."""
    text = header.encode()
    data = WHOLE[:10] + len(text).to_bytes(8, "little") + crc32c(text).to_bytes(4, "little") + text
    with pytest.raises(DamagedSnapshotError):
        decode(data)


def test_the_topics_of_the_positions_come_back() -> None:
    """Also the shift of a topic that was made anew; a snapshot of an older build names none."""
    place = TopicPartition("otlp_logs", 3)
    origins = {place: TopicOrigin("b5c0", 17, 23)}
    one = SlotSnapshot(3, 1, 1, {place: 20}, {}, None, origins=origins)
    text = b"".join(encode(one))

    assert decode(text) == one
    header = json.loads(text[22:])
    del header["origins"]
    old = json.dumps(header).encode()
    assert decode(text[:10] + len(old).to_bytes(8, "little") + crc32c(old).to_bytes(4, "little") + old).origins == {}
