"""Drives the orchestrator: gathers events, lets it decide, commits, and only then lets effects happen.

One thread owns the orchestrator and the journal. Others feed it through one bounded queue: the reader of the control
topics, the dispatcher's answers, the reader of the inbox. A group of events is committed together when the queue is
empty, when it is full, or when it is old enough, whichever comes first. Input offsets are in the same transaction as
their consequences, so an event is decided once however often the process dies.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from queue import Empty, Queue
from typing import Protocol

import structlog

from aiops.adapters.control_topics import Arrival, Reader, Reading, TopicsThread
from aiops.control.events.recovery import resume_effects
from aiops.control.orchestrator import Orchestrator
from aiops.control.record.control_ledger import counted, ending_of, lost
from aiops.control.state.inbox import UnreadableRowError, event_of
from aiops.control.state.invariants import membership_difference
from aiops.control.state.timers import TimerQueue, fired
from aiops.control.state.transaction import Decision, Writer, together
from aiops.model.codec import decode, encode
from aiops.model.deadletters import DeadLetter
from aiops.model.effects import Effect
from aiops.model.errors import FencedOutError, TemporaryError
from aiops.model.events import Event, HaltChanged, OrchestratorStarted
from aiops.model.ledger import Ending, LedgerLine
from aiops.ports import Clock, InboxRow, Journal, Put, TelemetryConsumer, TopicPartition
from aiops.settings import Settings

_LOG = structlog.get_logger(__name__)
_QUEUE = 4096
_INBOX_SECONDS = 0.2
_IDLE_SECONDS = 0.5
_STATUS_SECONDS = 0.1
LEDGER = "ledger"
"""Kind of the documents that count what was read from the control topics."""


class Dispatcher(Protocol):
    """Performs effects, each in its own time; answers come back as events through the queue."""

    def begin(self, effects: Iterable[Effect], orchestrator: Orchestrator) -> None:
        """Start them; must not block and must not raise."""
        ...

    def performed(self) -> list[str]:
        """Keys of effects without an answering event that happened since the last call."""
        ...


@dataclass(frozen=True, slots=True)
class OrchestrationParts:
    """What the orchestration is made of."""

    journal: Journal
    consumer: TelemetryConsumer
    dispatcher: Dispatcher
    reader: Reader
    clock: Clock
    bury: Callable[[Sequence[DeadLetter]], None]
    """Writes dead letters out and returns when they are acknowledged."""
    places: tuple[TopicPartition, ...]
    """Partitions of the control topics."""
    fail_point: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class OrchestrationStatus:
    """What the orchestration says of itself; an immutable view."""

    alive_at: int = 0
    epoch: int = 0
    entries: int = 0
    """Of the journal."""
    checkpoint: int = 0
    """Newest entry that a signed, published checkpoint vouches for."""
    waiting: int = 0
    incidents: Mapping[str, int] = field(default_factory=dict)
    """State to number of open incidents."""
    membership_difference: int = 0
    ledger: tuple[LedgerLine, ...] = ()
    halted: bool = False
    trouble: str = ""
    over: bool = False
    """A newer epoch took over."""


class Orchestration:
    """The orchestrator's shell. ``start`` claims an epoch, recovers and begins; ``stop`` ends it between groups."""

    def __init__(self, settings: Settings, parts: OrchestrationParts, holder: str) -> None:
        self._settings, self._parts, self._holder = settings, parts, holder
        self._arrivals: Queue[Arrival] = Queue(_QUEUE)
        self._stopping = threading.Event()
        self._topics = TopicsThread(parts.consumer, parts.reader, parts.clock, settings.domain)
        self._threads = [
            threading.Thread(target=self._run, name="orchestrator", daemon=True),
            threading.Thread(
                target=self._topics.run, args=(self._arrivals.put, self._stopping), name="control-topics", daemon=True
            ),
        ]
        self._ledger: dict[TopicPartition, LedgerLine] = {}
        self._inbox = 0
        self._epoch = 0
        self._halt_generation = 0
        self._next_inbox = 0.0
        self._wake_inbox = threading.Event()
        self._status = OrchestrationStatus()
        self._core = Orchestrator(settings)
        self._timers = TimerQueue(self._core.state.timers)
        self._next_status = 0.0

    # ------------------------------------------------------------------------------------ from other threads

    def start(self) -> None:
        """Claim the next epoch, recover, decide what is in doubt, and begin to read."""
        for thread in self._threads:
            thread.start()

    def offer(self, *events: Event) -> None:
        """Answers from the dispatcher, to be decided together; blocks when the queue is full."""
        self._arrivals.put(Arrival(events))

    def wake(self) -> None:
        """Something was written to the inbox: look now."""
        self._wake_inbox.set()
        self._arrivals.put(Arrival(()))

    def stop(self, timeout_seconds: float = 10.0) -> None:
        """End after the group at hand."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(timeout_seconds)

    def status(self) -> OrchestrationStatus:
        """The last published view."""
        return self._status

    # ------------------------------------------------------------------------------------------ its own thread

    def _recover(self) -> None:
        journal, domain = self._parts.journal, self._settings.domain
        epoch = journal.claim("orchestrator", self._holder, domain)
        recovered = journal.recover(domain)
        documents = dict(recovered.documents)
        lines = [decode(LedgerLine, body) for body in documents.pop(LEDGER, {}).values()]
        self._ledger = {TopicPartition(line.topic, line.partition): line for line in lines}
        self._inbox = recovered.inbox
        self._epoch = epoch
        self._core = Orchestrator.load(self._settings, replace(recovered, documents=documents))
        self._timers = TimerQueue(self._core.state.timers)
        halt = journal.halt_state(domain)
        self._halt_generation = halt.generation
        now = self._parts.clock.now()
        started = OrchestratorStarted(
            id=f"started/{self._epoch}",
            at=now,
            epoch=self._epoch,
            halt_generation=halt.generation,
            halted=halt.halted,
            domain=domain,
        )
        done = self._decide([Arrival((started,))])
        resumed = [e for e in resume_effects(recovered.effects, epoch) if e.key not in done]
        self._parts.dispatcher.begin(resumed, self._core)
        self._publish()
        begin: dict[TopicPartition, int | None] = dict.fromkeys(self._parts.places)
        self._topics.read(Reading(epoch, begin | dict(recovered.positions)))

    def _run(self) -> None:
        recovered = False
        while not self._stopping.is_set():
            try:
                if not recovered:
                    self._recover()
                    recovered = True
                self._decide(self._gather())
                self._publish_when_due()
            except FencedOutError as error:
                _LOG.warning("orchestrator_over", reason=str(error))
                self._status = replace(self._status, over=True, trouble=str(error))
                self._stopping.set()
            except TemporaryError as error:
                # What was decided is not in the journal, so it is not true: forget it and go on from what is.
                _LOG.warning("orchestrator_waits", reason=str(error))
                self._status = replace(self._status, trouble=str(error))
                self._stopping.wait(error.delay_seconds)
                recovered = False

    def _gather(self) -> list[Arrival]:
        """Arrivals up to the size and age of a group; due timers and the inbox come first."""
        limit, age = self._settings.control.commit_events, self._settings.control.commit_milliseconds / 1000
        group = [*self._halt_and_inbox(), *self._due()]
        deadline = time.monotonic() + (age if group else self._patience())
        while len(group) < limit:
            try:
                arrival = self._arrivals.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                break
            if arrival.position is None or arrival.epoch == self._epoch:
                group.append(arrival)
            deadline = min(deadline, time.monotonic() + age) if not self._arrivals.empty() else time.monotonic()
        return group

    def _patience(self) -> float:
        """How long nothing need be looked at, seconds."""
        due = self._timers.next_due()
        until_timer = _IDLE_SECONDS if due is None else (due - self._parts.clock.now()) / 1e9
        looks = min(self._next_inbox, self._next_status) - time.monotonic()
        return min(max(0.0, until_timer), max(0.0, looks), _IDLE_SECONDS)

    def _due(self) -> list[Arrival]:
        now, limit = self._parts.clock.now(), self._settings.control.commit_events
        rows = islice(iter(lambda: self._timers.pop(now), None), limit)
        return [Arrival((fired(row, now, self._settings.domain),)) for row in rows]

    def _halt_and_inbox(self) -> list[Arrival]:
        if time.monotonic() < self._next_inbox and not self._wake_inbox.is_set():
            return []
        self._wake_inbox.clear()
        self._next_inbox = time.monotonic() + _INBOX_SECONDS
        journal, domain, now = self._parts.journal, self._settings.domain, self._parts.clock.now()
        arrivals: list[Arrival] = []
        halt = journal.halt_state(domain)
        if halt.generation != self._halt_generation:
            self._halt_generation = halt.generation
            event = HaltChanged(
                id=f"halt/{halt.generation}",
                at=now,
                generation=halt.generation,
                halted=halt.halted,
                who=halt.who,
                domain=domain,
            )
            arrivals.append(Arrival((event,)))
        for row in journal.read_inbox(self._inbox, domain=domain):
            self._inbox = row.number
            arrivals.append(_from_inbox(row, now))
        return arrivals

    def _decide(self, group: list[Arrival]) -> frozenset[str]:
        """Decide, commit, and begin the effects; returns keys of effects that are not wanted any more."""
        performed = self._parts.dispatcher.performed()
        if not group and not performed:
            return frozenset()
        of_arrival = [[self._core.handle(event) for event in arrival.events] for arrival in group]
        decisions = [decision for made in of_arrival for decision in made]
        self._parts.bury([arrival.buried for arrival in group if arrival.buried is not None])
        positions = {arrival.position[0]: arrival.position[1] for arrival in group if arrival.position is not None}
        writer = Writer(self._settings.domain, self._epoch, positions, self._inbox)
        transaction = together(decisions, writer, performed)
        transaction = replace(transaction, documents=(*transaction.documents, *self._count(group, of_arrival)))
        self._parts.fail_point("orchestrator.decided")
        self._parts.journal.commit([transaction])
        self._timers.set(transaction.timers_set)
        self._parts.fail_point("orchestrator.journalled")
        self._parts.dispatcher.begin(transaction.effects, self._core)
        return frozenset(transaction.effects_done)

    def _count(self, group: list[Arrival], decided: list[list[Decision]]) -> list[Put]:
        """The ledger of the control topics, in the same transaction as what it counts."""
        changed: dict[TopicPartition, LedgerLine] = {}
        for arrival, decisions in zip(group, decided, strict=True):
            if arrival.position is None:
                continue
            place, next_offset = arrival.position
            line = changed.get(place) or self._ledger.get(place)
            if arrival.lost_from is not None:
                changed[place] = lost(line, place, arrival.lost_from, next_offset)
            else:
                ending = Ending.DEAD_LETTER if arrival.buried is not None else ending_of(decisions)
                changed[place] = counted(line, place, next_offset, ending)
        self._ledger |= changed
        return [Put(LEDGER, f"{place.topic}/{place.partition}", encode(line)) for place, line in changed.items()]

    def _publish_when_due(self) -> None:
        """The status is for people and other parts: a few times a second is enough for them."""
        if time.monotonic() >= self._next_status:
            self._publish()

    def _publish(self) -> None:
        self._next_status = time.monotonic() + _STATUS_SECONDS
        state = self._core.state
        incidents: dict[str, int] = {}
        for name in state.live:
            stands = state.incidents[name].state.value
            incidents[stands] = incidents.get(stands, 0) + 1
        self._status = OrchestrationStatus(
            alive_at=self._parts.clock.now(),
            epoch=self._epoch,
            waiting=self._arrivals.qsize(),
            incidents=incidents,
            membership_difference=membership_difference(state),
            ledger=tuple(self._ledger.values()),
            halted=state.reign.halted,
        )


def _from_inbox(row: InboxRow, now: int) -> Arrival:
    """What an inbox row says; one that cannot be read says nothing, as its writer validated it already."""
    try:
        event = event_of(row, now)
    except UnreadableRowError as error:
        _LOG.warning("inbox_row_unreadable", key=row.key, reason=str(error)[:300])
        event = None
    return Arrival(() if event is None else (event,))
