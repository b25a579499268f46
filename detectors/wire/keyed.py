"""The internal topic `aiops.keyed`: what came through a foreign partition, on its way to the slot that owns the entity.

A record holds rows of one origin partition, each with its origin offset, so that the receiver drops what it has seen
when the sender replays. A sender must put all rows that one origin record has for one slot into one keyed record.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from aiops.model.deadletters import DeadLetterReason
from detectors.wire.arrow import ArrowReader
from detectors.wire.arrow_columns import SchemaMismatchError, numbers, primary
from detectors.wire.arrow_encoding import PointEncoder
from detectors.wire.batch import PointBatch
from detectors.wire.memory import WireMemory

Origin = tuple[str, int]
"""Topic and partition."""
_TOPIC, _PARTITION = b"aiops.topic", b"aiops.partition"


@dataclass(frozen=True, slots=True)
class KeyedBatch:
    """Points of one poll of the internal topic."""

    points: PointBatch
    """Without what was seen before, which is not among its ``items`` either."""
    duplicates: npt.NDArray[np.int64]
    """Units per record that were seen before."""
    origins: list[Origin | None]
    """Of each record; None where it is none."""


def encode(
    encoder: PointEncoder, batch: PointBatch, which: npt.NDArray[np.int64], *, origin: tuple[Origin, Sequence[int]]
) -> bytes:
    """One keyed record of some points of a batch.

    Args:
        encoder: of the table that the batch's series are in.
        batch: what was decoded from one poll of one origin partition.
        which: positions of the points of one slot.
        origin: the partition, and the offset of each record of the poll.
    """
    (topic, partition), offsets = origin
    columns: dict[str, Any] = {
        "ts": batch.at[which],
        "value": batch.value[which],
        "start": batch.start[which],
        "primary": batch.unit[which],
        "offset": np.asarray(offsets, dtype=np.int64)[batch.record[which]],
    }
    metadata = {_TOPIC.decode(): topic, _PARTITION.decode(): str(partition)}
    return encoder.encode_columns(batch.series[which], columns, metadata)


def decode(
    records: Sequence[bytes], memory: WireMemory, received_at: int, *, seen: MutableMapping[Origin, int]
) -> KeyedBatch:
    """Points of keyed records that are new; ``seen`` holds the last offset of each origin, and is moved on."""
    reader = ArrowReader(len(records), memory, received_at)
    duplicates = np.zeros(len(records), np.int64)
    origins: list[Origin | None] = [None] * len(records)
    for record, value in enumerate(records):
        batches = reader.open(value, record)
        for batch in batches or ():
            try:
                origin, offsets = _origin(batch), _offsets(batch)
                known = offsets <= seen.get(origin, -1)
                if known.any():
                    duplicates[record] += int(np.count_nonzero(primary(batch)[known]))
                    batch = batch.filter(pa.array(~known))  # noqa: PLW2901 (the rest of it)
            except (SchemaMismatchError, pa.ArrowException, UnicodeDecodeError):
                reader.refuse(record, DeadLetterReason.SCHEMA_MISMATCH, max(1, len(batch)))
                continue
            reader.take([batch], record)
            seen[origin] = max(seen.get(origin, -1), int(offsets.max(initial=-1)))
            origins[record] = origin
    return KeyedBatch(reader.batch(), duplicates, origins)


def _offsets(batch: Any) -> npt.NDArray[np.int64]:
    place = batch.schema.get_field_index("offset")
    if place < 0:
        raise SchemaMismatchError("no column offset")
    offsets: npt.NDArray[np.int64] = numbers(batch.column(place), np.int64, null=-1)
    if offsets.min(initial=0) < 0:
        raise SchemaMismatchError("an offset below 0")
    return offsets


def _origin(batch: Any) -> Origin:
    metadata = batch.schema.metadata or {}
    try:
        return metadata[_TOPIC].decode(), int(metadata[_PARTITION])
    except (KeyError, ValueError) as error:
        raise SchemaMismatchError("no origin in the metadata") from error
