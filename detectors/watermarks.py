"""How far each source of a slot has come in event time, whether it is idle, and how its clock differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

SECOND = 1_000_000_000
_WINDOW = 64


@dataclass(slots=True)
class Watermark:
    """One source: one partition of one topic. All times in ns."""

    newest: int = 0
    """Highest event time seen; 0: none."""
    received_at: int = 0
    """When something came last, by the reader's clock."""
    appended_at: int = 0
    """When the broker appended the newest record."""
    idle: bool = False
    records: int = 0
    """Records with an event time, ever."""
    _delays: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(_WINDOW, np.int64))

    def advance(self, newest: npt.NDArray[np.int64], appended: npt.NDArray[np.int64], received_at: int) -> None:
        """Takes the highest event time and the append time of each record that has any point, in order."""
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
        """Marks the source as idle where it was silent for ``idle_after``."""
        self.idle = self.received_at > 0 and now - self.received_at >= idle_after

    @property
    def skew(self) -> int:
        """Median of append time less event time over recent records: delay plus the sender's clock error."""
        filled = min(self.records, _WINDOW)
        return int(np.median(self._delays[:filled])) if filled else 0

    def to_array(self) -> npt.NDArray[np.int64]:
        """What a function of the input alone is, for a snapshot."""
        return np.concatenate([np.array([self.newest, self.appended_at, self.records], np.int64), self._delays])

    @classmethod
    def from_array(cls, array: npt.NDArray[np.generic]) -> Watermark:
        """The watermark that ``to_array`` was called on; it is not idle and has received nothing yet."""
        newest, appended_at, records = (int(number) for number in array[:3].tolist())
        return cls(newest, 0, appended_at, False, records, array[3:].astype(np.int64))


def lowest(marks: Sequence[tuple[Watermark, int]]) -> int:
    """Event time up to which all sources that speak are known, each less its allowed lateness; 0: not known.

    Where all are idle none holds the others back, and the highest counts.
    """
    seen = [(mark.idle, mark.newest - lateness) for mark, lateness in marks if mark.newest > 0]
    if not seen:
        return 0
    speaking = [known for idle, known in seen if not idle]
    return max(0, min(speaking) if speaking else max(known for _, known in seen))
