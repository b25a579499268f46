"""What a compressed Arrow record declares is bounded before anything is decompressed."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.model.deadletters import DeadLetterReason as Reason
from detectors.wire import arrow
from detectors.wire.arrow_stream import TooLargeError, opened, unpacked_size
from detectors.wire.batch import WireSettings
from detectors.wire.memory import WireMemory
from tests.unit.detectors.wire.requests import NOW
from tests.unit.detectors.wire.test_arrow import points, stream

BOMB = """
import sys
from pathlib import Path
from tests.unit.detectors.wire import test_arrow_stream as t
print(t.grown(Path(sys.argv[1]).read_bytes()))
"""


def packed(columns: dict[str, Any], codec: Literal["zstd", "lz4"] = "zstd") -> bytes:
    """An IPC stream whose buffers are compressed."""
    batch = pa.RecordBatch.from_pydict(columns)
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=codec)
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def column(rows: int, text: str) -> Any:
    return pa.DictionaryArray.from_arrays(np.zeros(rows, np.int8), pa.array([text]))


def equal(rows: int, **changes: Any) -> dict[str, Any]:
    """Columns of equal points, which compress to nothing."""
    columns = {
        "ts": np.full(rows, NOW),
        "value": np.zeros(rows),
        "entity": column(rows, "e"),
        "metric": column(rows, "m"),
    }
    return columns | changes


def grown(record: bytes) -> str:
    """How the record ended, and by how many MB this process grew."""
    arrow.decode([packed(equal(10))], WireMemory(), NOW)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    batch = arrow.decode([record], WireMemory(), NOW)
    reasons = [entry.reason.value for entry in batch.rejected]
    return f"{reasons} {(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10}"


def decoded(records: list[bytes], most: int) -> Any:
    return arrow.decode(records, WireMemory(settings=WireSettings(max_unpacked_bytes=most)), NOW)


@pytest.mark.parametrize("codec", ["zstd", "lz4"])
def test_the_size_of_a_record_is_that_of_its_buffers(codec: Literal["zstd", "lz4"]) -> None:
    """Times, values and codes of each row, and the strings."""
    assert 18_000 <= unpacked_size(packed(equal(1000), codec)) < 18_500


def test_a_record_without_compression_has_no_size() -> None:
    """Its bytes are there already."""
    assert unpacked_size(stream(points(100))) == 0


def test_a_bomb_is_refused_and_takes_no_memory(tmp_path: Path) -> None:
    """7 KB that hold ten million points."""
    file = tmp_path / "bomb"
    file.write_bytes(packed(equal(10_000_000)))
    assert file.stat().st_size < 40_000
    done = subprocess.run(
        [sys.executable, "-c", BOMB, str(file)], capture_output=True, text=True, check=True, timeout=110
    )
    reasons, megabytes = done.stdout.rsplit(" ", 1)
    assert reasons == "['too-large']"
    assert int(megabytes) < 30


def test_a_bomb_costs_only_itself() -> None:
    """The records around it are read."""
    batch = decoded([packed(equal(100)), packed(equal(100_000)), packed(equal(100))], 1 << 20)
    assert [(entry.record, entry.reason, entry.items) for entry in batch.rejected] == [(1, Reason.TOO_LARGE, 1)]
    assert (len(batch), batch.items.tolist(), batch.difference) == (200, [100, 1, 100], 0)


def test_many_compressed_records_are_decoded_in_parts() -> None:
    """Each part is at most one record above the limit, and together they are all."""
    records = [packed(equal(10_000))] * 9  # 180 KB each
    sizes = []
    while records:
        batch = decoded(records, 400_000)
        assert batch.difference == 0
        sizes.append(len(batch.items))
        records = records[len(batch.items) :]
    assert sizes == [3, 3, 3]


def test_a_large_dictionary_string_is_not_repeated_for_every_row() -> None:
    """One string of 1 MB in 100,000 rows is 100 GB if it is written out."""
    rows = 100_000
    large = pa.DictionaryArray.from_arrays(np.zeros(rows, np.int8), pa.array(["x" * 1_000_000], pa.large_utf8()))
    batch = decoded([stream(equal(rows, entity=large))], 1 << 20)
    assert [(entry.reason, entry.items) for entry in batch.rejected] == [(Reason.TOO_LARGE, rows)]
    small = pa.DictionaryArray.from_arrays(np.zeros(3, np.int8), pa.array(["x"], pa.large_utf8()))
    assert len(decoded([stream(equal(3, entity=small))], 1 << 20)) == 3


@pytest.mark.parametrize("declared", [1 << 40, (1 << 63) - 1, -2, -(1 << 63)])
def test_a_forged_size_is_refused(declared: int) -> None:
    """It is larger than the limit, or no size at all."""
    record = bytearray(packed(equal(1000)))
    place = record.index((8000).to_bytes(8, "little"), 600)
    record[place : place + 8] = declared.to_bytes(8, "little", signed=True)
    (rejected,) = decoded([bytes(record)], 1 << 20).rejected
    assert rejected.reason in {Reason.TOO_LARGE, Reason.UNDECODABLE}


@given(edits=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=5))
def test_a_mutated_record_is_opened_within_its_limit_or_refused(edits: list[tuple[int, int]]) -> None:
    """Nothing else is raised."""
    record = bytearray(packed(equal(300)))
    for place, byte in edits:
        record[place % len(record)] = byte
    try:
        _, size = opened(bytes(record), 100_000)
    except (pa.ArrowException, OSError, ValueError, EOFError, TooLargeError):
        return
    assert 0 <= size <= 100_000
