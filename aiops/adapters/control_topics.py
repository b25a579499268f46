"""Reads the control topics in its own thread and puts their events into the orchestration's queue."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import structlog

from aiops.control.record.control_ledger import loss
from aiops.driver.leadership import Arrival
from aiops.model.deadletters import DeadLetter
from aiops.model.errors import TemporaryError
from aiops.model.events import EpisodeReported, Event
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.ports import Clock, TelemetryConsumer

_LOG = structlog.get_logger(__name__)
_POLL_SECONDS = 0.25
_POLL_BYTES = 1 << 20


class RecordReader(Protocol):
    """Converts a record of a control topic to events or a dead letter. Does not raise."""

    def __call__(
        self, records: FetchedRecords, place: int, received_at: int
    ) -> tuple[tuple[Event, ...], DeadLetter | None]:
        """``place``: index of the record within ``records``."""
        ...


class Reading(NamedTuple):
    """Epoch to read under, and start offsets; None: from the beginning."""

    epoch: int
    positions: Mapping[TopicPartition, int | None]


class TopicsThread:
    """Each leadership reads from the positions of its journal. One thread owns the consumer.

    Args:
        consumer: of the control topics.
        reader: converts a record to events.
        clock: for the time of reception.
        domain: the domain of loss incidents.
    """

    def __init__(self, consumer: TelemetryConsumer, reader: RecordReader, clock: Clock, *, domain: str) -> None:
        self._consumer, self._reader, self._clock, self._domain = consumer, reader, clock, domain
        self._reading: Reading | None = None
        """Replaced by the orchestrator's thread."""
        self._changed = threading.Event()

    def read(self, reading: Reading) -> None:
        """Read from the positions of a new leadership."""
        self._reading = reading
        self._changed.set()

    def run(self, put: Callable[[Arrival], None], stopping: threading.Event) -> None:
        """Run until ``stopping``. ``put`` blocks while the queue is full."""
        read: Reading | None = None
        assigned = False
        while not stopping.is_set():
            reading = self._reading
            if reading is None:
                self._changed.wait(_POLL_SECONDS)
                continue
            try:
                if read is not reading:
                    self._consumer.assign(reading.positions)
                    read, assigned = reading, True
                elif not assigned:
                    self._consumer.assign(self._consumer.positions())
                    assigned = True
                polled = self._consumer.poll(_POLL_SECONDS, _POLL_BYTES)
                for place, begin, end in self._consumer.lost():
                    put(self._gone(place, begin, end, epoch=reading.epoch))
                for records in polled:
                    self._take(records, reading.epoch, put)
            except TemporaryError as error:
                _LOG.warning("control_topics_wait", reason=str(error))
                assigned = False
                stopping.wait(error.delay_seconds)

    def _take(self, records: FetchedRecords, epoch: int, put: Callable[[Arrival], None]) -> None:
        for place in range(len(records.offsets)):
            events, buried = self._reader(records, place, self._clock.now())
            put(Arrival(events, (records.source, records.offsets[place] + 1), buried, epoch=epoch))

    def _gone(self, place: TopicPartition, begin: int, end: int, *, epoch: int) -> Arrival:
        """Retention removed unread records: count them and report an episode of the runtime."""
        now = self._clock.now()
        episode = loss(place, begin, end, at=now, domain=self._domain)
        event = EpisodeReported(id=f"lost/{episode.id}", at=now, episode=episode, domain=self._domain)
        return Arrival((event,), (place, end), lost_from=begin, epoch=epoch)
