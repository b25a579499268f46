from __future__ import annotations

import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.model.deadletters import DeadLetterReason
from detectors.wire import arrow
from detectors.wire.arrow_encoding import PointEncoder
from detectors.wire.identity import SeriesIdentity, SeriesKind
from detectors.wire.memory import WireMemory
from detectors.wire.series import SeriesTable
from tests.unit.detectors.wire.plain_batches import plain
from tests.unit.detectors.wire.requests import NOW

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)
IDENTITY = st.builds(
    SeriesIdentity,
    entity=TEXT,
    metric=TEXT,
    attributes=st.dictionaries(TEXT, TEXT, max_size=2).map(lambda found: tuple(sorted(found.items()))),
    unit=st.sampled_from(["", "ms"]),
    kind=st.sampled_from(SeriesKind),
    peer=st.none() | TEXT,
)


def stream(columns: dict[str, Any]) -> bytes:
    """An IPC stream of one record batch."""
    batch = pa.RecordBatch.from_pydict(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def points(size: int, **changes: Any) -> dict[str, Any]:
    """Columns of some sound points of one series."""
    columns = {
        "ts": pa.array([NOW + step for step in range(size)]),
        "value": pa.array([float(step) for step in range(size)]),
        "entity": pa.array(["cart"] * size),
        "metric": pa.array(["cpu"] * size),
    }
    return columns | changes


def reasons(record: bytes) -> list[tuple[DeadLetterReason, int, tuple[int, ...]]]:
    """What is rejected of a record, after the account was checked."""
    batch = arrow.decode([record], WireMemory(), NOW)
    assert batch.difference == 0
    return [(entry.reason, entry.items, entry.places) for entry in batch.rejected]


@given(identities=st.lists(IDENTITY, min_size=1, max_size=8), seed=st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_what_is_encoded_comes_back(identities: list[SeriesIdentity], seed: int) -> None:
    """Identity, time, value and start of every point survive the way over the wire."""
    rng = np.random.default_rng(seed)
    table = SeriesTable()
    numbers = table.add(identities)
    series = rng.choice(numbers, 50).astype(np.int32)
    value, start = rng.normal(size=50), rng.integers(0, NOW, 50)
    record = PointEncoder(table).encode(series, np.arange(NOW, NOW + 50), value, start=start)
    memory = WireMemory()
    for _ in range(2):
        found = plain(arrow.decode([record], memory, NOW), memory.table)
        assert found["series"] == [table.identity(number) for number in series.tolist()]
        assert found["value"] == value.tolist()
        assert found["start"] == start.tolist()
        assert found["rejected"] == []


def test_plain_text_columns_mean_the_same_as_dictionaries() -> None:
    """A producer that knows nothing of dictionaries is understood."""
    text = points(3, attributes=pa.array(['{"b":"2","a":"1"}', '{"a": "1", "b": "2"}', None]))
    coded = {
        name: column.dictionary_encode() if pa.types.is_string(column.type) else column for name, column in text.items()
    }
    large = text | {"entity": text["entity"].cast(pa.large_utf8())}
    memory = WireMemory()
    for columns in (text, coded, large):
        assert arrow.decode([stream(columns)], memory, NOW).series.tolist() == [0, 0, 1]
    assert memory.table.identity(0).attributes == (("a", "1"), ("b", "2"))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"value": [1.0, float("nan"), float("inf")]}, (DeadLetterReason.NOT_A_NUMBER, 2, (1, 2))),
        ({"ts": [NOW, 0, None]}, (DeadLetterReason.NO_TIME, 2, (1, 2))),
        ({"ts": [NOW, 1, -5]}, (DeadLetterReason.BAD_TIME, 2, (1, 2))),
        ({"ts": [NOW + 700 * 10**9, NOW, NOW]}, (DeadLetterReason.FAR_FUTURE, 1, (0,))),
        ({"entity": ["a", None, ""]}, (DeadLetterReason.MISSING_FIELD, 2, (1, 2))),
        ({"attributes": ["[]", "{", '{"a":"1"}']}, (DeadLetterReason.SCHEMA_MISMATCH, 2, (0, 1))),
        ({"kind": pa.array([0, 77, 1], pa.uint8())}, (DeadLetterReason.UNSUPPORTED, 1, (1,))),
        ({"metric": ["a" * 9000, "b", "c"]}, (DeadLetterReason.TOO_LARGE, 1, (0,))),
        ({"value": ["1", "2", "3"]}, (DeadLetterReason.SCHEMA_MISMATCH, 3, (0, 1, 2))),
        ({"entity": [1, 2, 3]}, (DeadLetterReason.SCHEMA_MISMATCH, 3, (0, 1, 2))),
    ],
)
def test_what_is_wrong_is_rejected_with_its_places(changes: dict[str, Any], expected: tuple[Any, ...]) -> None:
    """Each fault has its reason, and the points around it are taken."""
    assert reasons(stream(points(3, **changes))) == [expected]


def test_a_null_value_is_a_gap() -> None:
    """A point without a value is counted and gives no point."""
    batch = arrow.decode([stream(points(3, value=[1.0, None, 3.0]))], WireMemory(), NOW)
    assert (batch.value.tolist(), batch.gaps, batch.difference) == ([1.0, 3.0], 1, 0)


def test_codes_outside_their_dictionary_are_refused() -> None:
    """A code that points past the dictionary leads nowhere."""
    wild = pa.DictionaryArray.from_arrays(pa.array([0, 5, -3], pa.int32()), pa.array(["cart"]), safe=False)
    assert reasons(stream(points(3, entity=wild))) == [(DeadLetterReason.SCHEMA_MISMATCH, 2, (1, 2))]


@pytest.mark.parametrize("text", [b"cart", b"metric"])
def test_text_that_is_not_utf8_is_rejected(text: bytes) -> None:
    """Bad bytes in a value or in the name of a column take their points with them, and nothing else."""
    record = stream(points(2, entity=pa.array(["cart"] * 2).dictionary_encode()))
    record = record.replace(text, b"\xff\x84" + text[2:])
    assert reasons(record) == [(DeadLetterReason.SCHEMA_MISMATCH, 2, (0, 1))]


@given(seed=st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_broken_bytes_are_counted_and_harm_nobody(seed: int) -> None:
    """Mutated and truncated streams raise nothing, and the good record beside them is taken."""
    rng = random.Random(seed)
    good = stream(points(4, attributes=pa.array(['{"a":"1"}'] * 4).dictionary_encode()))
    broken = bytearray(good)
    for _ in range(rng.randrange(1, 5)):
        broken[rng.randrange(len(broken))] = rng.randrange(256)
    batch = arrow.decode([bytes(broken[: rng.randrange(len(broken) + 1)]), good], WireMemory(), NOW)
    assert np.count_nonzero(batch.record == 1) == 4
    assert batch.difference == 0
