"""What decoding remembers of histograms and summaries: the last cumulative point of each series.

There is an entry for each series that had a cumulative distribution, in the order of their first points. Its bucket
counts lie in ``cells`` from BEGIN on, those above zero before those below. A point with more buckets than its entry has
room for goes to the end of ``cells``; what it leaves is taken back when ``cells`` is full.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from detectors.wire.compiling import compiled
from detectors.wire.series_rows import Arrays

# columns of Kept.state; the first nine are part of snapshots
AT, START, SHAPE, LAYOUT, ABOVE, BELOW, ZERO, FIRST, FIRST_BELOW, BEGIN, ROOM = range(11)
STATE_COLUMNS = 11
_SAVED = 9
# columns of Kept.reals
SUM, COUNT, THRESHOLD = range(3)
REAL_COLUMNS = 3
# cells of Kept.cursor
ENTRIES, FREE, LIVE = range(3)

_Kind = TypeVar("_Kind", bound=np.generic)
_CELLS_A_SERIES = 64
"""Buckets that a slot remembers, on average of the series that it may have."""
_LEAST_CELLS = 1 << 20


class HistogramState(NamedTuple):
    """The arrays, for compiled loops."""

    entry_of: npt.NDArray[np.int32]
    """Entry of each series of the table; -1: none."""
    series: npt.NDArray[np.int32]
    """Series of each entry."""
    state: npt.NDArray[np.int64]
    """Shape (entries, STATE_COLUMNS); LAYOUT, SHAPE and the rest as in ``Tape.distributions``."""
    reals: npt.NDArray[np.float64]
    """Shape (entries, REAL_COLUMNS)."""
    cells: npt.NDArray[np.int64]
    """Bucket counts."""
    cursor: npt.NDArray[np.int64]
    """Entries in use; first cell that is free; buckets of all entries."""
    most: int
    """Most buckets of all entries."""


class HistogramMemory:
    """The last point of each cumulative histogram and summary of a slot.

    Args:
        series_limit: how many series the slot may have; bounds the buckets that are remembered.
    """

    def __init__(self, series_limit: int = 2_000_000) -> None:
        self._kept = HistogramState(
            entry_of=np.empty(0, np.int32),
            series=np.empty(0, np.int32),
            state=np.empty((0, STATE_COLUMNS), np.int64),
            reals=np.empty((0, REAL_COLUMNS), np.float64),
            cells=np.empty(0, np.int64),
            cursor=np.zeros(3, np.int64),
            most=max(_LEAST_CELLS, _CELLS_A_SERIES * series_limit),
        )

    def __len__(self) -> int:
        return int(self._kept.cursor[ENTRIES])

    def room_for(self, series: int, points: int, cells: int) -> HistogramState:
        """The arrays, with room for so many further points with so many buckets, and for all series of the table."""
        entries, kept = len(self) + points, self._kept
        self._kept = kept = kept._replace(
            entry_of=_grown(kept.entry_of, series, -1),
            series=_grown(kept.series, entries, 0),
            state=_grown(kept.state, entries, 0),
            reals=_grown(kept.reals, entries, 0),
        )
        if kept.cursor[FREE] + 2 * cells > len(kept.cells):
            self._pack(2 * cells)
        return self._kept

    def _pack(self, more: int) -> None:
        """Takes back cells that are not used, and makes room for more of them."""
        kept, size = self._kept, len(self)
        sizes = kept.state[:size, ABOVE] + kept.state[:size, BELOW]
        live = int(sizes.sum())
        packed = np.empty(max(live + more, 2 * live, 1024), np.int64)
        _gather(kept.cells, kept.state[:size], packed)
        kept.state[:size, ROOM] = sizes
        kept.cursor[FREE] = live
        self._kept = kept._replace(cells=packed)

    def forget(self, series: npt.NDArray[np.int32]) -> None:
        """Drops the last points of series that are reclaimed."""
        kept, size = self._kept, len(self)
        entries = kept.entry_of[series[series < len(kept.entry_of)]]
        entries = entries[entries >= 0]
        if not len(entries):
            return
        stays = np.ones(size, np.bool_)
        stays[entries] = False
        left = size - len(entries)
        for array in (kept.series, kept.state, kept.reals):
            array[:left] = array[:size][stays]
        kept.entry_of[:] = -1
        kept.entry_of[kept.series[:left]] = np.arange(left, dtype=np.int32)
        kept.cursor[ENTRIES] = left
        kept.cursor[LIVE] = (kept.state[:left, ABOVE] + kept.state[:left, BELOW]).sum()

    def to_arrays(self) -> Arrays:
        """Everything, in a form that ``from_arrays`` gives back byte for byte."""
        kept, size = self._kept, len(self)
        state = kept.state[:size].copy()
        cells = np.empty(int(kept.cursor[LIVE]), np.int64)
        _gather(kept.cells, state, cells)
        return {
            "series": kept.series[:size].copy(),
            "state": state[:, :_SAVED].copy(),
            "reals": kept.reals[:size].copy(),
            "cells": cells,
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays, series_limit: int = 2_000_000) -> HistogramMemory:
        """The memory that ``to_arrays`` was called on."""
        memory = cls(series_limit)
        series, saved = arrays["series"].astype(np.int32), arrays["state"].astype(np.int64)
        state = np.zeros((len(series), STATE_COLUMNS), np.int64)
        state[:, :_SAVED] = saved
        sizes = saved[:, ABOVE] + saved[:, BELOW]
        state[:, ROOM] = sizes
        state[:, BEGIN] = np.cumsum(sizes) - sizes
        entry_of = np.full(int(series.max(initial=-1)) + 1, -1, np.int32)
        entry_of[series] = np.arange(len(series), dtype=np.int32)
        cells = arrays["cells"].astype(np.int64)
        memory._kept = memory._kept._replace(
            entry_of=entry_of,
            series=series,
            state=state,
            reals=arrays["reals"].astype(np.float64),
            cells=cells,
            cursor=np.array([len(series), len(cells), len(cells)], np.int64),
        )
        return memory


@compiled
def _gather(cells: npt.NDArray[np.int64], state: npt.NDArray[np.int64], out: npt.NDArray[np.int64]) -> None:
    """Writes the cells of all entries one after another, and where each begins to ``state``."""
    free = 0
    for entry in range(len(state)):
        begin, size = state[entry, BEGIN], state[entry, ABOVE] + state[entry, BELOW]
        for place in range(size):
            out[free + place] = cells[begin + place]
        state[entry, BEGIN] = free
        free += size


def _grown(array: npt.NDArray[_Kind], size: int, fill: int) -> npt.NDArray[_Kind]:
    """The array with at least so many rows, doubled where it is short."""
    if size <= len(array):
        return array
    grown = np.full((max(size, 2 * len(array)), *array.shape[1:]), fill, array.dtype)
    grown[: len(array)] = array
    return grown
