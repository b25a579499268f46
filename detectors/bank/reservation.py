"""Reserves the memory of a bank for its largest number of series. Only the part in use is committed."""

from __future__ import annotations

import contextlib
import mmap
from collections.abc import Mapping
from typing import Any

import numpy as np

from detectors.bank.engine import Engine
from detectors.bank.layout import ANOMALY, BLOCK_BITS, KIN, RING_BITS, Array, BankState, Rings


def reserve(capacity: int, rings: Rings, views: Mapping[str, np.dtype[Any]], *, engine: Engine) -> BankState:
    """Arrays of an empty bank, with room up to the end of a block. ``views``: layout of each further view's state."""
    capacity = -(-capacity >> RING_BITS) << RING_BITS
    blocks = capacity >> BLOCK_BITS
    cells = rings.fine + rings.steps + rings.coarse
    return BankState(
        rows=_zeros((capacity,), engine.rows),
        anomalies=_zeros((capacity,), ANOMALY),
        hours=_zeros((capacity, *engine.hours_shape), engine.hours),
        ring=_zeros((cells, capacity), np.int16, huge=False),
        dirty_rows=np.zeros(blocks, dtype=np.uint32),
        dirty_anomalies=np.zeros(blocks, dtype=np.uint32),
        dirty_hours=np.zeros(blocks, dtype=np.uint32),
        dirty_ring=np.zeros((cells, capacity >> RING_BITS), dtype=np.uint32),
        kin=_zeros((capacity, KIN), np.int32),
        views=tuple(_zeros((capacity,), layout) for layout in views.values()),
    )


def _zeros(shape: tuple[int, ...], dtype: Any, *, huge: bool = True) -> Array:
    """Zeroed, page-aligned memory that the operating system commits when it is first written.

    ``huge``: use pages of 2 MB where the system has them, which saves a page-table walk a row. The ring does not use
    them: its minutes are far apart, and a bank of a few series would commit 2 MB for each minute.
    """
    size = max(int(np.prod(shape)) * np.dtype(dtype).itemsize, 1)
    room = mmap.mmap(-1, size)
    advice = getattr(mmap, "MADV_HUGEPAGE" if huge else "MADV_NOHUGEPAGE", None)
    if advice is not None:
        with contextlib.suppress(OSError):  # a kernel without huge pages has nothing to advise
            room.madvise(advice)
    zeros: Array = np.frombuffer(room, dtype=dtype, count=int(np.prod(shape))).reshape(shape)
    return zeros
