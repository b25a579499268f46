"""The bytes of a slot snapshot: a JSON header, then the arrays' bytes. The header and each array have a CRC-32C."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from crc32c import crc32c

from aiops.model.errors import AiopsError
from aiops.model.records import Arrays, SlotSnapshot, TopicOrigin, TopicPartition

_MAGIC = b"AIOPSNAP1\n"


class DamagedSnapshotError(AiopsError):
    """The bytes of a snapshot are damaged, or are none."""


def encode(snapshot: SlotSnapshot) -> Iterator[bytes | memoryview]:
    """Yield the bytes of a snapshot piece by piece; the arrays are not copied."""
    arrays: list[tuple[dict[str, Any], memoryview]] = []
    for part, named in snapshot.parts.items():
        for name, array in named.items():
            data = np.ascontiguousarray(array)
            raw = data.reshape(-1).view(np.uint8).data if data.size else memoryview(b"")
            about = {"part": part, "name": name, "dtype": data.dtype.str, "shape": list(array.shape)}
            arrays.append(({**about, "crc": crc32c(raw)}, raw))
    header = {
        "slot": snapshot.slot,
        "generation": snapshot.generation,
        "sequence": snapshot.sequence,
        "base": snapshot.base,
        "domain": snapshot.domain,
        "positions": [[p.topic, p.partition, n] for p, n in sorted(snapshot.positions.items())],
        "origins": [[p.topic, p.partition, o.topic_id, o.shift, o.end] for p, o in sorted(snapshot.origins.items())],
        "arrays": [about for about, _ in arrays],
    }
    text = json.dumps(header).encode()
    yield _MAGIC
    yield len(text).to_bytes(8, "little")
    yield crc32c(text).to_bytes(4, "little")
    yield text
    for _, raw in arrays:
        yield raw


def decode(data: bytes) -> SlotSnapshot:
    """The snapshot in these bytes.

    Raises:
        DamagedSnapshotError: a checksum does not match, bytes are missing, or the header is none of a snapshot.
    """
    try:
        return _decoded(data)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise DamagedSnapshotError(f"its header is none of a snapshot: {error!r}") from error


def _decoded(data: bytes) -> SlotSnapshot:
    start = len(_MAGIC) + 12
    size = int.from_bytes(data[len(_MAGIC) : len(_MAGIC) + 8], "little")
    text = data[start : start + size]
    if (
        len(data) < start
        or data[: len(_MAGIC)] != _MAGIC
        or crc32c(text) != int.from_bytes(data[start - 4 : start], "little")
    ):
        raise DamagedSnapshotError("its header is damaged or of another format")
    header = json.loads(text)
    at, whole = start + size, memoryview(data)
    parts: dict[str, Arrays] = {}
    for about in header["arrays"]:
        dtype = np.dtype(about["dtype"])
        count = math.prod(about["shape"])
        raw = whole[at : at + count * dtype.itemsize]
        if len(raw) != count * dtype.itemsize or crc32c(raw) != about["crc"]:
            raise DamagedSnapshotError(f"array {about['part']}/{about['name']} is damaged")
        at += len(raw)
        parts.setdefault(about["part"], {})[about["name"]] = np.frombuffer(raw, dtype).reshape(about["shape"]).copy()
    return SlotSnapshot(
        slot=header["slot"],
        generation=header["generation"],
        sequence=header["sequence"],
        positions=_positions(header["positions"]),
        parts=parts,
        base=header["base"],
        domain=header["domain"],
        origins={TopicPartition(t, p): TopicOrigin(*rest) for t, p, *rest in header.get("origins", ())},
    )


def _positions(rows: list[list[Any]]) -> Mapping[TopicPartition, int]:
    return {TopicPartition(topic, partition): next_ for topic, partition, next_ in rows}
