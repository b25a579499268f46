"""Virtual time: what happens when, in an order that depends on nothing else. Time stands still until it is moved on."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from aiops.control.state.store import SECOND
from aiops.driver.leadership import Arrival

Item = Arrival | Callable[[], None]
"""Something for the orchestrator, or something to do."""


class Agenda:
    """A ``Clock`` and what waits for it. Items of one moment come in the order in which they were put down.

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
        """It is ``at`` now; time never goes back."""
        self._now = max(self._now, at)

    def put(self, at: int, item: Item) -> None:
        """``item`` comes up at ``at``, or now if that is past."""
        self._number += 1
        heapq.heappush(self._waiting, (max(at, self._now), self._number, item))

    def after(self, seconds: float, item: Item) -> None:
        """``item`` comes up so many seconds from now."""
        self.put(self._now + round(seconds * SECOND), item)

    def next(self) -> int | None:
        """When the next item comes up; None: there is none."""
        return self._waiting[0][0] if self._waiting else None

    def pop(self) -> Item:
        """The next item, taken off."""
        return heapq.heappop(self._waiting)[2]
