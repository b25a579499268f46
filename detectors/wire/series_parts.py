"""Merges the parts of a table of series that several snapshots hold into one: of each item the newest."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from detectors.wire.series_rows import Arrays


def merged(parts: Sequence[Arrays]) -> Arrays:
    """What ``SeriesTable.since()`` would have given with the last of some parts, which hold everything together."""
    last = parts[-1]
    made: Arrays = {"seen": last["seen"], "source": last["source"], "head": last["head"].copy()}
    made["head"][0] = 0
    for name in ("entity", "word"):
        made |= {f"{name}_{key}": array for key, array in _texts(parts, f"{name}_").items()}
    return made | _rows(parts, len(last["seen"]))


def _texts(parts: Sequence[Arrays], prefix: str) -> Arrays:
    found: dict[int, tuple[bool, bytes]] = {}
    for part in parts:
        codes, free, ends, text = (part[prefix + name] for name in ("codes", "free", "ends", "text"))
        whole = text.tobytes()
        pieces = [whole[begin:end] for begin, end in pairwise([0, *ends.tolist()])]
        found |= dict(zip(codes.tolist(), zip(free.tolist(), pieces, strict=True), strict=True))
    codes = np.sort(np.array([*found], np.int32))
    kept = [found[code] for code in codes.tolist()]
    return {
        "codes": codes,
        "free": np.array([is_free for is_free, _ in kept], np.bool_),
        "ends": np.cumsum([len(piece) for _, piece in kept], dtype=np.int64),
        "text": np.frombuffer(b"".join(piece for _, piece in kept), np.uint8),
    }


def _rows(parts: Sequence[Arrays], size: int) -> Arrays:
    """Codes and aliases of each number, from the last part that has the number."""
    codes, newest = np.full((size, parts[0]["codes"].shape[1]), -1, np.int32), np.full(size, -1, np.int32)
    for number, part in enumerate(parts):
        codes[part["numbers"]] = part["codes"]
        newest[part["numbers"]] = number
    kept = [newest[part["alias_series"]] == number for number, part in enumerate(parts)]
    return {
        "numbers": np.flatnonzero(newest >= 0).astype(np.int32),
        "codes": codes[newest >= 0],
        **{
            name: np.concatenate([part[name][chosen] for part, chosen in zip(parts, kept, strict=True)])
            for name in ("alias_hash", "alias_series")
        },
    }
