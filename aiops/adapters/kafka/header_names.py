"""Header names that are not UTF-8. Kafka accepts them; kafka-python would never read past such a record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kafka.record.default_records import DefaultRecordBatch
from kafka.record.util import decode_varint

_read_strictly = DefaultRecordBatch._read_msg  # noqa: SLF001 - there is no public hook
_UNREADABLE = bytes(byte if byte < 0x80 else ord("?") for byte in range(256))


def tolerate() -> None:
    """Patch kafka-python in this process: each non-ASCII byte of an undecodable header name becomes a question mark."""
    DefaultRecordBatch._read_msg = _read  # noqa: SLF001


def _read(batch: Any) -> Any:
    try:
        return _read_strictly(batch)
    except UnicodeDecodeError:
        # The checksum was verified before; the batch continues with this copy.
        buffer = bytearray(batch._buffer)  # noqa: SLF001
        for begin, end in _names(buffer, batch._pos):  # noqa: SLF001
            buffer[begin:end] = buffer[begin:end].translate(_UNREADABLE)
        batch._buffer = buffer  # noqa: SLF001
        return _read_strictly(batch)


def _names(buffer: bytearray, place: int) -> Iterator[tuple[int, int]]:
    """Begin and end of each header name of the record at ``place``."""
    for _ in range(4):  # length, attributes, and the deltas of time and offset
        _, place = decode_varint(buffer, place)
    for _ in range(2):  # key, value
        size, place = decode_varint(buffer, place)
        place += max(0, size)
    count, place = decode_varint(buffer, place)
    for _ in range(count):
        size, place = decode_varint(buffer, place)
        yield place, place + size
        size, place = decode_varint(buffer, place + size)
        place += max(0, size)
