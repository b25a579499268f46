"""Points of a slot in input order, and the input's clock at each of their records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detectors.wire.scan import newest

Longs = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PointFeed:
    """Points in input order."""

    series: npt.NDArray[np.int32]
    at: Longs
    value: npt.NDArray[np.float64]
    start: Longs | None = None
    highest: Longs | None = None
    """Newest time of each record, ns, where it is known."""

    def part(self, begin: int, end: int) -> PointFeed:
        """The points [begin, end), without the times of records."""
        start = None if self.start is None else self.start[begin:end]
        return PointFeed(self.series[begin:end], self.at[begin:end], self.value[begin:end], start)


def running_times(
    points: PointFeed, records: npt.NDArray[np.int32], appended: Sequence[int], *, since: tuple[int, int]
) -> tuple[Longs, Longs]:
    """Newest event time and newest append time up to each record, ns.

    Args:
        points: the points of the records.
        records: (n,) record of each point, rising.
        appended: append times by record, ns.
        since: newest event and append time before the first record, ns.
    """
    if points.highest is None:
        highs = np.full(len(appended), since[0], np.int64)
        newest(points.at, records, highs)
    else:
        highs = np.maximum(points.highest, since[0])
    appends = np.maximum(np.array(appended, np.int64), since[1])
    return np.maximum.accumulate(highs), np.maximum.accumulate(appends)
