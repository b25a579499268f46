"""The pager: spools a page, sends it with retries in its own threads, and reports the result once.

A page is delivered when one channel of its level has accepted it. A level has failed when every attempt failed on every
channel; the orchestrator then pages the next level. Delivery is at least once: after a kill between sending and
recording, the page is sent again with the same key.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field

import structlog

from aiops.adapters.paging.channels import Levels
from aiops.adapters.paging.spool import Spool
from aiops.model.errors import AiopsError, PermanentError
from aiops.model.pages import Delivery, Page
from aiops.model.prose import Prose
from aiops.ports import Clock, Notifier
from aiops.settings import Paging

_LOG = structlog.get_logger(__name__)
_SENDERS = 8
Report = Callable[[Delivery], None]
Later = Callable[[float, Callable[[], None]], None]
"""Calls a function after the given seconds."""


@dataclass(slots=True)
class _Flight:
    """A page in delivery."""

    page: Page
    reports: list[Report]
    attempts: int = 0
    errors: dict[str, str] = field(default_factory=dict)
    """Channel to its last error."""
    hopeless: set[int] = field(default_factory=set)
    """Indices of channels with a permanent error."""


class SpoolingPager:
    """Pager of the dispatcher and the watchdog.

    Args:
        settings: attempts and the time between them.
        levels: channels of each level.
        spool: makes pages durable.
        clock: for the time in reports.
        senders: runs deliveries; tests pass one that runs at once.
        later: delays the next attempt; tests pass a fake.
    """

    def __init__(
        self,
        settings: Paging,
        levels: Levels,
        spool: Spool,
        *,
        clock: Clock,
        senders: Executor | None = None,
        later: Later | None = None,
    ) -> None:
        self._settings, self._levels, self._spool, self._clock = settings, levels, spool, clock
        self._senders = senders or ThreadPoolExecutor(_SENDERS, thread_name_prefix="page")
        self._later = later or _after
        self._lock = threading.Lock()
        self._flying: dict[str, _Flight] = {}

    def page(self, page: Page, report: Report) -> None:
        """Spool the page and begin to send it. If the disk fails, the page is sent without the spool.

        ``report`` is called once, in a thread of the pager. A page delivered before is not sent again.
        """
        with self._lock:
            flight = self._flying.get(page.key)
            if flight is not None:
                flight.reports.append(report)
                return
            self._flying[page.key] = _Flight(page, [report])
        delivered = None
        try:
            delivered = self._spool.add(page)
        except OSError as error:
            _LOG.error("page_not_spooled", key=page.key, reason=str(error))
        self._submit(page.key, delivered)

    def resume(self, report: Report) -> None:
        """Send the spool's pages without a delivery result: their sender was killed."""
        for page in self._spool.pending():
            self.page(page, report)

    def close(self) -> None:
        """Stop sending. Unsent pages stay in the spool."""
        self._senders.shutdown(wait=False, cancel_futures=True)

    def _submit(self, key: str, delivered: Delivery | None = None) -> None:
        # Always in a thread of the pager: the caller must not wait, not even for its own report.
        try:
            if delivered is not None:
                self._senders.submit(self._report, key, delivered)
            else:
                self._senders.submit(self._attempt, key)
        except RuntimeError:
            _LOG.warning("page_waits_for_restart", key=key)  # closed: the spool has it

    def _attempt(self, key: str) -> None:
        flight = self._flying[key]
        flight.attempts += 1
        channels = self._channels(flight.page)
        delivered = False
        for place, channel in enumerate(channels):
            if place not in flight.hopeless and self._deliver(flight, place, channel):
                if not delivered:
                    ended = Delivery(key, channel.name, delivered=True, at=self._clock.now(), domain=flight.page.domain)
                    self._end(ended)
                delivered = True
        if delivered:
            return
        if len(flight.hopeless) == len(channels) or flight.attempts >= self._settings.attempts:
            self._end(self._given_up(flight))
        else:
            self._later(self._settings.retry_seconds, lambda: self._submit(key))

    def _deliver(self, flight: _Flight, place: int, channel: Notifier) -> bool:
        try:
            answer = channel.send(flight.page)
        except PermanentError as error:
            flight.hopeless.add(place)
            flight.errors[channel.name] = str(error)
        except AiopsError as error:
            flight.errors[channel.name] = str(error)
        except Exception as error:  # noqa: BLE001 - the effect boundary: a channel's error must not lose the page
            flight.errors[channel.name] = repr(error)
        else:
            if answer.delivered:
                return True
            flight.errors[channel.name] = answer.error
        _LOG.warning("page_attempt_failed", key=flight.page.key, channel=channel.name, attempt=flight.attempts)
        return False

    def _channels(self, page: Page) -> Sequence[Notifier]:
        """Channels of the page's level; above the last level, those of the last level."""
        return self._levels[min(page.level, len(self._levels) - 1)] if self._levels else ()

    def _given_up(self, flight: _Flight) -> Delivery:
        page = flight.page
        why = "; ".join(f"{name}: {error}" for name, error in flight.errors.items())
        return Delivery(
            key=page.key,
            channel=f"level {page.level + 1}",
            delivered=False,
            at=self._clock.now(),
            error=Prose(why[:1000] or f"no channel is set for level {page.level + 1}: see paging.levels in aiops.yaml"),
            domain=page.domain,
        )

    def _end(self, delivery: Delivery) -> None:
        try:
            self._spool.end(delivery)
        except OSError as error:
            _LOG.error("page_end_not_spooled", key=delivery.key, reason=str(error))
        self._report(delivery.key, delivery)

    def _report(self, key: str, delivery: Delivery) -> None:
        with self._lock:
            flight = self._flying.pop(key)
        for report in flight.reports:
            report(delivery)


def _after(seconds: float, action: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()
