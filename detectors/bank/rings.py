"""Writes the rings of recent values: the last minutes in fine cells, the last hour in steps, hours in coarse cells.

The row sums the points of the current fine cell and the fine cells of the current step. Their means are written when
they end. When a coarse cell ends, the mean of its steps is written. With steps of 60 s these are 64 cells of 10 s, 64
of 60 s and 64 of 6 minutes: ten minutes, an hour and six hours in 384 bytes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba.extending import register_jitable

from aiops.model.durations import SECOND
from detectors.bank.layout import COARSE_STEPS, RING_BITS, Array, Record, Rings
from detectors.bank.short_floats import pack, unpack


class Column(NamedTuple):
    """Where the cells of one series stand."""

    values: Array
    """``BankState.ring``."""
    dirty: Array
    """``BankState.dirty_ring``."""
    series: int
    version: int
    """With which changed blocks are marked."""


_MOST = 255
"""A cell is the mean of at most so many points; further ones are not stored."""
_PARTS = 6
_CELLS = 64


def rings_of(step_seconds: float, steps: int) -> Rings:
    """Rings that reach back at least ``steps`` steps, the newest 64 of them as steps, the newest ten or so in parts.

    A part is a sixth of a step, but at least 1 s. No ring is shorter than the next one's cell.
    """
    parts = max(1, min(_PARTS, int(step_seconds)))
    recent = max(2 * _PARTS, min(_CELLS, steps))
    coarse = max(1, -(-steps // COARSE_STEPS))
    return Rings(
        int(step_seconds * SECOND) // parts, parts, _power(recent), _power(recent), _power(coarse), 1.0 / parts
    )


def _power(least: int) -> int:
    return 1 << (least - 1).bit_length()


@register_jitable
def cell_of(row: Record, at: int, fine_ns: int) -> int:
    """Number of the fine cell of a time; no division for the row's current cell and the next one."""
    held = np.int64(row["cell"])
    after = at - held * fine_ns
    if 0 <= after < 2 * fine_ns:
        return int(held + 1 if after >= fine_ns else held)
    return int(at // fine_ns)


@register_jitable
def remember(row: Record, cell: int, relative: float) -> None:
    """Adds a value to the current cell; a value of an older cell is not stored."""
    if cell == row["cell"] and row["cell_n"] < _MOST:
        row["cell_sum"] = np.float64(row["cell_sum"]) + relative
        row["cell_n"] += 1


@register_jitable
def enter_cell(row: Record, cell: int, column: Column, rings: Rings) -> None:
    """Ends the row's fine cell, and the step and the coarse cell that end with it; empties the cells in between."""
    held = int(row["cell"])
    if row["cell_n"] > 0:
        mean = np.float64(row["cell_sum"]) / np.float64(row["cell_n"])
        _put(column, (0, rings.fine), held, pack(mean))
        _skip(column, (0, rings.fine), held, cell)
        row["step_sum"] = np.float64(row["step_sum"]) + mean
        row["step_n"] += 1
        step, next_step = step_of(held, rings.part), step_of(cell, rings.part)
        if next_step > step:
            _end_step(row, (step, next_step), column, rings)
    row["cell"] = cell
    row["cell_sum"] = 0.0
    row["cell_n"] = 0


@register_jitable
def step_of(cell: int, part: float) -> int:
    """Number of the step of a cell. It is exact, because cells are below 2^31, and costs less than a division."""
    return int((np.float64(cell) + 0.5) * part)


@register_jitable
def _end_step(row: Record, numbers: tuple[int, int], column: Column, rings: Rings) -> None:
    held, new = numbers
    steps, coarse = (rings.fine, rings.steps), (rings.fine + rings.steps, rings.coarse)
    _put(column, steps, held, pack(np.float64(row["step_sum"]) / np.float64(row["step_n"])))
    row["step_sum"] = 0.0
    row["step_n"] = 0
    ended, next_coarse = held // COARSE_STEPS, new // COARSE_STEPS
    if next_coarse > ended:
        _put(column, coarse, ended, _mean(column, steps, ended * COARSE_STEPS, held))
        _skip(column, coarse, ended, next_coarse)
    _skip(column, steps, held, new)


@register_jitable
def _put(column: Column, ring: tuple[int, int], number: int, code: int) -> None:
    place = ring[0] + (number & (ring[1] - 1))
    column.values[place, column.series] = code
    column.dirty[place, column.series >> RING_BITS] = column.version


@register_jitable
def _mean(column: Column, ring: tuple[int, int], first: int, last: int) -> int:
    """Code of the mean of the cells ``first`` to ``last``; at least one has a value."""
    total, count = 0.0, 0
    for number in range(first, last + 1):
        code = column.values[ring[0] + (number & (ring[1] - 1)), column.series]
        if code != 0:
            total += unpack(code)
            count += 1
    return int(pack(total / max(count, 1)))


@register_jitable
def _skip(column: Column, ring: tuple[int, int], held: int, new: int) -> None:
    """Empties the cells between two; a cell that was empty has not changed."""
    for number in range(max(held + 1, new - ring[1]), new):
        if column.values[ring[0] + (number & (ring[1] - 1)), column.series] != 0:
            _put(column, ring, number, 0)
