"""Compressed batches are unpacked up to a limit, and a batch beyond it costs only itself."""

from __future__ import annotations

import contextlib
import gzip
import random
import struct
import subprocess
import sys
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError
from kafka.record.memory_records import MemoryRecords, MemoryRecordsBuilder
from kafka.record.util import calc_crc32c

from aiops.adapters.kafka.bounded_decompression import BatchTooLargeError, allowed, bound, unpacked
from aiops.adapters.kafka.columns import pieces
from aiops.model.deadletters import DeadLetterReason as Reason
from aiops.model.records import FetchedRecords, TopicPartition

MB = 1 << 20
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
PLACE = TopicPartition("t", 0)
BOMB = """
import resource, sys
from tests.unit.adapters.kafka import test_bounded_decompression as t
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
found = t.read(open(sys.argv[1], "rb").read())
print([piece.refused for piece in found], (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


def compressed(codec: str, data: bytes) -> bytes:
    """As a producer compresses the records of a batch."""
    if codec == "gzip":
        return gzip.compress(data)
    if codec == "none":
        return data
    made: Any = pa.Codec(codec)  # type: ignore[arg-type]  # its stubs want a literal
    return bytes(made.compress(data, asbytes=True))


def batch(codec: str, values: list[bytes], first: int = 0) -> bytes:
    """A record batch (magic 2) as a broker sends it."""
    builder = MemoryRecordsBuilder(2, 0, 1 << 30)
    for value in values:
        builder.append(timestamp=5, key=b"k", value=value, headers=[])
    builder.close()
    plain = bytes(builder.buffer())
    return rewritten(plain, compressed(codec, plain[61:]), codec, first)


def rewritten(plain: bytes, records: bytes, codec: str, first: int) -> bytes:
    """The batch with other records, the attributes of ``codec``, its first offset and a checksum that fits."""
    (attributes,) = struct.unpack_from(">h", plain, 21)
    head = struct.pack(">h", attributes | CODECS[codec]) + plain[23:61]
    checksum = calc_crc32c(head + records)
    return struct.pack(">qii", first, 49 + len(records), 0) + b"\x02" + struct.pack(">I", checksum) + head + records


def read(data: bytes, fetch_offset: int = 0) -> list[FetchedRecords]:
    """The bytes of a fetch, by the client's own path."""
    bound(64 * MB)
    partition = Fetcher.PartitionRecords(fetch_offset, PLACE, MemoryRecords(data))
    return list(pieces(PLACE, partition.take()))


def seen(found: list[FetchedRecords]) -> list[tuple[list[int], Reason | None]]:
    return [(list(piece.offsets), piece.refused) for piece in found]


@pytest.mark.parametrize("codec", CODECS)
def test_batches_of_every_codec_are_read(codec: str) -> None:
    """Also zstd, for which kafka-python alone would need a further package."""
    (found,) = read(batch(codec, [b"a" * 5000, b"b"]))
    assert (found.values, found.keys, found.refused) == ([b"a" * 5000, b"b"], [b"k", b"k"], None)


def test_a_xerial_stream_of_snappy_blocks_is_read() -> None:
    """Java producers write it."""
    block = compressed("snappy", b"x" * 1000)
    data = b"\x82SNAPPY\0" + struct.pack("!ii", 1, 1) + 2 * (struct.pack("!i", len(block)) + block)
    assert unpacked(2, data, 2000) == b"x" * 2000
    with pytest.raises(BatchTooLargeError):
        unpacked(2, data, 1999)


def test_gzip_of_several_members_is_read() -> None:
    """And bounded as a whole."""
    data = gzip.compress(b"x" * 700) + gzip.compress(b"y" * 700)
    assert unpacked(1, data, 1400) == b"x" * 700 + b"y" * 700
    with pytest.raises(BatchTooLargeError):
        unpacked(1, data, 1399)


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_a_bomb_between_two_batches_is_one_refused_piece(codec: str) -> None:
    """Its offsets are accounted for, its bytes are kept, and its neighbours are read."""
    bomb = batch(codec, [bytes(30 * MB)] * 3, first=1)
    found = read(batch(codec, [b"before"]) + bomb + batch(codec, [b"after"], first=4))
    assert seen(found) == [([0], None), ([1, 2, 3], Reason.TOO_LARGE), ([4], None)]
    assert (found[0].values, found[1].values[0], found[2].values) == ([b"before"], bomb, [b"after"])


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_a_bomb_takes_no_memory(codec: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A batch of 400 MB in a process of its own: at most the limit is held, twice."""
    file = tmp_path_factory.mktemp("bomb") / codec
    file.write_bytes(batch(codec, [bytes(100 * MB)] * 4))
    done = subprocess.run(
        [sys.executable, "-c", BOMB, str(file)], capture_output=True, text=True, check=True, timeout=100
    )
    refused, grown = done.stdout.rsplit(" ", 1)
    assert "TOO_LARGE" in refused
    assert int(grown) < 200


@pytest.mark.parametrize("codec", CODECS)
def test_a_batch_whose_content_is_broken_is_refused_from_the_first_unreadable_record(codec: str) -> None:
    """The records before it are read, and the next batch too."""
    plain = batch("none", [b"one", b"two", b"three"])
    records = bytearray(plain[61:])
    records[records.index(b"three") - 1] = 0x7F  # length of the value
    broken = rewritten(plain, compressed(codec, bytes(records)), codec, 0)
    found = read(broken + batch(codec, [b"next"], first=3))
    assert seen(found) == [([0, 1], None), ([2], Reason.UNDECODABLE), ([3], None)]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
def test_a_batch_whose_compression_is_broken_is_refused(codec: str) -> None:
    """Cut in the middle."""
    plain = batch("none", [random.Random(1).randbytes(4000)] * 2)
    cut = rewritten(plain, compressed(codec, plain[61:])[:-700], codec, 0)
    assert seen(read(cut + batch(codec, [b"next"], first=2))) == [([0, 1], Reason.UNDECODABLE), ([2], None)]


def test_a_fetch_from_the_middle_of_a_refused_batch_gives_its_end() -> None:
    """A shard that counted the first offsets skips them by itself."""
    found = read(batch("gzip", [bytes(30 * MB)] * 3, first=7), fetch_offset=8)
    assert seen(found) == [([7, 8, 9], Reason.TOO_LARGE)]


def test_a_storm_of_equal_lines_is_no_bomb() -> None:
    """It compresses to a thousandth."""
    value = b"connection refused by db-7:5432, retry in 3 s\n" * 300_000
    (found,) = read(batch("gzip", [value]))
    assert found.values == [value]


@pytest.mark.parametrize(
    ("compressed_bytes", "most"), [(1, 16 * MB), (MB // 8, 25 * MB), (MB, 64 * MB), (60 * MB, 64 * MB)]
)
def test_the_limit_grows_with_the_compressed_size(compressed_bytes: int, most: int) -> None:
    """By ratio between a quarter of the limit and the limit."""
    assert allowed(compressed_bytes, 64 * MB) == most


@given(data=st.binary(max_size=200), codec=st.integers(0, 7))
def test_any_bytes_are_unpacked_within_the_limit_or_refused(data: bytes, codec: int) -> None:
    """By one of two errors."""
    with contextlib.suppress(BatchTooLargeError, CorruptRecordError):
        assert len(unpacked(codec, data, 1000)) <= 1000


@given(
    codec=st.sampled_from(["gzip", "snappy", "lz4", "zstd"]),
    edits=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_a_mutated_batch_never_hides_the_next(codec: str, edits: list[tuple[int, int]]) -> None:
    """No offset appears twice, and none beyond the batch's own: it would make the shard skip what follows."""
    plain = batch("none", [b"%d" % number * 50 for number in range(8)])
    data = bytearray(compressed(codec, plain[61:]))
    for place, byte in edits:
        data[place % len(data)] = byte
    found = read(rewritten(plain, bytes(data), codec, 0) + batch(codec, [b"next"], first=8))
    offsets = [offset for piece in found for offset in piece.offsets]
    assert offsets == sorted(set(offsets))
    assert (offsets[-1], found[-1].values[-1], found[-1].refused) == (8, b"next", None)
