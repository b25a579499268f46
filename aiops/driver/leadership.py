"""One orchestrator under one epoch: it recovers from the journal, decides and commits until a newer epoch exists.

The guarantees rest on this order: decide, write the decision to the journal, then begin its effects. This module is
its only implementation, for production, replays and simulations. Input offsets, the inbox's number and the ledger are
in the same transaction as their consequences, so an event takes effect once even if the process restarts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, Protocol

from aiops.control.events.recovery import resume_effects
from aiops.control.orchestrator import Orchestrator
from aiops.control.record.control_ledger import counted, ending_of, lost
from aiops.control.state.inbox import UnreadableRowError, event_of
from aiops.control.state.timers import TimerQueue, fired
from aiops.control.state.transaction import Decision, Writer, together
from aiops.model.codec import decode, encode
from aiops.model.deadletters import DeadLetter
from aiops.model.effects import Effect
from aiops.model.events import Event, HaltChanged, OrchestratorStarted
from aiops.model.journal import InboxRow, Put, Recovered, Transaction
from aiops.model.ledger import Ending, LedgerLine
from aiops.model.records import TopicPartition
from aiops.ports import ORCHESTRATOR, Journal
from aiops.settings import Settings

LEDGER: Final = "ledger"
"""Kind of the documents that count the records read from the control topics."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One item of the queue: events, and the input position that is committed with them."""

    events: tuple[Event, ...]
    position: tuple[TopicPartition, int] | None = None
    """Next offset of a control topic."""
    buried: DeadLetter | None = None
    lost_from: int | None = None
    """First offset of a range that retention removed; ``position`` is its end, and the item holds no record."""
    epoch: int = 0
    """Epoch of the reader of ``position``. An item of an older epoch is dropped: its record is read again."""


class Dispatcher(Protocol):
    """Performs effects asynchronously; answers come back as events."""

    def begin(self, effects: Iterable[Effect], orchestrator: Orchestrator) -> None:
        """Begin the effects; must not block and must not raise."""
        ...

    def performed(self) -> list[str]:
        """Keys of effects that no event answers and that were performed since the last call."""
        ...


@dataclass(frozen=True, slots=True)
class Watch:
    """Callbacks around a commit."""

    bury: Callable[[Sequence[DeadLetter]], None] = lambda _: None
    """Writes dead letters and returns when they are acknowledged."""
    fail_point: Callable[[str], None] = lambda _: None
    """Called with a name at points where tests kill the process."""
    decided: Callable[[Event, Decision], None] = lambda _event, _decision: None
    """Called after each commit, before its effects begin."""
    unreadable: Callable[[InboxRow, str], None] = lambda _row, _reason: None
    """Called for an inbox row that was skipped because it cannot be read."""


class Leadership:
    """One epoch of one orchestrator. ``claim`` makes it; ``start`` recovers steps in doubt and resumes pending effects.

    Every method may raise what the journal raises: ``FencedOutError`` if a newer epoch exists, ``TemporaryError`` if
    the journal has not stored the decisions. After a ``TemporaryError`` the driver must drop this object and claim a
    new epoch.
    """

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        dispatcher: Dispatcher,
        *,
        watch: Watch,
        epoch: int,
        recovered: Recovered,
    ) -> None:
        self._settings, self._journal, self._dispatcher, self._watch = settings, journal, dispatcher, watch
        documents = dict(recovered.documents)
        lines = [decode(LedgerLine, body) for body in documents.pop(LEDGER, {}).values()]
        self._lines = {TopicPartition(line.topic, line.partition): line for line in lines}
        self._pending, self._inbox = recovered.effects, recovered.inbox
        self.epoch, self.positions = epoch, recovered.positions
        self.orchestrator = Orchestrator.load(settings, replace(recovered, documents=documents))
        self.timers = TimerQueue(self.orchestrator.state.timers)
        self._halt = journal.halt_state(settings.domain)

    @classmethod
    def claim(
        cls, settings: Settings, journal: Journal, dispatcher: Dispatcher, *, holder: str, watch: Watch | None = None
    ) -> Leadership:
        """Claim the next epoch, which fences out every older one, and recover the state from the journal."""
        epoch = journal.claim(ORCHESTRATOR, holder, settings.domain)
        recovered = journal.recover(settings.domain)
        return cls(settings, journal, dispatcher, watch=watch or Watch(), epoch=epoch, recovered=recovered)

    @property
    def ledger(self) -> tuple[LedgerLine, ...]:
        """One line per partition of the control topics: the records read and how they ended."""
        return tuple(self._lines.values())

    def start(self, at: int) -> None:
        """Decide the start of the new epoch, then begin again the pending effects that are still needed.

        An effect that the decision on the start requests itself is begun only once.
        """
        started = OrchestratorStarted(
            id=f"started/{self.epoch}",
            at=at,
            epoch=self.epoch,
            halt_generation=self._halt.generation,
            halted=self._halt.halted,
            domain=self._settings.domain,
        )
        decided = self.handle([Arrival((started,))])
        known = {*decided.effects_done, *(effect.key for effect in decided.effects)}
        again = [effect for effect in resume_effects(self._pending, self.epoch) if effect.key not in known]
        self._pending = ()
        self._dispatcher.begin(again, self.orchestrator)

    def poll(self, at: int) -> list[Arrival]:
        """Arrivals from the halt row and the inbox since the last call."""
        domain, arrivals = self._settings.domain, []
        halt = self._journal.halt_state(domain)
        if halt.generation != self._halt.generation:
            self._halt = halt
            event = HaltChanged(
                id=f"halt/{halt.generation}",
                at=at,
                generation=halt.generation,
                halted=halt.halted,
                who=halt.who,
                domain=domain,
            )
            arrivals.append(Arrival((event,)))
        for row in self._journal.read_inbox(self._inbox, domain=domain):
            self._inbox = row.number
            arrivals.append(self._from_inbox(row, at))
        return arrivals

    def due(self, at: int, limit: int) -> list[Arrival]:
        """At most ``limit`` timers due by ``at`` (ns), in their order; each is returned once."""
        rows = islice(iter(lambda: self.timers.pop(at), None), limit)
        return [Arrival((fired(row, at, self._settings.domain),)) for row in rows]

    def handle(self, group: Sequence[Arrival]) -> Transaction:
        """Decide a group, commit it in one transaction and begin its effects; an empty transaction is not written."""
        performed = self._dispatcher.performed()
        if not group and not performed:
            return Transaction(self._settings.domain, self.epoch, ())
        of_arrival = [[self.orchestrator.handle(event) for event in arrival.events] for arrival in group]
        self._watch.bury([arrival.buried for arrival in group if arrival.buried is not None])
        transaction = self._transaction(group, of_arrival, performed)
        self._watch.fail_point("orchestrator.decided")
        self._journal.commit([transaction])
        self.timers.set(transaction.timers_set)
        self._watch.fail_point("orchestrator.journalled")
        for arrival, decisions in zip(group, of_arrival, strict=True):
            for event, decision in zip(arrival.events, decisions, strict=True):
                self._watch.decided(event, decision)
        self._dispatcher.begin(transaction.effects, self.orchestrator)
        return transaction

    def _transaction(
        self, group: Sequence[Arrival], of_arrival: list[list[Decision]], performed: list[str]
    ) -> Transaction:
        positions = {arrival.position[0]: arrival.position[1] for arrival in group if arrival.position is not None}
        writer = Writer(self._settings.domain, self.epoch, positions, self._inbox)
        transaction = together([decision for made in of_arrival for decision in made], writer, performed)
        counts = self._count(group, of_arrival)
        return replace(transaction, documents=(*transaction.documents, *counts)) if counts else transaction

    def _count(self, group: Sequence[Arrival], decided: list[list[Decision]]) -> list[Put]:
        """The ledger of the control topics, in the same transaction as what it counts."""
        changed: dict[TopicPartition, LedgerLine] = {}
        for arrival, decisions in zip(group, decided, strict=True):
            if arrival.position is None:
                continue
            place, next_offset = arrival.position
            line = changed.get(place) or self._lines.get(place)
            if arrival.lost_from is not None:
                changed[place] = lost(line, place, arrival.lost_from, end=next_offset)
            else:
                ending = Ending.DEAD_LETTER if arrival.buried is not None else ending_of(decisions)
                changed[place] = counted(line, place, next_offset, ending=ending)
        self._lines |= changed
        return [Put(LEDGER, f"{place.topic}/{place.partition}", encode(line)) for place, line in changed.items()]

    def _from_inbox(self, row: InboxRow, at: int) -> Arrival:
        """The arrival of an inbox row; a row that cannot be read becomes no event."""
        try:
            event = event_of(row, at)
        except UnreadableRowError as error:
            self._watch.unreadable(row, str(error))
            event = None
        return Arrival(() if event is None else (event,))
