"""Drives the orchestrator from one thread: collects events in groups and passes them to its leadership.

That thread owns the orchestrator and the journal. The reader of the control topics and the dispatcher put events into
one bounded queue. A group is committed when the queue is empty, when the group is full, or when it has reached its
maximum age, whichever comes first. ``aiops.driver.leadership`` decides, commits and executes a group.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from queue import Empty, Queue

import structlog

from aiops.adapters.control_topics import Reading, RecordReader, TopicsThread
from aiops.adapters.followed_topics import FollowedTopics, UnfollowedTopics, shown
from aiops.control.state.invariants import membership_difference
from aiops.driver.leadership import Arrival, Dispatcher, Leadership, Watch
from aiops.model.deadletters import DeadLetter
from aiops.model.errors import FencedOutError, TemporaryError
from aiops.model.events import Event
from aiops.model.journal import InboxRow
from aiops.model.ledger import LedgerLine
from aiops.model.records import TopicPartition
from aiops.ports import Clock, Journal, TelemetryConsumer
from aiops.settings import Settings

_LOG = structlog.get_logger(__name__)
_QUEUE = 4096
_INBOX_SECONDS = 0.2
_IDLE_SECONDS = 0.5
_STATUS_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class OrchestrationParts:
    """Parts of the orchestration."""

    journal: Journal
    consumer: TelemetryConsumer
    dispatcher: Dispatcher
    reader: RecordReader
    clock: Clock
    bury: Callable[[Sequence[DeadLetter]], None]
    """Writes dead letters and returns when they are acknowledged."""
    places: tuple[TopicPartition, ...]
    """Partitions of the control topics."""
    topics: FollowedTopics = field(default_factory=UnfollowedTopics)
    fail_point: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class OrchestrationStatus:
    """Status of the orchestration; immutable."""

    alive_at: int = 0
    epoch: int = 0
    entries: int = 0
    """Number of journal entries."""
    checkpoint: int = 0
    """Number of the newest entry covered by a signed, published checkpoint."""
    waiting: int = 0
    incidents: Mapping[str, int] = field(default_factory=dict)
    """State to number of open incidents."""
    membership_difference: int = 0
    ledger: tuple[LedgerLine, ...] = ()
    halted: bool = False
    error: str = ""
    origins: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """As in ``ShardStatus``, of the control topics."""
    over: bool = False
    """A newer epoch was claimed."""


class Orchestration:
    """Runs the orchestrator. ``start`` claims an epoch, recovers and begins; ``stop`` ends it between groups."""

    def __init__(self, settings: Settings, parts: OrchestrationParts, holder: str) -> None:
        self._settings, self._parts, self._holder = settings, parts, holder
        self._arrivals: Queue[Arrival] = Queue(_QUEUE)
        self._stopping = threading.Event()
        self._topics = TopicsThread(parts.consumer, parts.reader, parts.clock, domain=settings.domain)
        self._threads = [
            threading.Thread(target=self._run, name="orchestrator", daemon=True),
            threading.Thread(
                target=self._topics.run, args=(self._arrivals.put, self._stopping), name="control-topics", daemon=True
            ),
        ]
        self._watch = Watch(parts.bury, parts.fail_point, unreadable=_unreadable)
        self._next_inbox = 0.0
        self._wake_inbox = threading.Event()
        self._status = OrchestrationStatus()
        self._next_status = 0.0

    # ------------------------------------------------------------------------------------ from other threads

    def start(self) -> None:
        """Start the threads. They claim the next epoch, recover, resolve effects in doubt, and begin to read."""
        for thread in self._threads:
            thread.start()

    def offer(self, *events: Event) -> None:
        """Queue the dispatcher's events as one arrival; blocks while the queue is full."""
        self._arrivals.put(Arrival(events))

    def wake(self) -> None:
        """Read the inbox now: a row was written."""
        self._wake_inbox.set()
        self._arrivals.put(Arrival(()))

    def stop(self, timeout_seconds: float = 10.0) -> None:
        """Stop after the current group."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout_seconds)

    def status(self) -> OrchestrationStatus:
        """The last published status."""
        return self._status

    # ------------------------------------------------------------------------------------------ its own thread

    def _claim(self) -> Leadership:
        """Claim leadership: resolve effects in doubt, repeat pending ones, and begin to read."""
        parts, settings = self._parts, self._settings
        led = Leadership.claim(settings, parts.journal, parts.dispatcher, holder=self._holder, watch=self._watch)
        led.start(parts.clock.now())
        self._publish(led)
        begin: dict[TopicPartition, int | None] = dict.fromkeys(parts.places)
        self._topics.read(Reading(led.epoch, begin | dict(led.positions)))
        return led

    def _run(self) -> None:
        led: Leadership | None = None
        while not self._stopping.is_set():
            try:
                if led is None:
                    led = self._claim()
                led.handle(self._gather(led))
                self._publish_when_due(led)
            except FencedOutError as error:
                _LOG.warning("orchestrator_over", reason=str(error))
                self._status = replace(self._status, over=True, error=str(error))
                self._stopping.set()
            except TemporaryError as error:
                # Uncommitted decisions are void: discard them and recover from the journal.
                _LOG.warning("orchestrator_waits", reason=str(error))
                self._status = replace(self._status, error=str(error))
                self._stopping.wait(error.delay_seconds)
                led = None

    def _gather(self, led: Leadership) -> list[Arrival]:
        """Arrivals up to the size and age of a group; due timers and the inbox come first."""
        limit, age = self._settings.control.commit_events, self._settings.control.commit_milliseconds / 1000
        group = [*self._poll_inbox(led), *led.due(self._parts.clock.now(), limit)]
        deadline = time.monotonic() + (age if group else self._patience(led))
        while len(group) < limit:
            try:
                arrival = self._arrivals.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                break
            if arrival.position is None or arrival.epoch == led.epoch:
                group.append(arrival)
            deadline = min(deadline, time.monotonic() + age) if not self._arrivals.empty() else time.monotonic()
        return group

    def _patience(self, led: Leadership) -> float:
        """Seconds until the next timer, inbox check or status."""
        due = led.timers.next_due()
        until_timer = _IDLE_SECONDS if due is None else (due - self._parts.clock.now()) / 1e9
        until_poll = min(self._next_inbox, self._next_status) - time.monotonic()
        return min(max(0.0, until_timer), max(0.0, until_poll), _IDLE_SECONDS)

    def _poll_inbox(self, led: Leadership) -> list[Arrival]:
        if time.monotonic() < self._next_inbox and not self._wake_inbox.is_set():
            return []
        self._wake_inbox.clear()
        self._next_inbox = time.monotonic() + _INBOX_SECONDS
        return led.poll(self._parts.clock.now())

    def _publish_when_due(self, led: Leadership) -> None:
        """Publish the status at most every ``_STATUS_SECONDS``."""
        if time.monotonic() >= self._next_status:
            self._publish(led)

    def _publish(self, led: Leadership) -> None:
        self._next_status = time.monotonic() + _STATUS_SECONDS
        state = led.orchestrator.state
        incidents: dict[str, int] = {}
        for name in state.live:
            stands = state.incidents[name].state.value
            incidents[stands] = incidents.get(stands, 0) + 1
        self._status = OrchestrationStatus(
            alive_at=self._parts.clock.now(),
            epoch=led.epoch,
            waiting=self._arrivals.qsize(),
            incidents=incidents,
            membership_difference=membership_difference(state),
            ledger=led.ledger,
            halted=state.leadership.halted,
            error=self._parts.topics.error,
            origins=shown(self._parts.topics.origins),
        )


def _unreadable(row: InboxRow, reason: str) -> None:
    _LOG.warning("inbox_row_unreadable", key=row.key, reason=reason[:300])
