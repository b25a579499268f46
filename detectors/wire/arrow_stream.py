# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value,operator"
"""Opens Arrow records with pyarrow, after the sizes that they declare were bounded.

Each compressed buffer of a record batch or dictionary begins with the size of its content (-1: it is stored as it is).
pyarrow allocates by it. Source: arrow.apache.org/docs/format/Columnar.html#compression.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from detectors.wire.arrow_walk import field, follow, number
from detectors.wire.compiling import compiled, inner

_DICTIONARY, _BATCH = 2, 3
_MOST: Final = 1 << 62


class TooLargeError(Exception):
    """A record would be larger than its limit after decompression."""


def opened(record: bytes, most: int) -> tuple[list[Any], int]:
    """The record batches of a record, and the bytes that were decompressed for them.

    Raises:
        TooLargeError: they would be more than ``most``; nothing was decompressed.
        pyarrow.ArrowException, OSError, ValueError, EOFError: the record is no Arrow stream.
    """
    size = unpacked_size(record)
    if size > most:
        raise TooLargeError
    with pa.ipc.open_stream(record) as reader:
        batches = list(reader)
    for batch in batches:
        batch.validate()
    return batches, size


def unpacked_size(record: bytes) -> int:
    """Bytes of all compressed buffers of a record after decompression, at most 2^62; 0 without compression.

    Raises:
        pyarrow.ArrowException, OSError, ValueError: the record is no Arrow stream.
    """
    total = 0
    for message in pa.ipc.MessageReader.open_stream(record):
        body: Any = b"" if message.body is None else message.body
        metadata: Any = message.metadata
        size = int(_declared(np.frombuffer(metadata, np.uint8), np.frombuffer(body, np.uint8)))
        if size < 0:
            raise ValueError("a message leads out of its bytes")
        total = min(total + size, _MOST)
    return total


@inner
def _sum(metadata, buffers, end, body):  # noqa: ANN001, ANN202 (numba infers them)
    """Sizes that compressed buffers declare, in sum; -1 where a buffer is outside the body."""
    held = number(metadata, buffers, 4) & 0xFFFFFFFF
    if 16 * held > end - buffers - 4:
        return np.int64(-1)
    total = np.int64(0)
    for which in range(held):
        begin = number(metadata, buffers + 4 + 16 * which, 8)
        size = number(metadata, buffers + 12 + 16 * which, 8)
        if size == 0:
            continue
        if begin < 0 or size < 8 or begin > len(body) or size > len(body) - begin:
            return np.int64(-1)
        declared = number(body, begin, 8)
        if declared < -1:
            return np.int64(-1)
        total += size - 8 if declared == -1 else min(declared, np.int64(1) << 40)
    return total


@compiled
def _declared(metadata, body):  # noqa: ANN001, ANN202 (numba infers them)
    """Sizes that the buffers of one message declare, in sum; -1 where the message leads out of its bytes."""
    end = np.int64(len(metadata))
    if end < 4:
        return np.int64(-1)
    table = number(metadata, 0, 4) & 0xFFFFFFFF
    kind = field(metadata, table, 1, 1, end)
    header = follow(metadata, field(metadata, table, 2, 4, end), end)
    if kind <= 0 or header < 0:
        return np.int64(-1)
    if metadata[kind] != _DICTIONARY and metadata[kind] != _BATCH:
        return np.int64(0)
    if metadata[kind] == _DICTIONARY:
        header = follow(metadata, field(metadata, header, 1, 4, end), end)
    compression = field(metadata, header, 3, 4, end)
    if compression == 0:
        return np.int64(0)
    buffers = follow(metadata, field(metadata, header, 2, 4, end), end)
    if compression < 0 or buffers < 0:
        return np.int64(-1)
    return _sum(metadata, buffers, end, body)
