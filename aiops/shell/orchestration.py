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
from queue import Empty, Queue
from typing import Protocol

import structlog

from aiops.control.draft import Decision, Writer, together
from aiops.control.invariants import membership_difference
from aiops.control.orchestrator import Orchestrator
from aiops.control.recovery import resume_effects
from aiops.model.codec import EVENT, decode, encode
from aiops.model.deadletters import DeadLetter
from aiops.model.effects import Effect
from aiops.model.errors import FencedOutError, TemporaryError
from aiops.model.events import CommandGiven, Event, HaltChanged, OrchestratorStarted, StepReported, TimerFired
from aiops.model.ledger import Ending, LedgerLine
from aiops.model.plans import StepOutcome
from aiops.ports import Clock, FetchedRecords, InboxRow, Journal, Put, TelemetryConsumer, TopicPartition
from aiops.settings import Settings

_LOG = structlog.get_logger(__name__)
_QUEUE = 4096
_INBOX_SECONDS = 0.2
_IDLE_SECONDS = 0.5
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


class Reader(Protocol):
    """Turns a record of a control topic to events or a dead letter, without raising."""

    def __call__(
        self, records: FetchedRecords, place: int, received_at: int
    ) -> tuple[tuple[Event, ...], DeadLetter | None]:
        """``place``: index of the record within ``records``."""
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
class _Arrival:
    """One thing in the queue: events, and what is true once they are committed."""

    events: tuple[Event, ...]
    position: tuple[TopicPartition, int] | None = None
    buried: DeadLetter | None = None
    epoch: int = 0
    """With a position: of the reign that read it. After a restart it is read again, so an older one is dropped."""


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
        self._arrivals: Queue[_Arrival] = Queue(_QUEUE)
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=work, name=name, daemon=True)
            for name, work in (("orchestrator", self._run), ("control-topics", self._read_topics))
        ]
        self._ledger: dict[TopicPartition, LedgerLine] = {}
        self._inbox = 0
        self._epoch = 0
        self._halt_generation = 0
        self._next_inbox = 0.0
        self._wake_inbox = threading.Event()
        self._status = OrchestrationStatus()
        self._reading: tuple[int, dict[TopicPartition, int | None]] = (0, {})
        """Epoch, and where its reading of the control topics begins; replaced whole."""
        self._core = Orchestrator(settings)

    # ------------------------------------------------------------------------------------ from other threads

    def start(self) -> None:
        """Claim the next epoch, recover, decide what is in doubt, and begin to read."""
        for thread in self._threads:
            thread.start()

    def offer(self, event: Event) -> None:
        """An answer or a wake-up from the dispatcher; blocks when the queue is full."""
        self._arrivals.put(_Arrival((event,)))

    def wake(self) -> None:
        """Something was written to the inbox: look now."""
        self._wake_inbox.set()
        self._arrivals.put(_Arrival(()))

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
        begin: dict[TopicPartition, int | None] = dict.fromkeys(self._parts.places)
        self._reading = (epoch, begin | dict(recovered.positions))
        self._epoch = epoch
        self._core = Orchestrator.load(self._settings, replace(recovered, documents=documents))
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
        done = self._decide([_Arrival((started,))])
        resumed = [e for e in resume_effects(recovered.effects, epoch) if e.key not in done]
        self._parts.dispatcher.begin(resumed, self._core)
        self._publish()

    def _run(self) -> None:
        recovered = False
        while not self._stopping.is_set():
            try:
                if not recovered:
                    self._recover()
                    recovered = True
                self._decide(self._gather())
                self._publish()
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

    def _gather(self) -> list[_Arrival]:
        """Arrivals up to the size and age of a group; due timers and the inbox come first."""
        limit, age = self._settings.control.commit_events, self._settings.control.commit_milliseconds / 1000
        group = [*self._halt_and_inbox(), *self._timers()]
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
        due = min((row.due for row in self._core.state.timers.values()), default=None)
        until_timer = _IDLE_SECONDS if due is None else (due - self._parts.clock.now()) / 1e9
        return min(max(0.0, until_timer), max(0.0, self._next_inbox - time.monotonic()), _IDLE_SECONDS)

    def _timers(self) -> list[_Arrival]:
        now = self._parts.clock.now()
        return [
            _Arrival(
                (
                    TimerFired(
                        id=f"timer/{row.id}/{row.due}",
                        at=now,
                        timer=row.id,
                        name=row.name,
                        subject=row.subject,
                        domain=self._settings.domain,
                    ),
                )
            )
            for row in self._core.due(now)[: self._settings.control.commit_events]
        ]

    def _halt_and_inbox(self) -> list[_Arrival]:
        if time.monotonic() < self._next_inbox and not self._wake_inbox.is_set():
            return []
        self._wake_inbox.clear()
        self._next_inbox = time.monotonic() + _INBOX_SECONDS
        journal, domain, now = self._parts.journal, self._settings.domain, self._parts.clock.now()
        arrivals: list[_Arrival] = []
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
            arrivals.append(_Arrival((event,)))
        for row in journal.read_inbox(self._inbox, domain=domain):
            self._inbox = row.number
            arrivals.append(_Arrival(_from_inbox(row, now)))
        return arrivals

    def _decide(self, group: list[_Arrival]) -> frozenset[str]:
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
        self._parts.fail_point("orchestrator.journalled")
        self._parts.dispatcher.begin(transaction.effects, self._core)
        return frozenset(transaction.effects_done)

    def _count(self, group: list[_Arrival], decided: list[list[Decision]]) -> list[Put]:
        """The ledger of the control topics, in the same transaction as what it counts."""
        changed: dict[TopicPartition, LedgerLine] = {}
        for arrival, decisions in zip(group, decided, strict=True):
            if arrival.position is None:
                continue
            place, next_offset = arrival.position
            line = changed.get(place) or self._ledger.get(place)
            changed[place] = _counted(line, place, next_offset, _ending(arrival, decisions))
        self._ledger |= changed
        return [Put(LEDGER, f"{place.topic}/{place.partition}", encode(line)) for place, line in changed.items()]

    def _publish(self) -> None:
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

    # -------------------------------------------------------------------------------- the control topics' thread

    def _read_topics(self) -> None:
        consumer, epoch, assigned = self._parts.consumer, 0, False
        while not self._stopping.is_set():
            if self._epoch == 0:
                self._stopping.wait(0.05)
                continue
            try:
                if epoch != self._epoch:
                    reading = self._reading
                    consumer.assign(reading[1])
                    epoch, assigned = reading[0], True
                elif not assigned:
                    consumer.assign(consumer.positions())
                    assigned = True
                for records in consumer.poll(0.25, 1 << 20):
                    self._take(records, epoch)
            except TemporaryError as error:
                _LOG.warning("control_topics_wait", reason=str(error))
                assigned = False
                self._stopping.wait(error.delay_seconds)

    def _take(self, records: FetchedRecords, epoch: int) -> None:
        for place in range(len(records.offsets)):
            events, buried = self._parts.reader(records, place, self._parts.clock.now())
            position = (records.source, records.offsets[place] + 1)
            self._arrivals.put(_Arrival(events, position, buried, epoch))


def _ending(arrival: _Arrival, decisions: Sequence[Decision]) -> Ending:
    """How one record ended; of several events in it, one that took effect decides."""
    if arrival.buried is not None:
        return Ending.DEAD_LETTER
    endings = {decision.ending for decision in decisions}
    if not endings or Ending.APPLIED in endings:
        return Ending.APPLIED
    # Refused for what it says, not for its form: its journal entry keeps the event and the reason.
    return Ending.DUPLICATE if Ending.DUPLICATE in endings else Ending.APPLIED


def _counted(line: LedgerLine | None, place: TopicPartition, next_offset: int, ending: Ending) -> LedgerLine:
    if line is None:
        line = LedgerLine(place.topic, place.partition, 0, 0, {}, 0, next_offset - 1, next_offset - 1)
    endings = dict(line.endings)
    endings[ending] = endings.get(ending, 0) + 1
    skipped = next_offset - 1 - line.next_offset
    return replace(
        line,
        records=line.records + 1,
        items=line.items + 1,
        endings=endings,
        next_offset=next_offset,
        lost_offsets=line.lost_offsets + max(0, skipped),
    )


def _from_inbox(row: InboxRow, now: int) -> tuple[Event, ...]:
    """What an inbox row says; one that cannot be read says nothing, as its writer validated it already."""
    try:
        match row.kind:
            case "outcome":
                outcome = decode(StepOutcome, row.body)
                return (StepReported(id=row.key, at=now, outcome=outcome, domain=row.domain),)
            case "command":
                command = decode(CommandGiven, row.body)
                return (replace(command, id=row.key, at=now, who=row.who, domain=row.domain),)
            case "event":
                return (replace(EVENT.validate_json(row.body), id=row.key, at=now, domain=row.domain),)
            case _:
                return ()
    except ValueError as error:
        _LOG.warning("inbox_row_unreadable", key=row.key, reason=str(error)[:300])
        return ()
