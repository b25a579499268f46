"""Watermark of each source of a slot in event time, whether the source is idle, and its clock skew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

_WINDOW = 64


@dataclass(slots=True)
class Watermark:
    """One source: one partition of one topic. All times in ns."""

    newest: int = 0
    """Highest event time seen; 0: none."""
    received_at: int = 0
    """When the last input arrived, by the reader's clock."""
    appended_at: int = 0
    """Highest append time of the broker."""
    idle: bool = False
    records: int = 0
    """Number of all records with an event time so far."""
    _delays: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(_WINDOW, np.int64))

    def advance(self, newest: npt.NDArray[np.int64], appended: npt.NDArray[np.int64], received_at: int) -> None:
        """Takes (records,) highest event time and append time of each record that has points, in input order."""
        self.received_at = max(self.received_at, received_at)
        self.idle = False
        if not len(newest):
            return
        self.newest = max(self.newest, int(newest.max()))
        self.appended_at = max(self.appended_at, int(appended.max()))
        kept = min(len(newest), _WINDOW)
        places = (self.records + len(newest) - kept + np.arange(kept)) % _WINDOW
        self._delays[places] = (appended - newest)[-kept:]
        self.records += len(newest)

    def mark(self, now: int, idle_after: int) -> None:
        """Sets ``idle``: whether nothing arrived for at least ``idle_after`` before ``now``."""
        self.idle = self.received_at > 0 and now - self.received_at >= idle_after

    @property
    def skew(self) -> int:
        """Median of append time minus event time over the last 64 records: delay plus the sender's clock error."""
        filled = min(self.records, _WINDOW)
        return int(np.median(self._delays[:filled])) if filled else 0

    def to_array(self) -> npt.NDArray[np.int64]:
        """(3 + 64,) the state that depends on the input alone, for a snapshot."""
        return np.concatenate([np.array([self.newest, self.appended_at, self.records], np.int64), self._delays])

    @classmethod
    def from_array(cls, array: npt.NDArray[np.generic]) -> Watermark:
        """The watermark that ``to_array`` was called on; it is not idle and has received nothing yet."""
        newest, appended_at, records = (int(number) for number in array[:3].tolist())
        return cls(newest, 0, appended_at, False, records, array[3:].astype(np.int64))


def lowest(marks: Sequence[tuple[Watermark, int]]) -> int:
    """Watermark of several sources, ns: the lowest newest event time minus allowed lateness; 0: no source has data.

    ``marks`` holds each source and its allowed lateness, ns. Idle sources are skipped. If all are idle, the highest
    counts.
    """
    seen = [(mark.idle, mark.newest - lateness) for mark, lateness in marks if mark.newest > 0]
    if not seen:
        return 0
    active = [known for idle, known in seen if not idle]
    return max(0, min(active) if active else max(known for _, known in seen))
