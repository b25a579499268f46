"""Columns of an Arrow record batch as arrays, whatever encoding the sender chose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from detectors.wire.hashing import Hashes, hash_strings

TEXTS = ("entity", "metric", "attributes", "unit", "peer")
"""Columns of text."""
_SMALL = (np.int8, np.int16, np.int32, np.uint8, np.uint16)
NO_CODES = np.empty(0, dtype=np.int32)


NO_HASHES = np.empty(0, dtype=np.uint64)


NO_TIMES = np.empty(0, dtype=np.int64)


NO_KINDS = np.empty(0, dtype=np.uint8)


class SchemaMismatchError(ValueError):
    """A record that is Arrow, and not ours."""


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A column of text as codes into strings; -1 is null."""

    codes: npt.NDArray[np.int32]
    hashes: Hashes
    strings: Any
    """The dictionary, an Arrow utf8 array; None where the column is absent."""


ABSENT = TextColumn(NO_CODES, NO_HASHES, None)


@dataclass(frozen=True, slots=True)
class PointColumns:
    """The columns of one record batch; texts are codes into their dictionaries."""

    at: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    start: npt.NDArray[np.int64]
    kind: npt.NDArray[np.uint8]
    texts: Mapping[str, TextColumn]
    gaps: npt.NDArray[np.bool_] | None
    """Rows whose value is null."""


def columns_of(batch: Any) -> PointColumns:
    """The columns of a batch; ``SchemaMismatchError`` where one is missing or of another type."""
    names = {name: place for place, name in enumerate(batch.schema.names)}
    missing = [name for name in ("ts", "value", "entity", "metric") if name not in names]
    if missing:
        raise SchemaMismatchError(f"no column {missing[0]}")
    times = batch.column(names["ts"])
    values = batch.column(names["value"])
    at = numbers(times, np.int64, null=0)
    value = numbers(values, np.float64, null=0.0)
    gaps = np.asarray(values.is_null()) if values.null_count else None
    start = numbers(batch.column(names["start"]), np.int64, null=0) if "start" in names else NO_TIMES
    kind = numbers(batch.column(names["kind"]), np.uint8, null=0) if "kind" in names else NO_KINDS
    texts = {name: _text(batch.column(names[name])) if name in names else ABSENT for name in TEXTS}
    return PointColumns(at, value, start, kind, texts, gaps)


def primary(batch: Any) -> npt.NDArray[np.uint8]:
    """``PointBatch.unit`` of each row: 1 where the column is absent."""
    place = batch.schema.get_field_index("primary")
    if place < 0:
        return np.ones(len(batch), dtype=np.uint8)
    found: npt.NDArray[np.uint8] = numbers(batch.column(place), np.uint8, null=1)
    return np.minimum(found, np.uint8(1))


def numbers(column: Any, dtype: Any, null: float) -> npt.NDArray[Any]:
    """A column of numbers as they lie in the buffer.

    Raises:
        SchemaMismatchError: when the column is of another type, or its buffer is too short.
    """
    wanted = np.dtype(dtype)
    kind = column.type
    fits = kind == _ARROW[wanted.name] or (wanted == np.int64 and kind in _TIMESTAMPS)
    if not fits or (len(column) and column.buffers()[1] is None):
        raise SchemaMismatchError(f"a column of {kind} where {wanted} must be")
    if not len(column):
        return np.empty(0, dtype=wanted)
    try:
        found = np.frombuffer(column.buffers()[1], dtype=wanted, count=column.offset + len(column))[column.offset :]
    except ValueError as error:
        raise SchemaMismatchError("a buffer is too short") from error
    if column.null_count:
        return np.where(np.asarray(column.is_null()), wanted.type(null), found)
    return found


_ARROW = {"int64": pa.int64(), "float64": pa.float64(), "uint8": pa.uint8()}


_TIMESTAMPS = (pa.timestamp("ns"), pa.timestamp("ns", "UTC"))


def _text(column: Any) -> TextColumn:
    kind = column.type
    if not pa.types.is_dictionary(kind) or kind.value_type != pa.utf8():
        # Whatever else holds text goes the slow way, and is checked fully before anything follows its offsets.
        plain = kind.value_type if pa.types.is_dictionary(kind) else kind
        if not (pa.types.is_string(plain) or pa.types.is_large_string(plain)):
            raise SchemaMismatchError(f"a column of {kind} where text must be")
        column.validate(full=True)
        if pa.types.is_dictionary(kind):  # its strings alone: one long string may have a million rows
            column = pa.DictionaryArray.from_arrays(column.indices, column.dictionary.cast(pa.utf8()))
        else:
            column = column.cast(pa.utf8()).dictionary_encode()
    strings = column.dictionary
    hashes = np.empty(len(strings), dtype=np.uint64)
    _, offsets, data = strings.buffers()
    if len(strings):
        try:
            ends = np.frombuffer(offsets, dtype=np.int32, count=strings.offset + len(strings) + 1)[strings.offset :]
        except (ValueError, TypeError) as error:
            raise SchemaMismatchError("a buffer is too short") from error
        bytes_ = np.frombuffer(data, dtype=np.uint8) if data is not None and data.size else np.empty(0, np.uint8)
        if not hash_strings(bytes_, ends, hashes):
            raise SchemaMismatchError("text outside its buffer")
    return TextColumn(_codes(column.indices), hashes, strings)


def _codes(indices: Any) -> npt.NDArray[np.int32]:
    if not len(indices):
        return np.empty(0, dtype=np.int32)
    dtype = np.dtype(indices.type.to_pandas_dtype())
    try:
        found = np.frombuffer(indices.buffers()[1], dtype=dtype, count=indices.offset + len(indices))[indices.offset :]
    except (ValueError, TypeError) as error:
        raise SchemaMismatchError("a buffer is too short") from error
    if dtype not in _SMALL:
        found = np.minimum(found, dtype.type(2**31 - 1))
    codes = found.astype(np.int32, copy=False)
    return np.where(np.asarray(indices.is_null()), np.int32(-1), codes) if indices.null_count else codes
