"""Spans as additive figures: calls, errors and a histogram of durations per service, edge and interval.

Adding the rows of two parts gives the rows of the whole, so spans travel to the slot that owns their service as a few
hundred rows in place of themselves, and nothing of a single request leaves the shard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from detectors.wire.spans import CLIENT, CONSUMER, ERROR, PRODUCER, SERVER, SpanBatch

BOUNDS = 100_000.0 * 2.0 ** (np.arange(41) / 2)
"""Upper bounds of the buckets of durations, ns: 0.1 ms to 105 s, two to each doubling; the last bucket is open."""
_TOPIC, _PARTITION = b"aiops.topic", b"aiops.partition"


@dataclass(frozen=True, slots=True)
class SpanCounts:
    """Rows of figures, one per origin offset, service, peer and interval. All arrays are of one length."""

    entity: npt.NDArray[np.int32]
    """Index into ``words``: the service."""
    peer: npt.NDArray[np.int32]
    """Index into ``words``: the service that is called; -1: the figures are of calls that the service answers."""
    at: npt.NDArray[np.int64]
    """Begin of the interval in which the spans started, ns UTC."""
    offset: npt.NDArray[np.int64]
    """Offset of the origin record."""
    calls: npt.NDArray[np.int64]
    errors: npt.NDArray[np.int64]
    durations: npt.NDArray[np.int64]
    """Calls per bucket, shape (n, len(BOUNDS) + 1)."""
    words: list[str]

    def __len__(self) -> int:
        return len(self.at)


def summarise(spans: SpanBatch, offsets: Sequence[int], interval_ns: int) -> SpanCounts:
    """Figures of the server and consumer spans of each service, and of its calls to each peer.

    Internal spans, and client spans that name no peer, are of no edge and are left out.

    Args:
        spans: of one poll of one partition.
        offsets: offset of each record of the poll.
        interval_ns: width of the intervals.
    """
    answers = np.isin(spans.kind, (SERVER, CONSUMER))
    calls = np.isin(spans.kind, (CLIENT, PRODUCER)) & (spans.peer >= 0)
    used = np.flatnonzero(answers | calls)
    peer = np.where(calls, spans.peer, -1)[used]
    begins = spans.at[used] // interval_ns * interval_ns
    origin = np.asarray(offsets, dtype=np.int64)[spans.record[used]]
    keys = np.stack([origin, begins, spans.entity[used].astype(np.int64), peer.astype(np.int64)], axis=1)
    rows, group = np.unique(keys, axis=0, return_inverse=True)
    group = group.reshape(-1)
    durations = np.zeros((len(rows), len(BOUNDS) + 1), np.int64)
    np.add.at(durations, (group, np.searchsorted(BOUNDS, spans.duration[used])), 1)
    errors = np.bincount(group, weights=spans.status[used] == ERROR, minlength=len(rows)).astype(np.int64)
    return SpanCounts(
        entity=rows[:, 2].astype(np.int32),
        peer=rows[:, 3].astype(np.int32),
        at=rows[:, 1],
        offset=rows[:, 0],
        calls=durations.sum(axis=1),
        errors=errors,
        durations=durations,
        words=spans.words,
    )


def encode(counts: SpanCounts, which: npt.NDArray[np.int64], origin: tuple[str, int]) -> bytes:
    """One keyed record of some rows (those of one slot), which came from one origin partition."""
    flat = pa.array(counts.durations[which].ravel())
    arrays = {
        "at": pa.array(counts.at[which]),
        "offset": pa.array(counts.offset[which]),
        "calls": pa.array(counts.calls[which]),
        "errors": pa.array(counts.errors[which]),
        "durations": pa.FixedSizeListArray.from_arrays(flat, len(BOUNDS) + 1),
        "entity": pa.array([counts.words[code] for code in counts.entity[which].tolist()], pa.utf8()),
        "peer": pa.array(
            [counts.words[code] if code >= 0 else None for code in counts.peer[which].tolist()], pa.utf8()
        ),
    }
    schema = pa.schema([(name, array.type) for name, array in arrays.items()])
    topic, partition = origin
    schema = schema.with_metadata({_TOPIC: topic.encode(), _PARTITION: str(partition).encode()})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        writer.write_batch(pa.RecordBatch.from_arrays(list(arrays.values()), schema=schema))
    return bytes(sink.getvalue().to_pybytes())


def decode(record: bytes) -> tuple[SpanCounts, tuple[str, int]] | None:
    """The rows of a keyed record and their origin; None where it is none."""
    try:
        with pa.ipc.open_stream(record) as reader:
            table = reader.read_all()
        table.validate(full=True)
        metadata = table.schema.metadata or {}
        origin = metadata[_TOPIC].decode(), int(metadata[_PARTITION])
        return _counts(table), origin
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError, EOFError):
        return None


def _counts(table: Any) -> SpanCounts:
    entities, peers = table["entity"].to_pylist(), table["peer"].to_pylist()
    codes: dict[str, int] = {}
    for text in (*entities, *peers):
        if text is not None:
            codes.setdefault(text, len(codes))
    numbers = {name: np.asarray(table[name].cast(pa.int64()), dtype=np.int64) for name in _NUMBERS}
    width = len(BOUNDS) + 1
    durations = np.asarray(table["durations"].combine_chunks().flatten().cast(pa.int64()), dtype=np.int64)
    if any(table[name].null_count for name in (*_NUMBERS, "entity", "durations")):
        raise ValueError("null in a column that may not have it")
    return SpanCounts(
        entity=np.array([codes[text] for text in entities], np.int32),
        peer=np.array([-1 if text is None else codes[text] for text in peers], np.int32),
        durations=durations.reshape(len(entities), width),
        words=list(codes),
        **numbers,
    )


_NUMBERS = ("at", "offset", "calls", "errors")
