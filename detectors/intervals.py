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


@dataclass(slots=True)
class IntervalClock:
    """The newest event time of one kind of input, and the intervals that are closed."""

    lateness: int = 5 * SECOND
    newest: int = 0

    @property
    def closed(self) -> int:
        """Intervals below this number are closed."""
        return max(0, self.newest - self.lateness) // INTERVAL

    def closed_before(self, newest: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """``closed`` before each of some records, given the newest event time of each; 0: it holds none."""
        before = np.maximum.accumulate(np.concatenate([[self.newest], newest]))[:-1]
        return np.asarray(np.maximum(before - self.lateness, 0) // INTERVAL, np.int64)

    def advance(self, newest: int) -> None:
        """Takes the highest event time of a record, after the record's items were judged."""
        self.newest = max(self.newest, newest)
