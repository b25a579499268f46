"""Which timer is due next: a heap over rows that the state owns. One that was replaced or cancelled never comes up."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping

from aiops.model.events import TimerFired
from aiops.model.journal import TimerRow


class TimerQueue:
    """Timers in the order (due, id).

    Args:
        rows: the live rows by id, as the orchestrator's state keeps them; read anew at every question.
    """

    def __init__(self, rows: Mapping[str, TimerRow]) -> None:
        self._rows = rows
        self._heap = [(row.due, row.id) for row in rows.values()]
        heapq.heapify(self._heap)

    def set(self, rows: Iterable[TimerRow]) -> None:
        """Rows were added or replaced."""
        for row in rows:
            heapq.heappush(self._heap, (row.due, row.id))

    def next_due(self) -> int | None:
        """When the next timer fires, ns; None: there is none."""
        self._drop_stale()
        return self._heap[0][0] if self._heap else None

    def pop(self, at: int) -> TimerRow | None:
        """The next timer whose time has come by ``at``; it is given out once."""
        self._drop_stale()
        if not self._heap or self._heap[0][0] > at:
            return None
        return self._rows[heapq.heappop(self._heap)[1]]

    def _drop_stale(self) -> None:
        while self._heap:
            due, name = self._heap[0]
            row = self._rows.get(name)
            if row is not None and row.due == due:
                return
            heapq.heappop(self._heap)


def fired(row: TimerRow, at: int, domain: str) -> TimerFired:
    """The event that a due timer becomes; the same firing has the same id."""
    return TimerFired(
        id=f"timer/{row.id}/{row.due}", at=at, timer=row.id, name=row.name, subject=row.subject, domain=domain
    )
