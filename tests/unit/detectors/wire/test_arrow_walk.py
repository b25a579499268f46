"""The compiled walk over Arrow records against pyarrow, which is its reference."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.wire import arrow
from detectors.wire.arrow_encoding import PointEncoder
from detectors.wire.arrow_layout import layout_of
from detectors.wire.arrow_walk import FOREIGN, field, follow, message, number
from detectors.wire.batch import PointBatch
from detectors.wire.identity import SeriesIdentity
from detectors.wire.memory import WireMemory
from detectors.wire.series import SeriesTable
from tests.unit.detectors.wire.plain_batches import plain
from tests.unit.detectors.wire.requests import NOW
from tests.unit.detectors.wire.test_arrow import IDENTITY, points, stream


def by_pyarrow(records: list[bytes], memory: WireMemory) -> PointBatch:
    """What the reference makes of the records."""
    reader = arrow.ArrowReader(len(records), memory, NOW)
    for record, value in enumerate(records):
        batches = reader.open(value, record)
        if batches is not None:
            reader.take(batches, record)
    return reader.batch()


def walks(record: bytes, memory: WireMemory) -> bool:
    """Whether the walk takes a record."""
    reader = arrow.ArrowReader(1, memory, NOW)
    return arrow._walked(record, reader, arrow._room([record], memory), first=0) >= 0


def known(*records: bytes) -> WireMemory:
    """A memory that has seen the records."""
    memory = WireMemory()
    arrow.decode(records, memory, NOW)
    return memory


@given(identities=st.lists(IDENTITY, min_size=1, max_size=8), seed=st.integers(0, 2**32), size=st.integers(1, 60))
@settings(max_examples=80, deadline=None)
def test_it_agrees_with_pyarrow(identities: list[SeriesIdentity], seed: int, size: int) -> None:
    """Whatever series are known, both ways give the same points with the same numbers."""
    rng = np.random.default_rng(seed)
    table = SeriesTable()
    numbers = table.add(identities)
    records = [
        PointEncoder(table).encode(
            rng.choice(numbers, size).astype(np.int32),
            NOW - rng.integers(0, 10**9, size),
            rng.normal(size=size),
            start=rng.integers(0, 2, size) * NOW,
        )
        for _ in range(3)
    ]
    ours, theirs = WireMemory(), WireMemory()
    for batch in ([records[0]], records, records):
        found, expected = arrow.decode(batch, ours, NOW), by_pyarrow(batch, theirs)
        assert found.series.tolist() == expected.series.tolist()
        assert plain(found, ours.table) == plain(expected, theirs.table)
        assert found.difference == 0


def test_it_takes_what_the_encoder_writes() -> None:
    """A record of known series and no nulls does not go through pyarrow, whatever type its codes have."""
    for index in (pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32()):
        entity = pa.array(["cart", "shop", "cart"]).dictionary_encode()
        indices: Any = entity.indices.cast(index)
        codes = pa.DictionaryArray.from_arrays(indices, entity.dictionary)
        metric = pa.array(["cpu"] * 3).dictionary_encode()
        record = stream(points(3, entity=codes, metric=metric))
        assert walks(record, known(record))


UNUSUAL: dict[str, Any] = {
    "text without a dictionary": {"entity": pa.array(["a", "b", "c"])},
    "a null among the texts": {"unit": pa.array(["ms", None, "ms"]).dictionary_encode()},
    "a gap": {"value": pa.array([1.0, None, 3.0])},
    "no number": {"value": pa.array([1.0, float("nan"), 3.0])},
    "the far future": {"ts": pa.array([NOW, NOW + 10**15, NOW])},
    "a clock that was never set": {"ts": pa.array([NOW, 5, NOW])},
    "a kind that is none": {"kind": pa.array([0, 9, 0], pa.uint8())},
    "points that are parts": {"primary": pa.array([1, 0, 1], pa.uint8())},
    "a column of lists": {"more": pa.array([[1], [2], [3]])},
}


@pytest.mark.parametrize("unusual", UNUSUAL)
def test_it_leaves_to_pyarrow_what_is_unusual(unusual: str) -> None:
    """What it does not take ends as if it had never looked."""
    sound = points(
        3, entity=pa.array(["cart"] * 3).dictionary_encode(), metric=pa.array(["cpu"] * 3).dictionary_encode()
    )
    good, record = stream(sound), stream(sound | UNUSUAL[unusual])
    ours, theirs = known(good, record), known(good, record)
    assert walks(good, ours)
    assert not walks(record, ours)
    records = [good, record, good]
    found = arrow.decode(records, ours, NOW)
    assert plain(found, ours.table) == plain(by_pyarrow(records, theirs), theirs.table)


def test_a_column_of_no_interest_is_passed_over() -> None:
    """Numbers and dictionaries that mean nothing to us do not disturb."""
    more = {"a": pa.array([1, None, 3]), "b": pa.array(["x", "y", "x"]).dictionary_encode(), "c": pa.array([True] * 3)}
    coded = {name: pa.array([name] * 3).dictionary_encode() for name in ("entity", "metric")}
    record = stream(more | points(3, **coded))
    memory = known(record)
    assert walks(record, memory)
    assert arrow.decode([record], memory, NOW).value.tolist() == [0.0, 1.0, 2.0]


def test_compressed_records_go_to_pyarrow() -> None:
    """A body that is compressed is none of ours."""
    coded = {name: pa.array([name] * 3).dictionary_encode() for name in ("entity", "metric")}
    batch = pa.RecordBatch.from_pydict(points(3, **coded))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_batch(batch)
    record = bytes(sink.getvalue().to_pybytes())
    memory = known(record)
    assert not walks(record, memory)
    assert len(arrow.decode([record], memory, NOW)) == 3


@given(seed=st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_broken_bytes_lead_nowhere(seed: int) -> None:
    """Mutated and cut records of known series crash nothing, and what the walk takes of them are points of ours."""
    rng = random.Random(seed)
    texts = {name: pa.array([name, "b", "c", "b"]).dictionary_encode() for name in ("entity", "metric", "attributes")}
    texts["attributes"] = pa.array(['{"a":"1"}', "", "", ""]).dictionary_encode()
    good = stream(points(4, **texts))
    memory = known(good)
    broken = bytearray(good)
    for _ in range(rng.randrange(1, 6)):
        place = rng.randrange(len(broken))
        broken[place] = rng.choice((rng.randrange(256), 0, 255, broken[place] ^ 1 << rng.randrange(8)))
    if rng.random() < 0.3:
        del broken[rng.randrange(len(broken)) :]
    batch = arrow.decode([bytes(broken), good], memory, NOW)
    assert batch.difference == 0
    assert np.count_nonzero(batch.record == 1) == 4
    assert batch.series.min() >= 0
    assert batch.series.max() < len(memory.table)


def test_a_schema_that_is_none_has_no_layout() -> None:
    """Bytes that only look like a record are left to pyarrow."""
    for record in (b"", b"\xff" * 40, b"\xff\xff\xff\xff\x08\x00\x00\x00" + b"\x00" * 8):
        assert layout_of(record) is None


@given(st.integers(1, 8), st.binary(min_size=8, max_size=8))
@settings(deadline=None)
def test_numbers_are_little_endian_with_sign(size: int, body: bytes) -> None:
    """Of any width up to eight bytes."""
    assert number(np.frombuffer(body, np.uint8), 0, size) == int.from_bytes(body[:size], "little", signed=True)


def messages(record: bytes) -> list[tuple[int, int, int, int]]:
    """All messages of a stream, as far as they are any."""
    found = []
    position = 0
    while True:
        kind, header, end, after = message(np.frombuffer(record, np.uint8), position)
        found.append((int(kind), int(header), int(end), int(after)))
        if kind < 0:
            return found
        assert position < header < end <= after <= len(record)
        position = int(after)


def test_messages_follow_each_other_to_the_end() -> None:
    """Schema, dictionaries and batch, as pyarrow counts them."""
    record = stream(points(3))
    reader = pa.ipc.MessageReader.open_stream(record)
    kinds = {"schema": 1, "dictionary": 2, "record batch": 3}
    expected = []
    while True:
        try:
            expected.append(kinds[reader.read_next_message().type])
        except StopIteration:
            break
    assert [kind for kind, *_ in messages(record)] == [*expected, -2]


@pytest.mark.parametrize("cut", range(0, 200, 7))
def test_a_stream_that_is_cut_ends_as_foreign_or_between_messages(cut: int) -> None:
    """Never outside the record."""
    record = stream(points(3))
    assert messages(record[: len(record) - cut])[-1][0] in {FOREIGN, -2}


def table(fields: dict[int, int], size: int = 12) -> tuple[np.ndarray, int]:
    """A flatbuffer table with fields at offsets, and its position: the vtable stands before it."""
    slots = max(fields, default=-1) + 1
    vtable = np.array([4 + 2 * slots, size, *(fields.get(slot, 0) for slot in range(slots))], "<u2").tobytes()
    position = len(vtable)
    body = position.to_bytes(4, "little") + bytes(range(size - 4))
    return np.frombuffer(vtable + body, np.uint8), position


def test_a_field_is_where_its_table_says() -> None:
    """Absent ones, and those past the table's own list, are at 0."""
    buffer, position = table({0: 4, 2: 8})
    end = len(buffer)
    assert [field(buffer, position, slot, 4, end) for slot in range(5)] == [position + 4, 0, position + 8, 0, 0]


@pytest.mark.parametrize(("slot", "size"), [(0, 9), (2, 5)])
def test_a_field_that_leads_out_is_none(slot: int, size: int) -> None:
    """As is one of a table that lies outside."""
    buffer, position = table({0: 4, 2: 8})
    assert field(buffer, position, slot, size, len(buffer)) == -1
    assert field(buffer, len(buffer) - 3, 0, 1, len(buffer)) == -1
    assert field(buffer, -1, 0, 1, len(buffer)) == -1


@given(st.binary(min_size=4, max_size=40), st.integers(-5, 50), st.integers(0, 20), st.integers(1, 8))
@settings(deadline=None)
def test_any_bytes_lead_inside_or_nowhere(body: bytes, position: int, slot: int, size: int) -> None:
    """Whatever they say of offsets."""
    buffer = np.frombuffer(body, np.uint8)
    found = int(field(buffer, position, slot, size, len(body)))
    assert found in {-1, 0} or 0 < found <= len(body) - size
    target = int(follow(buffer, position, len(body)))
    assert target == -1 or 0 < target <= len(body) - 4
