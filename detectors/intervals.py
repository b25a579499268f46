"""Intervals of event time for counted lines and spans: which are open, and which are closed.

An interval closes when the newest event time is later than the interval's end by the allowed lateness. This is decided
record by record, so the result does not depend on how polls cut the input.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aiops.model.durations import SECOND

INTERVAL = 10 * SECOND


@dataclass(slots=True)
class IntervalClock:
    """Which intervals of one kind of input are closed. All times in ns."""

    lateness: int = 5 * SECOND
    """Allowed lateness."""
    newest: int = 0
    """Highest event time seen."""

    @property
    def closed(self) -> int:
        """Number of the oldest open interval; those below it are closed. A time's interval is ``at // INTERVAL``."""
        return max(0, self.newest - self.lateness) // INTERVAL

    def closed_before(self, newest: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """(n,) ``closed`` before each of n records, from the newest event time of each; 0: the record has no time."""
        before = np.maximum.accumulate(np.concatenate([[self.newest], newest]))[:-1]
        return np.asarray(np.maximum(before - self.lateness, 0) // INTERVAL, np.int64)

    def advance(self, newest: int) -> None:
        """Takes the highest event time of a record, after the record's items were assigned to intervals."""
        self.newest = max(self.newest, newest)
