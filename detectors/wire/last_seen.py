# mypy: disable-error-code="no-untyped-def"
# ruff: noqa: ANN001
# numba infers the types of the compiled function.
"""When each series was seen last, and which were not seen for too long.

Time is that of a clock of the source: see ``aiops.agents.monitor.series_life``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detectors.wire.compiling import compiled

Numbers = npt.NDArray[np.int32]


class LastSeen:
    """Last-seen times of one table's series."""

    def __init__(self) -> None:
        self.minute = np.zeros(1024, np.int32)
        """By series, the minute of its source in which it was seen last."""
        self.source = np.zeros(1024, np.uint8)
        """By series, the source that it was seen from last."""

    def reserve(self, capacity: int) -> None:
        """Makes room for so many series."""
        more = capacity - len(self.minute)
        if more > 0:
            self.minute = np.concatenate([self.minute, np.zeros(more, np.int32)])
            self.source = np.concatenate([self.source, np.zeros(more, np.uint8)])

    def touch(self, series: Numbers, source: int, minute: int) -> None:
        """Series were seen in a minute of a source; numbers below 0 are left out."""
        _touch(self.minute, self.source, series, np.uint8(source), np.int32(minute))

    def before(self, size: int, source: int, minute: int) -> Numbers:
        """Those of the first ``size`` series that a source sent last, before a minute."""
        old = (self.minute[:size] < minute) & (self.source[:size] == source)
        return np.flatnonzero(old).astype(np.int32)


@compiled
def _touch(minutes, sources, series, source, minute) -> None:
    for row in range(len(series)):
        number = series[row]
        if number >= 0:
            minutes[number] = minute
            sources[number] = source
