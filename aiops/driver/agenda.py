"""Virtual time: a clock and a queue of timed items in a deterministic order. The clock moves only by ``move_on``."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from aiops.driver.leadership import Arrival
from aiops.model.durations import SECOND

Item = Arrival | Callable[[], None]
"""An arrival for the orchestrator, or a function to call."""


class Agenda:
    """A ``Clock`` with a queue of timed items. Items of one moment come up in the order in which they were put.

    Args:
        at: now, ns.
    """

    def __init__(self, at: int) -> None:
        self._now = at
        self._waiting: list[tuple[int, int, Item]] = []
        self._number = 0

    def now(self) -> int:
        """Nanoseconds since 1970 UTC."""
        return self._now

    def move_on(self, at: int) -> None:
        """Set the clock to ``at`` (ns), unless that is earlier than now."""
        self._now = max(self._now, at)

    def put(self, at: int, item: Item) -> None:
        """Queue ``item`` for ``at`` (ns), or for now if ``at`` is past."""
        self._number += 1
        heapq.heappush(self._waiting, (max(at, self._now), self._number, item))

    def after(self, seconds: float, item: Item) -> None:
        """Queue ``item`` for ``seconds`` from now."""
        self.put(self._now + round(seconds * SECOND), item)

    def next(self) -> int | None:
        """Time of the next item, ns; None: there is none."""
        return self._waiting[0][0] if self._waiting else None

    def pop(self) -> Item:
        """Remove and return the next item."""
        return heapq.heappop(self._waiting)[2]
