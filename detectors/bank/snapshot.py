"""Snapshots of a bank. The calling thread copies only the blocks that changed; the caller writes them elsewhere.

For each of four arrays a part holds the numbers of the copied blocks and their bytes: ``rows_blocks``, ``rows_data``
and so on; ``kin_data`` is of the blocks of rows. ``head`` is (format, since, version, size, bytes of a row, cells of
the rings). A block of rows is 16 series; a block of the rings is 256 series of one cell. Blocks are small, because the
series that were sent since the last snapshot lie in many places.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from detectors.bank.layout import BLOCK_BITS, RING_BITS, ROW, Array, BankState
from detectors.turns import NO_SHARE, Share

FORMAT = 4
_ROWS = {"rows": "rows", "anomalies": "troubles", "hours": "hours"}
"""Arrays of rows, and what the parts of a snapshot call them."""


def copy_changed(
    state: BankState, size: int, since: int | None, *, version: int, share: Share = NO_SHARE, begun: int = 0
) -> dict[str, Array]:
    """Copies of the blocks that changed after version ``since`` and of a share of the series; None: of all blocks.

    Blocks of the share that changed after ``begun`` are left out: they were copied since the share's turn began. A
    block that never changed is empty, and is left out too.
    """
    after = 0 if since is None else since
    head = np.array([FORMAT, after, version, size, ROW.itemsize, state.ring.shape[0]], dtype=np.int64)
    arrays: dict[str, Array] = {"head": head}
    for name, part in _ROWS.items():
        dirty = getattr(state, f"dirty_{name}")[: _count(size, BLOCK_BITS)]
        blocks = np.flatnonzero(_chosen(dirty, after, (share, begun), bits=BLOCK_BITS)).astype(np.int32)
        arrays[f"{part}_blocks"] = blocks
        arrays[f"{part}_data"] = _blocks(getattr(state, name))[blocks]
    arrays["kin_data"] = _blocks(state.kin)[arrays["rows_blocks"]]
    chosen = _chosen(state.dirty_ring[:, : _count(size, RING_BITS)], after, (share, begun), bits=RING_BITS)
    places = np.argwhere(chosen).astype(np.int32)
    arrays["ring_blocks"] = places
    arrays["ring_data"] = _ring_blocks(state.ring)[places[:, 0], places[:, 1]]
    return arrays


def restore(state: BankState, sizes: tuple[int, int], arrays: Mapping[str, Any]) -> tuple[int, int]:
    """Writes a part into the state; returns the new size and the part's version.

    ``sizes``: number of series now, and at most.

    Raises:
        ValueError: the part's format, ring, size or data does not fit the bank.
    """
    form, _, version, new_size, row_bytes, cells = (int(number) for number in arrays["head"])
    if form != FORMAT or row_bytes != ROW.itemsize or cells != state.ring.shape[0]:
        raise ValueError(f"a snapshot of format {form}/{row_bytes}/{cells} does not fit this bank")
    size, most = sizes
    if not size <= new_size <= most:
        raise ValueError(f"a snapshot of {new_size} series does not fit a bank of {size}, at most {most}")
    for name, part in _ROWS.items():
        blocks = np.asarray(arrays[f"{part}_blocks"])
        _put(_blocks(getattr(state, name)), (blocks,), np.asarray(arrays[f"{part}_data"]))
        getattr(state, f"dirty_{name}")[blocks] = version
    _put(_blocks(state.kin), (np.asarray(arrays["rows_blocks"]),), np.asarray(arrays["kin_data"]))
    places = np.asarray(arrays["ring_blocks"]).reshape(-1, 2)
    _put(_ring_blocks(state.ring), (places[:, 0], places[:, 1]), np.asarray(arrays["ring_data"]))
    state.dirty_ring[places[:, 0], places[:, 1]] = version
    return new_size, version


def copy_views(state: BankState, layouts: Mapping[str, np.dtype[Any]], blocks: npt.NDArray[Any]) -> dict[str, Array]:
    """Copies of the further views' state in the copied blocks of rows, each with its layout."""
    arrays: dict[str, Array] = {}
    for (name, layout), held in zip(layouts.items(), state.views, strict=True):
        arrays[f"view/{name}/layout"] = _layout(layout)
        arrays[f"view/{name}/data"] = _blocks(held)[blocks]
    return arrays


def restore_views(state: BankState, layouts: Mapping[str, np.dtype[Any]], arrays: Mapping[str, Any]) -> None:
    """Writes a part's views into the state. A view that is new or has another layout starts with empty state."""
    blocks = np.asarray(arrays["rows_blocks"])
    for (name, layout), held in zip(layouts.items(), state.views, strict=True):
        if np.array_equal(arrays.get(f"view/{name}/layout", ()), _layout(layout)):
            _put(_blocks(held), (blocks,), np.asarray(arrays[f"view/{name}/data"]))


def _layout(layout: np.dtype[Any]) -> Array:
    return np.frombuffer(str(layout.descr).encode(), np.uint8)


def _chosen(dirty: Array, after: int, old: tuple[Share, int], *, bits: int) -> npt.NDArray[np.bool_]:
    """Blocks that changed after a version, and those of a share that changed last before the share's turn began."""
    chosen: npt.NDArray[np.bool_] = dirty > after
    (first, last), begun = old
    blocks = slice(first >> bits, _count(last, bits))
    chosen[..., blocks] |= (dirty[..., blocks] > 0) & (dirty[..., blocks] <= begun)
    return chosen


def _count(size: int, bits: int) -> int:
    """Blocks of so many series."""
    return (size + (1 << bits) - 1) >> bits


def _blocks(array: Array) -> Array:
    """(blocks, bytes) view: numpy copies structured arrays field by field, which is much slower than copying bytes."""
    return array.view(np.uint8).reshape(len(array) >> BLOCK_BITS, -1)


def _ring_blocks(ring: Array) -> Array:
    """(cells, blocks, series) view."""
    return ring.reshape(len(ring), -1, 1 << RING_BITS)


def _put(target: Array, blocks: tuple[npt.NDArray[Any], ...], data: Array) -> None:
    if data.shape != (len(blocks[0]), target.shape[-1]):
        raise ValueError(f"a snapshot holds {data.shape} where its blocks need {(len(blocks[0]), target.shape[-1])}")
    target[blocks] = data
