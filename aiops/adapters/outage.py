"""When the runtime's silence is an outage, and how its page climbs the levels until somebody has it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

from pydantic import BaseModel, ConfigDict

from aiops.adapters.paging.pager import SpoolingPager
from aiops.model.entities import MAIN_DOMAIN, RUNTIME_ENTITY
from aiops.model.incidents import Priority
from aiops.model.pages import Delivery, Page
from aiops.model.prose import Prose
from aiops.model.times import rfc3339

STALE_SECONDS = 30.0


class Beat(BaseModel):
    """What the runtime says of itself."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: int
    """When it was alive, ns UTC."""
    resting: bool = False
    """It was stopped on purpose: silence is no outage until the next beat."""


@dataclass(frozen=True, slots=True)
class Now:
    """Both clocks at one moment."""

    monotonic: float
    at: int


class OutageWatch:
    """When somebody must be told. Pure: beats and times in, pages out."""

    def __init__(self, began: Now, stale_seconds: float = STALE_SECONDS, domain: str = MAIN_DOMAIN) -> None:
        self._stale_seconds, self._domain = stale_seconds, domain
        self._last: Beat | None = None
        self._changed, self._began = began.monotonic, began.at
        self._paged: Beat | None = None
        self.out = False

    def look(self, found: Beat | None, now: Now) -> Page | None:
        """The page to be sent now, if any: at the beginning of an outage and at its end."""
        if found is not None and found != self._last:
            # One that was there before us counts as new as well: a runtime that starts beside us needs its time.
            self._last, self._changed = found, now.monotonic
        age = now.monotonic - self._changed
        out = age > self._stale_seconds and not (self._last is not None and self._last.resting)
        if out == self.out:
            return None
        self.out = out
        if out:
            self._paged = self._last
            return self._outage(age, now)
        return self._all_clear(now)

    def _outage(self, age: float, now: Now) -> Page:
        last = self._paged
        seen = f"last seen alive at {rfc3339(last.at)}" if last is not None else "never seen alive"
        return self._page(
            "outage",
            now,
            Priority.P1,
            title=f"the self-healing runtime has been silent for {age:.0f} s",
            broken=f"The runtime of domain {self._domain} is {seen}.",
            matters="Nothing watches the fleet now: troubles are neither found, healed nor escalated.",
            asks="Look at its host, then: aiops doctor, aiops up. Until then watch the fleet yourself.",
        )

    def _all_clear(self, now: Now) -> Page:
        return self._page(
            "clear",
            now,
            Priority.P4,
            title="the self-healing runtime is back",
            broken="Nothing any more: the runtime's heart beats again, or it was stopped on purpose.",
            matters="What happened in the fleet meanwhile is read from the topics now.",
            asks="Nothing; aiops incidents shows what it found.",
        )

    def _page(self, what: str, now: Now, priority: Priority, *, title: str, **told: str) -> Page:
        last = self._began if self._paged is None else self._paged.at
        return Page(
            key=f"watchdog/{self._domain}/{what}/{last}",
            work_item=RUNTIME_ENTITY,
            level=0,
            at=now.at,
            priority=priority,
            title=Prose(title),
            broken=Prose(told["broken"]),
            matters=Prose(told["matters"]),
            affected=(Prose(RUNTIME_ENTITY),),
            causes=(),
            tried=(),
            asks=Prose(told["asks"]),
            domain=self._domain,
        )


class Climbing:
    """Sends a page level by level until somebody has it; after the last level it begins again later."""

    def __init__(self, pager: SpoolingPager, levels: int, again_seconds: float) -> None:
        self._pager, self._levels, self._again_seconds = pager, levels, again_seconds
        self._lock = threading.Lock()
        self._climbing: dict[str, Page] = {}
        self._not_before: dict[str, float] = {}

    def send(self, page: Page, now: float) -> None:
        """Send it unless it is on its way, or was not to be tried again so soon. ``now``: monotonic, seconds."""
        with self._lock:
            if page.key in self._climbing or now < self._not_before.get(page.key, now):
                return
            if page.key in self._not_before:
                page = replace(page, level=0)
            self._climbing[page.key] = page
        self._pager.page(page, lambda delivery: self._reported(delivery, now))

    def _reported(self, delivery: Delivery, now: float) -> None:
        with self._lock:
            page = self._climbing[delivery.key]
            higher = replace(page, level=page.level + 1)
            if delivery.delivered or higher.level >= self._levels:
                del self._climbing[delivery.key]
                self._not_before[delivery.key] = now + self._again_seconds
                return
            self._climbing[delivery.key] = higher
        self._pager.page(higher, lambda again: self._reported(again, now))
