"""Columns of Arrow batches as arrays, whatever encoding the sender chose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.wire.arrow_columns import ABSENT, SchemaMismatchError, columns_of, numbers, primary
from detectors.wire.hashing import SEED

TEXTS = st.lists(st.one_of(st.none(), st.text(max_size=5)), max_size=8)


def batch(**columns: Any) -> Any:
    size = next((len(column) for column in columns.values() if column is not None), 2)
    usual = {
        "ts": pa.array([5] * size, pa.int64()),
        "value": pa.array([1.5] * size, pa.float64()),
        "entity": pa.array(["pay"] * size, pa.utf8()),
        "metric": pa.array(["cpu"] * size, pa.utf8()),
    }
    held = {name: column for name, column in {**usual, **columns}.items() if column is not None}
    return pa.RecordBatch.from_arrays(list(held.values()), names=list(held))


class Unchecked:
    """A column of four times whose buffer has two, as a broken record gives it."""

    type, offset, null_count = pa.int64(), 0, 0

    def __len__(self) -> int:
        return 4

    def buffers(self) -> list[Any]:
        return [None, pa.py_buffer(bytes(16))]


def shown(column: Any) -> list[str | None]:
    """Texts of a column by its codes."""
    strings = [] if column.strings is None else column.strings.to_pylist()
    return [None if code == -1 else strings[code] for code in column.codes.tolist()]


@settings(deadline=None)
@given(TEXTS, st.integers(0, 3))
def test_every_encoding_of_text_means_the_same(texts: list[str | None], cut: int) -> None:
    """Plain, large, and dictionaries with indices of any width, also of a slice."""
    plain = pa.array(texts, pa.utf8())
    encodings = [plain, plain.cast(pa.large_utf8()), plain.dictionary_encode()]
    indices = (pa.int8(), pa.int16(), pa.int64(), pa.uint8(), pa.uint32())
    encodings += [plain.dictionary_encode().cast(pa.dictionary(index, pa.utf8())) for index in indices]
    for column in encodings:
        found = columns_of(batch(unit=column).slice(cut), SEED)
        assert shown(found.texts["unit"]) == texts[cut:]
        assert found.texts["unit"].codes.dtype == np.int32


@settings(deadline=None)
@given(st.lists(st.text(max_size=5), min_size=1, max_size=6))
def test_equal_texts_have_equal_hashes_in_every_record(texts: list[str]) -> None:
    """Whatever their code is there."""
    first, second = pa.array(texts).dictionary_encode(), pa.array(texts[::-1]).dictionary_encode()
    held: dict[str, set[int]] = {}
    for column in (first, second):
        found = columns_of(batch(unit=column), SEED).texts["unit"]
        for text, code in zip(shown(found), found.codes.tolist(), strict=True):
            held.setdefault(str(text), set()).add(int(found.hashes[code]))
    assert {len(hashes) for hashes in held.values()} == {1}
    assert len(set.union(*held.values())) == len(set(texts))


def test_what_a_record_leaves_out_is_absent() -> None:
    """Nobody reads a column of nulls for it."""
    found = columns_of(batch(), SEED)
    assert found.texts["unit"] is found.texts["peer"] is found.texts["attributes"] is ABSENT
    assert (len(found.start), len(found.kind), found.gaps) == (0, 0, None)


@pytest.mark.parametrize("name", ["ts", "value", "entity", "metric"])
def test_what_a_record_must_have_is_named(name: str) -> None:
    """In the message for people."""
    with pytest.raises(SchemaMismatchError, match=f"no column {name}"):
        columns_of(batch(**{name: None}), SEED)


@pytest.mark.parametrize(
    "column",
    [pa.array([1], pa.int32()), pa.array([1.0], pa.float32()), pa.array(["5"]), pa.array([1], pa.timestamp("us"))],
    ids=str,
)
def test_a_time_of_another_type_is_refused(column: Any) -> None:
    """A guess would be wrong by a factor of a thousand."""
    with pytest.raises(SchemaMismatchError):
        columns_of(batch(ts=column), SEED)


@pytest.mark.parametrize("kind", [pa.int64(), pa.timestamp("ns"), pa.timestamp("ns", "UTC")], ids=str)
def test_times_are_nanoseconds_of_any_of_three_types(kind: Any) -> None:
    """A null one is 0, which is no time."""
    found = columns_of(batch(ts=pa.array([7, None, 9], kind)), SEED)
    assert found.at.tolist() == [7, 0, 9]


@pytest.mark.parametrize(
    "column", [pa.array([1]), pa.array([b"x"]), pa.array([[1]]), pa.array([True]).dictionary_encode()], ids=str
)
def test_a_text_of_another_type_is_refused(column: Any) -> None:
    """Bytes may be no text."""
    with pytest.raises(SchemaMismatchError):
        columns_of(batch(entity=column), SEED)


def test_null_values_are_gaps() -> None:
    """They are counted, and have no point."""
    found = columns_of(batch(value=pa.array([1.0, None, 2.0])), SEED)
    assert found.gaps is not None
    assert found.gaps.tolist() == [False, True, False]


def test_numbers_are_read_as_they_lie() -> None:
    """A slice begins in the middle of its buffer."""
    column = pa.array(range(10), pa.int64())
    assert numbers(column[3:6], np.int64, null=0).tolist() == [3, 4, 5]
    assert numbers(column[:0], np.int64, null=0).tolist() == []


def test_a_buffer_that_is_too_short_is_refused() -> None:
    """Whatever the record says of its length."""
    with pytest.raises(SchemaMismatchError):
        numbers(Unchecked(), np.int64, null=0)


def test_codes_may_lie_outside_their_dictionary() -> None:
    """They are kept as they are: the loop says which rows are faulty."""
    column = pa.DictionaryArray.from_arrays(pa.array([0, 7], pa.int64()), pa.array(["a"]), safe=False)
    assert columns_of(batch(unit=column), SEED).texts["unit"].codes.tolist() == [0, 7]
    huge = pa.DictionaryArray.from_arrays(pa.array([2**40, 2**31], pa.int64()), pa.array(["a"]), safe=False)
    assert columns_of(batch(unit=huge), SEED).texts["unit"].codes.tolist() == [2**31 - 1, 2**31 - 1]


@pytest.mark.parametrize(
    ("column", "expected"),
    [(None, [1, 1]), (pa.array([0, 1], pa.uint8()), [0, 1]), (pa.array([9, None], pa.uint8()), [1, 1])],
)
def test_rows_are_primary_unless_they_say_otherwise(column: Any, expected: list[int]) -> None:
    """Only the units of primary rows are counted."""
    held = batch() if column is None else batch(primary=column)
    assert primary(held).tolist() == expected
