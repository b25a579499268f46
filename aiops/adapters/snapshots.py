"""Slot snapshots in a folder: the state folder on one node, a shared volume on a cluster.

One file per snapshot: a JSON header, then the arrays' bytes, each with its CRC-32C. A file is written under a temporary
name, flushed to disk and renamed: a visible file is complete. Names sort by age::

    slot-0003/00000002-00000000000017.full      generation 2, sequence 17
    slot-0003/00000002-00000000000018.part      adds to 17
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from crc32c import crc32c

from aiops.model.entities import MAIN_DOMAIN
from aiops.model.errors import AiopsError, FencedOutError, TemporaryError
from aiops.model.records import Arrays, SlotSnapshot, TopicPartition

_MAGIC = b"AIOPSNAP1\n"
_KEPT_CHAINS = 2
"""Number of kept chains (a full snapshot and its parts): the newest, and one in case it is damaged."""


class DamagedSnapshotError(AiopsError):
    """A snapshot file is damaged."""


class FolderSnapshotStore:
    """``SnapshotStore`` over a folder. Safe for one writer per slot; a writer of an older generation is refused."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, snapshot: SlotSnapshot) -> None:
        """Write a snapshot durably, then make it visible.

        Raises:
            FencedOutError: the slot has a snapshot of a newer generation.
            TemporaryError: the disk refuses the write.
        """
        folder = self._slot(snapshot.slot, snapshot.domain)
        newest = max((generation for generation, _, _ in _listed(folder)), default=0)
        if snapshot.generation < newest:
            raise FencedOutError(
                f"slot {snapshot.slot}: generation {snapshot.generation} is over, the newest is {newest}"
            )
        kind = "full" if snapshot.base is None else "part"
        path = folder / f"{snapshot.generation:08d}-{snapshot.sequence:014d}.{kind}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write_durably(path, _encoded(snapshot))
        except OSError as error:
            raise TemporaryError(f"cannot write snapshot {path}: {error}; is the disk full?", 5.0) from error
        if snapshot.base is None:
            self._forget_old(folder)

    def newest(self, slot: int, domain: str = MAIN_DOMAIN) -> list[SlotSnapshot]:
        """The newest full snapshot and its parts, in order. The chain ends before a damaged file."""
        files = _listed(self._slot(slot, domain))
        fulls = [i for i, (_, _, path) in enumerate(files) if path.suffix == ".full"]
        for start in reversed(fulls):
            chain: list[SlotSnapshot] = []
            for _, _, path in files[start:]:
                if path.suffix == ".full" and chain:
                    break
                try:
                    snapshot = _decoded(path.read_bytes())
                except (DamagedSnapshotError, OSError):
                    break
                if chain and snapshot.sequence != chain[-1].sequence + 1:
                    break
                chain.append(snapshot)
            if chain:
                return chain
        return []

    def _slot(self, slot: int, domain: str) -> Path:
        return self._folder / domain / f"slot-{slot:04d}"

    def _forget_old(self, folder: Path) -> None:
        files = _listed(folder)
        fulls = [i for i, (_, _, path) in enumerate(files) if path.suffix == ".full"]
        if len(fulls) > _KEPT_CHAINS:
            for _, _, path in files[: fulls[-_KEPT_CHAINS]]:
                path.unlink(missing_ok=True)


def _listed(folder: Path) -> list[tuple[int, int, Path]]:
    """Generation, sequence and path of each snapshot, oldest first; foreign files are ignored."""
    found = []
    for path in folder.glob("*-*.*") if folder.is_dir() else ():
        generation, _, sequence = path.stem.partition("-")
        if path.suffix in {".full", ".part"} and generation.isdigit() and sequence.isdigit():
            found.append((int(generation), int(sequence), path))
    return sorted(found)


def _write_durably(path: Path, pieces: Iterator[bytes | memoryview]) -> None:
    beside = path.with_suffix(path.suffix + ".writing")
    with beside.open("wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _encoded(snapshot: SlotSnapshot) -> Iterator[bytes | memoryview]:
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
        "arrays": [about for about, _ in arrays],
    }
    text = json.dumps(header).encode()
    yield _MAGIC
    yield len(text).to_bytes(8, "little")
    yield crc32c(text).to_bytes(4, "little")
    yield text
    for _, raw in arrays:
        yield raw


def _decoded(data: bytes) -> SlotSnapshot:
    start = len(_MAGIC) + 12
    size = int.from_bytes(data[len(_MAGIC) : len(_MAGIC) + 8], "little")
    text = data[start : start + size]
    if data[: len(_MAGIC)] != _MAGIC or crc32c(text) != int.from_bytes(data[start - 4 : start], "little"):
        raise DamagedSnapshotError("its header is damaged or of another format")
    header = json.loads(text)
    at = start + size
    parts: dict[str, Arrays] = {}
    for about in header["arrays"]:
        dtype = np.dtype(about["dtype"])
        count = int(np.prod(about["shape"], dtype=np.int64))
        raw = data[at : at + count * dtype.itemsize]
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
    )


def _positions(rows: list[list[Any]]) -> Mapping[TopicPartition, int]:
    return {TopicPartition(topic, partition): next_ for topic, partition, next_ in rows}
