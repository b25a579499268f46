"""Gives up the series of a slot that are not seen any more, with everything that hangs on them.

Each topic has a clock of its own: the append times of its records, in minutes, with pauses cut to ten minutes. At every
tenth minute, before a record is decoded, the series that this topic sent last and that were not seen for
``data.series_idle_seconds`` are reclaimed. So the result follows from the records alone: a replay after a restart gives
the same state, and a pause of the topic, an outage of ours or a record with a wrong time makes no series much older.

Series of open episodes, of objectives and of templates that are news stay.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from aiops.model.durations import MINUTE
from detectors.wire.kin import without_kin

if TYPE_CHECKING:
    from aiops.agents.monitor.slot import Slot
    from detectors.wire.series import SeriesTable

_EVERY = 10
"""Minutes between two looks for series to reclaim."""
_MOST_PAUSE = 10
"""A longer pause of a topic counts as so many minutes."""
Numbers = npt.NDArray[np.int32]


class SeriesLife:
    """The clocks of a slot's topics.

    Args:
        idle_minutes: a series is reclaimed when its topic clock went on for more than so many minutes without it.
    """

    def __init__(self, idle_minutes: int) -> None:
        self.idle_minutes = idle_minutes
        self._counted: dict[int, int] = {}
        self._newest: dict[int, int] = {}

    def minute(self, source: int) -> int:
        """Minute at which the clock of a topic, by number, stands."""
        return self._counted.get(source, 0)

    def enter(self, source: int, appended: int, received_at: int) -> bool:
        """A record with an append time, ns, is next; True: it is time to look for series to reclaim.

        An append time after the receipt counts as the time of receipt.
        """
        minute = min(appended, received_at + MINUTE) // MINUTE
        if minute <= self._newest.get(source, -1):
            return False
        before = self.minute(source)
        gone = min(minute - self._newest.get(source, minute - 1), _MOST_PAUSE)
        self._newest[source], self._counted[source] = minute, before + gone
        return (before + gone) // _EVERY > before // _EVERY

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """State for a snapshot."""
        rows = [(source, counted, self._newest[source]) for source, counted in sorted(self._counted.items())]
        return {"clocks": np.array(rows, np.int64).reshape(-1, 3)}

    def restore(self, arrays: dict[str, npt.NDArray[np.generic]]) -> None:
        """Become what ``to_arrays`` was called on."""
        for source, counted, newest in arrays["clocks"].tolist():
            self._counted[source], self._newest[source] = counted, newest


def reclaim(slot: Slot, source: int) -> None:
    """Reclaims the series that a topic does not send any more; no record may be half-way."""
    before = slot.life.minute(source) - slot.life.idle_minutes
    for memory in (slot.transit, slot.memory):
        memory.table.refresh(_of(memory.table, source))
    unseen = without_kin(slot.transit.table, _unseen(slot.transit.table, source, before), before)
    slot.shared.forget(unseen, slot.transit.reclaim(unseen))
    slot.senders.reclaim(unseen, transit=True)
    table = slot.memory.table
    unseen = without_kin(table, _unseen(table, source, before), before)
    unseen = unseen[~np.isin(unseen, _held(slot))]
    slot.direct.forget(unseen, slot.memory.reclaim(unseen))
    for crowds in slot.dead_letters.crowds:
        crowds.clear()
    slot.shared.forget_own(unseen)
    slot.senders.reclaim(unseen, transit=False)
    slot.senders.forget(slot.detection.appended)
    slot.detection.forget(unseen)
    slot.logs.forget(unseen)
    slot.spans.forget(unseen)


def _of(table: SeriesTable, source: int) -> Numbers:
    """The series that a topic sent last."""
    return np.flatnonzero((table.seen.source[: len(table)] == source) & (table.entity >= 0)).astype(np.int32)


def _unseen(table: SeriesTable, source: int, before: int) -> Numbers:
    found = table.seen.before(len(table), source, before)
    return found[table.entity[found] >= 0]


def _held(slot: Slot) -> Numbers:
    """Series that stay although they are not seen."""
    news = [found.series for found in slot.logs.news.values()]
    return np.concatenate(
        [slot.detection.folder.signals["series"], np.array([*slot.detection.objectives, *news], np.int32)]
    )
