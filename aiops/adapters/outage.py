"""Detects outages of the runtime from its heartbeat, and escalates their pages level by level."""

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
    """A heartbeat of the runtime."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: int
    """Time of the heartbeat, ns UTC."""
    resting: bool = False
    """The runtime was stopped on purpose: a missing heartbeat is no outage until the next one."""


@dataclass(frozen=True, slots=True)
class Now:
    """Monotonic time (s) and wall-clock time (ns UTC) of one moment."""

    monotonic: float
    at: int


class OutageWatch:
    """Decides when to send a page. Pure: heartbeats and times in, pages out."""

    def __init__(self, began: Now, stale_seconds: float = STALE_SECONDS, domain: str = MAIN_DOMAIN) -> None:
        self._stale_seconds, self._domain = stale_seconds, domain
        self._last: Beat | None = None
        self._changed, self._began = began.monotonic, began.at
        self._paged: Beat | None = None
        self.out = False

    def check(self, found: Beat | None, now: Now) -> Page | None:
        """The page to send now: at the start and at the end of an outage; else None."""
        if found is not None and found != self._last:
            # The first heartbeat counts as new: a runtime that starts now gets the full time before an outage.
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
            matters="Nothing watches the fleet now: incidents are neither detected, healed nor escalated.",
            asks="Check its host, then run: aiops doctor, aiops up. Until then watch the fleet yourself.",
        )

    def _all_clear(self, now: Now) -> Page:
        return self._page(
            "clear",
            now,
            Priority.P4,
            title="the self-healing runtime is back",
            broken="Nothing. The runtime's heartbeat is back, or the runtime was stopped on purpose.",
            matters="The runtime now reads the telemetry of the outage from the topics.",
            asks="Nothing. aiops incidents lists what the runtime found.",
        )

    def _page(self, what: str, now: Now, priority: Priority, *, title: str, **texts: str) -> Page:
        last = self._began if self._paged is None else self._paged.at
        return Page(
            key=f"watchdog/{self._domain}/{what}/{last}",
            work_item=RUNTIME_ENTITY,
            level=0,
            at=now.at,
            priority=priority,
            title=Prose(title),
            broken=Prose(texts["broken"]),
            matters=Prose(texts["matters"]),
            affected=(Prose(RUNTIME_ENTITY),),
            causes=(),
            tried=(),
            asks=Prose(texts["asks"]),
            domain=self._domain,
        )


class Climbing:
    """Sends a page level by level until one is delivered. After the last level it starts again later."""

    def __init__(self, pager: SpoolingPager, levels: int, again_seconds: float) -> None:
        self._pager, self._levels, self._again_seconds = pager, levels, again_seconds
        self._lock = threading.Lock()
        self._climbing: dict[str, Page] = {}
        self._not_before: dict[str, float] = {}

    def send(self, page: Page, now: float) -> None:
        """Send the page unless it is in delivery or its retry time has not come. ``now``: monotonic, seconds."""
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
