"""Reads the ring of recent values: figures of series over a window, beside a reference window before it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.bank.layout import Array, BankState

Floats = npt.NDArray[np.float64]
_ROBUST = 1.4826
"""Median absolute deviation to standard deviation, for normal noise."""


class Readings(NamedTuple):
    """Figures of series, each (series,) in the order of the requested indices; NaN where there was no point."""

    mean: Floats
    last: Floats
    baseline_mean: Floats
    baseline_spread: Floats
    """Robust standard deviation, at least a millionth of the level and 1e-9."""
    minutes: npt.NDArray[np.int64]
    """Minutes of the window that have a value."""


def read(
    state: BankState,
    step_ns: int,
    indices: npt.NDArray[np.int32],
    *,
    window: tuple[int, int],
    baseline: tuple[int, int],
) -> Readings:
    """Figures over ``window`` and ``baseline``, each [from, to) in ns; a minute belongs to the span it begins in."""
    inside, reference = minutes(state, step_ns, indices, span=window), minutes(state, step_ns, indices, span=baseline)
    held = ~np.isnan(inside)
    count = held.sum(axis=0)
    mean = np.where(count > 0, np.nansum(inside, axis=0) / np.maximum(count, 1), np.nan)
    newest = len(inside) - 1 - np.argmax(held[::-1], axis=0) if len(inside) else np.zeros(len(indices), np.int64)
    last = inside[newest, np.arange(len(indices))] if len(inside) else np.full(len(indices), np.nan)
    centre = _median(reference)
    spread = _ROBUST * _median(np.abs(reference - centre))
    spread = np.maximum(np.nan_to_num(spread), 1e-9 + 1e-6 * np.abs(np.nan_to_num(centre)))
    usual = np.nansum(reference, axis=0) / np.maximum((~np.isnan(reference)).sum(axis=0), 1)
    return Readings(mean, last, np.where(np.isnan(centre), np.nan, usual), spread, count.astype(np.int64))


def minutes(state: BankState, step_ns: int, indices: npt.NDArray[np.int32], *, span: tuple[int, int]) -> Floats:
    """(minutes, indices) mean of each minute that begins in ``span`` = [from, to), ns; NaN where there is no value.

    The minutes end with the newest of these series and go back at most twice the ring's length.
    """
    steps = state.ring.shape[0]
    rows = state.rows[indices]
    current = rows["minute"].astype(np.int64)
    first, last = -(-span[0] // step_ns), -(-span[1] // step_ns)
    newest = int(current.max(initial=0))
    last = min(last, newest + 1)
    first = max(first, newest - 2 * steps)
    if last <= first:
        return np.empty((0, len(indices)))
    wanted = np.arange(first, last)[:, None]
    out = state.ring[wanted % steps, indices].astype(np.float64)
    out[(wanted < current - rows["ring_filled"]) | (wanted >= current)] = np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        running = rows["origin"] + rows["minute_sum"] / rows["minute_n"].astype(np.float64)
    return np.where((wanted == current) & (rows["minute_n"] > 0), running, out)


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
