"""Reads the rings of recent values: figures of series over a window, beside a reference window before it."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.bank.layout import COARSE_STEPS, Array, BankState, Rings
from detectors.bank.short_floats import ERROR, unpack_all

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int32]
Span = tuple[int, int]
"""[from, to), ns; a cell belongs to the span that it begins in."""
_ROBUST = 1.4826
"""Median absolute deviation to standard deviation, for normal noise."""


class Resolution(IntEnum):
    """The rings, the finest first."""

    FINE = 0
    """Cells of 10 s with the default settings, the last 10 minutes."""
    STEP = 1
    """Steps of 60 s, the last hour."""
    COARSE = 2
    """Cells of 6 minutes, the last 6 hours."""


class Selection(NamedTuple):
    """The series that are read."""

    state: BankState
    rings: Rings
    indices: Numbers


class Readings(NamedTuple):
    """Figures of series, each (series,) in the order of the requested indices; NaN where there was no point."""

    mean: Floats
    last: Floats
    baseline_mean: Floats
    baseline_spread: Floats
    """Robust standard deviation, at least what rounding to 16 bits may hide, a millionth of the level, and 1e-9."""
    minutes: npt.NDArray[np.int64]
    """Steps of the window that have a value."""


def read(of: Selection, *, window: Span, baseline: Span) -> Readings:
    """Figures over ``window`` and ``baseline``, from steps; see ``steps``."""
    inside, reference = steps(of, span=window), steps(of, span=baseline)
    held = ~np.isnan(inside)
    count = held.sum(axis=0)
    mean = np.where(count > 0, np.nansum(inside, axis=0) / np.maximum(count, 1), np.nan)
    newest = len(inside) - 1 - np.argmax(held[::-1], axis=0) if len(inside) else np.zeros(len(of.indices), np.int64)
    last = inside[newest, np.arange(len(of.indices))] if len(inside) else np.full(len(of.indices), np.nan)
    centre = _median(reference)
    level = np.nan_to_num(centre)
    rounded = ERROR * np.abs(level - of.state.rows["origin"][of.indices])
    spread = _ROBUST * _median(np.abs(reference - centre))
    spread = np.maximum(np.nan_to_num(spread), 1e-9 + 1e-6 * np.abs(level) + rounded)
    usual = np.nansum(reference, axis=0) / np.maximum((~np.isnan(reference)).sum(axis=0), 1)
    return Readings(mean, last, np.where(np.isnan(centre), np.nan, usual), spread, count.astype(np.int64))


def steps(of: Selection, *, span: Span) -> Floats:
    """(steps, indices) mean of each step that begins in ``span``; NaN where there is no value.

    A step that is too old for its ring has the mean of its coarse cell. The steps end with the newest of these series
    and go back at most twice the length of the memory.
    """
    most = 2 * max(of.rings.steps, of.rings.coarse * COARSE_STEPS)
    wanted = _numbers(of, span, Resolution.STEP, most=most)
    if not len(wanted):
        return np.empty((0, len(of.indices)))
    coarse = np.arange(wanted[0] // COARSE_STEPS, wanted[-1] // COARSE_STEPS + 1)
    older = _cells(of, Resolution.COARSE, coarse[:, None])
    found = _cells(of, Resolution.STEP, wanted[:, None])
    aged = wanted[:, None] < _current(of, Resolution.STEP) - of.rings.steps
    return np.where(aged, older[wanted // COARSE_STEPS - coarse[0]], found)


def cells(of: Selection, *, span: Span, resolution: Resolution) -> tuple[npt.NDArray[np.int64], Floats]:
    """Begin of each cell of a ring in ``span``, ns, and (cells, indices) its means; NaN where there is no value.

    The cells end with the newest of these series and go back at most twice the length of the ring.
    """
    length = of.rings.fine_ns * _fine_cells(of.rings, resolution)
    most = 2 * _place(of.rings, resolution)[1]
    wanted = _numbers(of, span, resolution, most=most)
    return wanted * length, _cells(of, resolution, wanted[:, None])


def _cells(of: Selection, resolution: Resolution, numbers: npt.NDArray[np.int64]) -> Floats:
    """Means of cells, whose numbers have the shape (cells, 1) or (cells, indices); the running cell is included."""
    rows = of.state.rows[of.indices]
    begin, length = _place(of.rings, resolution)
    current = _current(of, resolution)
    out = rows["origin"] + unpack_all(of.state.ring[begin + (numbers & (length - 1)), of.indices])
    out[(numbers < current - length) | (numbers >= current)] = np.nan
    return np.where(numbers == current, _running(of, resolution), out)


def _running(of: Selection, resolution: Resolution) -> Floats:
    """(indices,) mean of the running cell so far; NaN before the first point."""
    rows = of.state.rows[of.indices]
    with np.errstate(invalid="ignore", divide="ignore"):
        fine = rows["cell_sum"].astype(np.float64) / rows["cell_n"]
        if resolution is Resolution.FINE:
            return np.asarray(rows["origin"] + fine)
        step = (rows["step_sum"] + fine) / (rows["step_n"] + 1.0)
        if resolution is Resolution.STEP:
            return np.asarray(rows["origin"] + step)
        current = _current(of, Resolution.STEP)
        parts = current // COARSE_STEPS * COARSE_STEPS + np.arange(COARSE_STEPS)[:, None]
        values = _cells(of, Resolution.STEP, parts)
        return np.asarray(np.nansum(values, axis=0) / (~np.isnan(values)).sum(axis=0))


def _numbers(of: Selection, span: Span, resolution: Resolution, *, most: int) -> npt.NDArray[np.int64]:
    """Numbers of the cells that begin in a span, at most so many before the newest."""
    length = of.rings.fine_ns * _fine_cells(of.rings, resolution)
    newest = int(_current(of, resolution).max(initial=0))
    first, last = -(-span[0] // length), -(-span[1] // length)
    return np.arange(max(first, newest - most), min(last, newest + 1), dtype=np.int64)


def _current(of: Selection, resolution: Resolution) -> npt.NDArray[np.int64]:
    """(indices,) number of the running cell."""
    found: npt.NDArray[np.int64] = of.state.rows["cell"][of.indices].astype(np.int64) // _fine_cells(
        of.rings, resolution
    )
    return found


def _fine_cells(rings: Rings, resolution: Resolution) -> int:
    """Fine cells in a cell."""
    return (1, rings.parts, rings.parts * COARSE_STEPS)[resolution]


def _place(rings: Rings, resolution: Resolution) -> tuple[int, int]:
    """First place and length of a ring."""
    begins = (0, rings.fine, rings.fine + rings.steps)
    return begins[resolution], (rings.fine, rings.steps, rings.coarse)[resolution]


def _median(values: Floats) -> Floats:
    """(columns,) median of each column without its NaN; NaN for an empty column."""
    count = (~np.isnan(values)).sum(axis=0)
    if not len(values):
        return np.full(values.shape[1], np.nan)
    ordered: Array = np.sort(values, axis=0)
    columns = np.arange(values.shape[1])
    low, high = np.maximum((count - 1) // 2, 0), np.maximum(count // 2, 0)
    middle: Floats = (
        ordered[np.minimum(low, len(values) - 1), columns] + ordered[np.minimum(high, len(values) - 1), columns]
    ) / 2
    return middle
