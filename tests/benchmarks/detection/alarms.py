"""False episodes of series that are entities of their own, and the bar on ``onset`` that keeps a budget of them.

A budget is a number of false episodes a day per 1,000 series.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aiops.model.durations import SECOND
from tests.benchmarks.detection.figures import DAY, QUIET_SECONDS
from tests.benchmarks.detection.protocol import Bools, Floats, Rows, Scored, Times

BUDGETS = (1, 10, 100)
KEPT = 0.02
"""Share of the largest onsets that are kept of a block to find a bar."""
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Block:
    """Fault-free series that were scored."""

    rows: Rows
    counted_from: int
    """First row whose episodes count."""
    scored: Scored

    @property
    def series_days(self) -> float:
        """Time that counts, over all series."""
        return float(self.rows.at[-1] - self.rows.at[self.counted_from]) / SECOND / DAY * self.rows.entities


def first_rows(at: Times, hot: Bools) -> tuple[Numbers, Numbers]:
    """Row and column of each opening in a matrix: hot rows without one within ``QUIET_SECONDS`` before, by column."""
    column, row = np.nonzero(hot.T)
    new = _after_quiet(column, at[row])
    return row[new], column[new]


def opened(rows: Rows, scored: Scored, bar: float | None) -> tuple[Numbers, Numbers]:
    """Row and column of each opening: at the bar, or the detector's own where it has no bar for the budget."""
    if bar is not None:
        return first_rows(rows.at, scored.onset >= bar)
    assert scored.opened is not None
    column, row = np.nonzero(scored.opened.T)
    return row, column


def false_episodes(block: Block, bar: float | None) -> int:
    """Openings in the counted rows."""
    row, _ = opened(block.rows, block.scored, bar)
    return int((row >= block.counted_from).sum())


def own_bar(scored: Scored, budget: int) -> float | None:
    """The bar that the detector itself names for a budget; None where it has none and opens episodes itself.

    Raises:
        LookupError: it does neither, and needs a calibrated bar.
    """
    if budget in scored.bars:
        return scored.bars[budget]
    if scored.opened is None:
        raise LookupError(f"no bar for a budget of {budget}")
    return None


class Calibration:
    """The largest onsets of fault-free blocks."""

    def __init__(self, blocks: Iterable[Block]) -> None:
        parts: list[tuple[Numbers, Times, Bools, Floats]] = []
        self.series_days, series, self._floor = 0.0, 0, -np.inf
        for block in blocks:
            onset = block.scored.onset
            floor = float(np.quantile(onset, 1.0 - KEPT, method="lower"))
            column, row = np.nonzero((onset > floor).T)
            parts.append((column + series, block.rows.at[row], row >= block.counted_from, onset[row, column]))
            self._floor = max(self._floor, floor)
            self.series_days += block.series_days
            series += block.rows.entities
        self._series, self._at, self._counts, self._onset = (np.concatenate(each) for each in zip(*parts, strict=True))

    def false_episodes(self, bar: float) -> int:
        """Openings in counted rows at a bar above all floors."""
        hot = self._onset >= bar
        new = _after_quiet(self._series[hot], self._at[hot])
        return int((new & self._counts[hot]).sum())

    def bar(self, budget: int) -> float:
        """The lowest onset at which the budget is kept; infinity where even the highest onset exceeds it."""
        allowed = budget / 1000.0 * self.series_days
        bars = np.unique(self._onset[self._onset > self._floor])
        low, high = 0, len(bars)
        while low < high:
            middle = (low + high) // 2
            if self.false_episodes(float(bars[middle])) <= allowed:
                high = middle
            else:
                low = middle + 1
        return float(bars[low]) if low < len(bars) else float("inf")


def _after_quiet(series: Numbers, at: Times) -> Bools:
    """(n,) whether a hot point, sorted by series and time, is the first of its series after a pause."""
    new = np.ones(len(series), dtype=np.bool_)
    new[1:] = (np.diff(series) != 0) | (np.diff(at) > QUIET_SECONDS * SECOND)
    return new
