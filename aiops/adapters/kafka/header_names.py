"""Header names that are no UTF-8. Kafka takes them, and kafka-python would stop for ever in front of such a record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kafka.record.default_records import DefaultRecordBatch
from kafka.record.util import decode_varint

_read_strictly = DefaultRecordBatch._read_msg  # noqa: SLF001 - there is no other way in
_UNREADABLE = bytes(byte if byte < 0x80 else ord("?") for byte in range(256))


def tolerate() -> None:
    """From now on, in this process, a question mark stands for what cannot be read in a name."""
    DefaultRecordBatch._read_msg = _read  # noqa: SLF001


def _read(batch: Any) -> Any:
    try:
        return _read_strictly(batch)
    except UnicodeDecodeError:
        # The checksum was compared before; the batch reads on in this copy.
        buffer = bytearray(batch._buffer)  # noqa: SLF001
        for begin, end in _names(buffer, batch._pos):  # noqa: SLF001
            buffer[begin:end] = buffer[begin:end].translate(_UNREADABLE)
        batch._buffer = buffer  # noqa: SLF001
        return _read_strictly(batch)


def _names(buffer: bytearray, place: int) -> Iterator[tuple[int, int]]:
    """Where the header names of the record at ``place`` begin and end."""
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
