"""Intervals of event time for what is counted: which are open, which lines come too late, which can be closed.

An interval closes when the newest event time seen is past its end by the allowed lateness. Both are judged record by
record, so the answer does not depend on how polls cut the input.
"""

from __future__ import annotations

from dataclasses import dataclass

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

    def advance(self, newest: int) -> None:
        """Takes the highest event time of a record, after the record's items were judged."""
        self.newest = max(self.newest, newest)
