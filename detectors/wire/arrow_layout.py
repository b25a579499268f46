"""From the schema message of an Arrow record to what the compiled walk needs to know of its columns."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from detectors.wire import arrow_walk as walk

Layout = npt.NDArray[np.int64]
"""A row a column of the schema, columns as named in ``arrow_walk``."""
_ROLES = {
    "entity": walk.ENTITY,
    "metric": walk.METRIC,
    "attributes": walk.ATTRIBUTES,
    "unit": walk.UNIT,
    "peer": walk.PEER,
    "ts": walk.TS,
    "value": walk.VALUE,
    "start": walk.START,
    "kind": walk.KIND,
}
_TIMES = (pa.int64(), pa.timestamp("ns"), pa.timestamp("ns", "UTC"))
_TYPES = {walk.TS: _TIMES, walk.VALUE: (pa.float64(),), walk.START: _TIMES, walk.KIND: (pa.uint8(),)}
_CODES = {pa.int8(): (1, 1), pa.int16(): (2, 1), pa.int32(): (4, 1), pa.uint8(): (1, 0), pa.uint16(): (2, 0)}
"""Width and sign of the types of indices."""
_LARGEST = 64 * 1024
_NONE = -1
"""Dictionary of a column that has none."""


def layout_of(record: bytes) -> Layout | None:
    """Layout of a record, by its schema message; None where the walk must not take it."""
    size = int.from_bytes(record[4:8], "little")
    if record[:4] != b"\xff\xff\xff\xff" or size > _LARGEST:
        return None
    return _layout(record[: 8 + size])


@lru_cache(maxsize=256)
def _layout(message: bytes) -> Layout | None:
    try:
        schema = pa.ipc.read_schema(pa.py_buffer(message))
        names = [column.name for column in schema]
    except (pa.ArrowException, OSError, ValueError):
        return None
    identifiers = _dictionaries(np.frombuffer(message, np.uint8))
    needed = {"ts", "value", "entity", "metric"}
    if identifiers is None or len(identifiers) != len(names) or not needed <= set(names) or "primary" in names:
        return None
    used = [identifier for identifier in identifiers if identifier != _NONE]
    if len(set(names)) < len(names) or len(set(used)) < len(used):
        return None
    rows = [_column(column, identifier) for column, identifier in zip(schema, identifiers, strict=True)]
    return None if None in rows else np.array(rows, np.int64)


def _column(column: Any, identifier: int) -> tuple[int, int, int, int, int] | None:
    """ROLE, WIDTH, SIGNED, DICTIONARY and BUFFERS of a column."""
    role, kind = _ROLES.get(column.name, walk.IGNORED), column.type
    coded = pa.types.is_dictionary(kind)
    if role == walk.IGNORED:
        flat = coded or pa.types.is_primitive(kind)
        return (role, 0, 0, identifier, 2) if flat else None
    if role < walk.TEXTS:
        if not coded or kind.value_type != pa.utf8() or kind.index_type not in _CODES:
            return None
        return (role, *_CODES[kind.index_type], identifier, 2)
    return (role, kind.bit_width // 8, 1, identifier, 2) if kind in _TYPES[role] else None


def _dictionaries(message: npt.NDArray[np.uint8]) -> list[int] | None:
    """Identifier of each column's dictionary, which pyarrow does not tell; None where the message is not as expected.

    Schema: 0 endianness, 1 fields. Field: 4 dictionary. DictionaryEncoding: 0 identifier.
    """
    _, schema, end, _ = walk.message(message, 0)
    endianness = walk.field(message, schema, 0, 2, end)
    fields = walk.follow(message, walk.field(message, schema, 1, 4, end), end)
    if fields < 0 or endianness < 0 or (endianness and walk.number(message, endianness, 2)):
        return None
    found = []
    for place in range(walk.number(message, fields, 4)):
        column = walk.follow(message, fields + 4 + 4 * place, end)
        if column < 0:
            return None
        encoding = walk.field(message, column, 4, 4, end)
        if encoding == 0:
            found.append(_NONE)
            continue
        table = walk.follow(message, encoding, end)
        identifier = walk.field(message, table, 0, 8, end)
        if encoding < 0 or table < 0 or identifier < 0:
            return None
        found.append(walk.number(message, identifier, 8) if identifier else 0)
    return found
