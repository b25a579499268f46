"""Snapshots of a bank. The calling thread copies only the blocks that changed; the caller writes them elsewhere.

For each of four arrays a part holds the numbers of the changed blocks and their concatenated bytes: ``rows_blocks``,
``rows_data`` and so on; ``kin_data`` is of the blocks of rows. ``head`` is (format, since, version, size, bytes of a
row, cells of the rings). A block of rows is 1,024 series; a block of the rings is 16,384 series of one cell. The last
block ends at the bank's size.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from detectors.bank.layout import BLOCK_BITS, RING_BITS, ROW, Array, BankState

FORMAT = 3
_ROWS = {"rows": "rows", "anomalies": "troubles", "hours": "hours"}
"""Arrays of rows, and what the parts of a snapshot call them."""
_BLOCK = 1 << BLOCK_BITS
_RING_BLOCK = 1 << RING_BITS


def copy_changed(state: BankState, size: int, since: int | None, *, version: int) -> dict[str, Array]:
    """Copies of all blocks that changed after version ``since``; None: of all blocks."""
    after = 0 if since is None else since
    head = np.array([FORMAT, after, version, size, ROW.itemsize, state.ring.shape[0]], dtype=np.int64)
    arrays: dict[str, Array] = {"head": head}
    used = (size + _BLOCK - 1) >> BLOCK_BITS
    for name, part in _ROWS.items():
        dirty = getattr(state, f"dirty_{name}")[:used]
        blocks = np.flatnonzero(dirty > after)
        arrays[f"{part}_blocks"] = blocks.astype(np.int32)
        arrays[f"{part}_data"] = _gather(getattr(state, name), blocks, size)
    arrays["kin_data"] = _gather(state.kin, arrays["rows_blocks"], size)
    ring_used = (size + _RING_BLOCK - 1) >> RING_BITS
    places = np.argwhere(state.dirty_ring[:, :ring_used] > after).astype(np.int32)
    arrays["ring_blocks"] = places
    arrays["ring_data"] = _gather_ring(state.ring, places, size)
    return arrays


def restore(state: BankState, size: int, arrays: Mapping[str, Any]) -> tuple[int, int]:
    """Writes a part into the state; returns the new size and the part's version.

    Raises:
        ValueError: the part's format, ring, size or data does not fit the bank.
    """
    form, _, version, new_size, row_bytes, steps = (int(number) for number in arrays["head"])
    if form != FORMAT or row_bytes != ROW.itemsize or steps != state.ring.shape[0]:
        raise ValueError(f"a snapshot of format {form}/{row_bytes}/{steps} does not fit this bank")
    if not size <= new_size <= len(state.rows):
        raise ValueError(f"a snapshot of {new_size} series does not fit a bank of {size}, at most {len(state.rows)}")
    for name, part in _ROWS.items():
        target: Array = getattr(state, name)
        blocks = np.asarray(arrays[f"{part}_blocks"])
        _scatter(target, blocks, np.asarray(arrays[f"{part}_data"]), size=new_size)
        getattr(state, f"dirty_{name}")[blocks] = version
    _scatter(state.kin, np.asarray(arrays["rows_blocks"]), np.asarray(arrays["kin_data"]), size=new_size)
    places = np.asarray(arrays["ring_blocks"]).reshape(-1, 2)
    _scatter_ring(state.ring, places, np.asarray(arrays["ring_data"]), size=new_size)
    state.dirty_ring[places[:, 0], places[:, 1]] = version
    return new_size, version


def copy_views(
    state: BankState, layouts: Mapping[str, np.dtype[Any]], blocks: npt.NDArray[Any], *, size: int
) -> dict[str, Array]:
    """Copies of the further views' state in the changed blocks of rows, each with its layout."""
    arrays: dict[str, Array] = {}
    for (name, layout), held in zip(layouts.items(), state.views, strict=True):
        arrays[f"view/{name}/layout"] = _layout(layout)
        arrays[f"view/{name}/data"] = _gather(held, blocks, size)
    return arrays


def restore_views(
    state: BankState, layouts: Mapping[str, np.dtype[Any]], arrays: Mapping[str, Any], *, size: int
) -> None:
    """Writes a part's views into the state. A view that is new or has another layout starts with empty state."""
    blocks = np.asarray(arrays["rows_blocks"])
    for (name, layout), held in zip(layouts.items(), state.views, strict=True):
        if np.array_equal(arrays.get(f"view/{name}/layout", ()), _layout(layout)):
            _scatter(held, blocks, np.asarray(arrays[f"view/{name}/data"]), size=size)


def _layout(layout: np.dtype[Any]) -> Array:
    return np.frombuffer(str(layout.descr).encode(), np.uint8)


def _runs(blocks: npt.NDArray[Any]) -> list[tuple[int, int]]:
    """Consecutive blocks as [from, to) pairs: few large copies instead of many small ones."""
    if not len(blocks):
        return []
    breaks = np.flatnonzero(np.diff(blocks) != 1) + 1
    return [(int(run[0]), int(run[-1]) + 1) for run in np.split(blocks, breaks)]


def _gather(source: Array, blocks: npt.NDArray[Any], size: int) -> Array:
    spans = [(begin * _BLOCK, min(end * _BLOCK, size)) for begin, end in _runs(blocks)]
    out = np.empty((sum(end - begin for begin, end in spans), *source.shape[1:]), dtype=source.dtype)
    filled = 0
    for begin, end in spans:
        _bytes(out)[filled : filled + end - begin] = _bytes(source)[begin:end]
        filled += end - begin
    return _bytes(out)


def _scatter(target: Array, blocks: npt.NDArray[Any], data: Array, *, size: int) -> None:
    taken = 0
    for begin, end in _runs(blocks):
        first, last = begin * _BLOCK, min(end * _BLOCK, size)
        _bytes(target)[first:last] = data[taken : taken + last - first]
        taken += last - first
    if taken != len(data):
        raise ValueError(f"a snapshot holds {len(data)} rows where its blocks need {taken}")


def _gather_ring(ring: Array, places: npt.NDArray[np.int32], size: int) -> Array:
    parts = [ring[slot, block << RING_BITS : min((block + 1) << RING_BITS, size)] for slot, block in places.tolist()]
    return np.concatenate(parts) if parts else np.empty(0, dtype=ring.dtype)


def _scatter_ring(ring: Array, places: npt.NDArray[Any], data: Array, *, size: int) -> None:
    taken = 0
    for slot, block in places.tolist():
        first, last = block << RING_BITS, min((block + 1) << RING_BITS, size)
        ring[slot, first:last] = data[taken : taken + last - first]
        taken += last - first
    if taken != len(data):
        raise ValueError(f"a snapshot holds {len(data)} ring values where its blocks need {taken}")


def _bytes(array: Array) -> Array:
    """Rows as bytes: numpy copies structured arrays field by field, which is much slower than copying bytes."""
    return array.view(np.uint8).reshape(len(array), array.dtype.itemsize * int(np.prod(array.shape[1:])))
