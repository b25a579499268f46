"""Intervals of event time for what is counted: which are open, which lines come too late, which can be closed.

An interval closes when the newest event time seen is past its end by the allowed lateness. Both are judged record by
record, so the answer does not depend on how polls cut the input.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SECOND = 1_000_000_000
INTERVAL = 10 * SECOND

Longs = npt.NDArray[np.int64]


@dataclass(slots=True)
class IntervalClock:
    """The newest event time of one kind of input, and the intervals that are closed."""

    lateness: int = 5 * SECOND
    newest: int = 0

    @property
    def closed(self) -> int:
        """Intervals below this number are closed."""
        return max(0, self.newest - self.lateness) // INTERVAL

    def groups(self, at: Longs, record: npt.NDArray[np.int32]) -> list[tuple[int, int, int]]:
        """Cuts items into [from, to) runs; after each, ``newest`` becomes the third number.

        Within a run no interval closes. Items are in input order.
        """
        if not len(at):
            return []
        begins = np.flatnonzero(np.diff(record, prepend=np.int32(-1)))
        highs = np.maximum.accumulate(np.maximum.reduceat(at, begins))
        highs = np.maximum(highs, self.newest)
        closed = np.maximum(highs - self.lateness, 0) // INTERVAL
        before = np.concatenate([[self.closed], closed[:-1]])
        cuts = np.flatnonzero(closed > before).tolist()
        if not cuts or cuts[-1] != len(begins) - 1:
            cuts.append(len(begins) - 1)
        ends = np.append(begins[1:], len(at))
        starts = [0, *(int(ends[cut]) for cut in cuts[:-1])]
        return [(start, int(ends[cut]), int(highs[cut])) for start, cut in zip(starts, cuts, strict=True)]
