"""Bounded decompression of record batches in kafka-python, which inflates whatever a batch holds.

A batch that would be too large, or that cannot be read, is given out as one placeholder; the batches after it are read.
No memory is allocated by a size that a batch declares: gzip, lz4 and zstd are inflated piece by piece up to the limit,
and the sizes that snappy declares are compared with the limit first.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import pyarrow as pa
from kafka.errors import CorruptRecordError
from kafka.record.default_records import DefaultRecord, DefaultRecordBatch

from aiops.adapters.kafka import header_names
from aiops.model.deadletters import DeadLetterReason

DEFAULT_BYTES: Final = 64 * 1024 * 1024
_RATIO: Final = 200
"""A batch that inflates beyond a quarter of the limit may be at most this many times its compressed size. Identical
log lines reach 300 to 1,000; a batch of that kind stays below the quarter."""
_PIECE: Final = 1 << 20
_XERIAL: Final = b"\x82SNAPPY\0"
_XERIAL_HEAD: Final = 16
_Codec = Literal["lz4", "zstd"]
_STREAMED: Final[Mapping[int, _Codec]] = {3: "lz4", 4: "zstd"}
_GZIP, _SNAPPY = 1, 2


class BatchTooLargeError(Exception):
    """A batch would be larger than its limit after decompression."""


class RefusedBatch(bytes):
    """A batch that was not unpacked: its compressed bytes, the first of its offsets that is missing, and why."""

    begin: int
    reason: DeadLetterReason

    @classmethod
    def of(cls, data: bytes, begin: int, reason: DeadLetterReason) -> RefusedBatch:
        """A placeholder for the offsets from ``begin`` to the end of the batch."""
        made = cls(data)
        made.begin, made.reason = begin, reason
        return made


@dataclass(slots=True)
class _Limit:
    bytes_: int = DEFAULT_BYTES


_LIMIT = _Limit()


def bound(most_bytes: int) -> None:
    """Patch kafka-python in this process: a batch is unpacked up to ``most_bytes``."""
    header_names.tolerate()  # first: it replaces what is called below
    _LIMIT.bytes_ = most_bytes
    DefaultRecordBatch.__iter__ = _records
    DefaultRecordBatch._maybe_uncompress = _uncompress  # noqa: SLF001 - there is no public hook


def allowed(compressed: int, most_bytes: int) -> int:
    """Largest size of a batch of ``compressed`` bytes after decompression."""
    return min(most_bytes, max(most_bytes // 4, _RATIO * compressed))


def unpacked(codec: int, data: bytes, most: int) -> bytes:
    """The decompressed bytes of a batch; ``codec`` as in the attributes of a batch.

    Raises:
        TooLargeError: they would be more than ``most``.
        CorruptRecordError: the data is damaged, or the codec is unknown.
    """
    try:
        if codec == _GZIP:
            return _gzip(data, most)
        if codec == _SNAPPY:
            return _snappy(data, most)
        return _streamed(_STREAMED[codec], data, most)
    except (OSError, ValueError, KeyError, EOFError, struct.error, zlib.error) as error:
        raise CorruptRecordError(f"a batch cannot be decompressed: {error!r}") from error


def _gzip(data: bytes, most: int) -> bytes:
    pieces, size = [], 0
    while data:
        member = zlib.decompressobj(31)
        pieces.append(member.decompress(data, most - size + 1))
        size += len(pieces[-1])
        if size > most:
            raise BatchTooLargeError
        if not member.eof:
            raise ValueError("the gzip stream is cut")
        data = member.unused_data
    return b"".join(pieces)


def _streamed(codec: _Codec, data: bytes, most: int) -> bytes:
    pieces, size = [], 0
    with pa.CompressedInputStream(pa.BufferReader(data), codec) as stream:
        while piece := stream.read(_PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > most:
                raise BatchTooLargeError
    return b"".join(pieces)


def _snappy(data: bytes, most: int) -> bytes:
    if not data.startswith(_XERIAL):
        return _block(data, most)
    pieces, size, place = [], 0, _XERIAL_HEAD
    while place < len(data):
        (length,) = struct.unpack_from("!i", data, place)
        if length < 0 or place + 4 + length > len(data):
            raise ValueError("a snappy block is cut")
        pieces.append(_block(data[place + 4 : place + 4 + length], most - size))
        size += len(pieces[-1])
        place += 4 + length
    return b"".join(pieces)


def _block(data: bytes, most: int) -> bytes:
    declared = _declared(data)
    if declared > most:
        raise BatchTooLargeError
    return bytes(pa.Codec("snappy").decompress(data, decompressed_size=declared, asbytes=True))


def _declared(block: bytes) -> int:
    """Size that a snappy block declares for its content: a varint of at most five bytes."""
    size = 0
    for place, byte in enumerate(block[:5]):
        size |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return size
    raise ValueError("a snappy block without its size")


def _uncompress(batch: Any) -> None:
    """Replaces ``DefaultRecordBatch._maybe_uncompress``."""
    if batch._decompressed:  # noqa: SLF001 - this is its method
        return
    if batch.compression_type:
        data = bytes(memoryview(batch._buffer)[batch._pos :])  # noqa: SLF001
        inflated = unpacked(batch.compression_type, data, allowed(len(data), _LIMIT.bytes_))
        batch._buffer, batch._pos = bytearray(inflated), 0  # noqa: SLF001
    batch._decompressed = True  # noqa: SLF001


def _records(batch: Any) -> Iterator[Any]:
    """Replaces ``DefaultRecordBatch.__iter__``: what cannot be read is one placeholder at the last offset."""
    begin, compressed = batch.base_offset, batch._buffer  # noqa: SLF001
    try:
        _uncompress(batch)
        while (record := next(batch, None)) is not None:
            if not begin <= record.offset <= batch.last_offset:  # it would make the reader skip other records
                reason = DeadLetterReason.UNDECODABLE
                break
            begin = record.offset + 1
            yield record
        else:
            return
    except BatchTooLargeError:
        reason = DeadLetterReason.TOO_LARGE
    except CorruptRecordError:
        reason = DeadLetterReason.UNDECODABLE
    if begin <= batch.last_offset:
        value = RefusedBatch.of(bytes(compressed), begin, reason)
        yield DefaultRecord(len(value), batch.last_offset, batch.max_timestamp, batch.timestamp_type, None, value, [])
