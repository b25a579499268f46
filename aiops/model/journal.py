"""Contents of the journal: entries with their consequences, documents, timers, inbox rows and the halt state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiops.model.effects import Effect
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.prose import NOTHING, Prose
from aiops.model.records import TopicPartition


@dataclass(frozen=True, slots=True)
class Put:
    """Writes the new version of a document of the orchestrator's state. ``kind`` and ``key`` identify the document."""

    kind: str
    key: str
    body: str
    """JSON."""


@dataclass(frozen=True, slots=True)
class Remove:
    """Deletes a document; with ``archive`` it moves to the archive."""

    kind: str
    key: str
    archive: bool = False


@dataclass(frozen=True, slots=True)
class TimerRow:
    """A timer. At ``due`` (ns) it becomes one ``TimerFired``; its row is deleted in the same transaction."""

    id: str
    due: int
    name: str
    subject: str
    context: int = 0


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One event with its consequences: the unit of the journal and a link of the audit chain."""

    event_id: str
    at: int
    kind: str
    subject: str
    """Incident or other work item; empty: none."""
    cause: str
    event: str
    """The event, JSON."""
    consequences: str
    """State changes, timers and effects in order, a JSON list."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """Changes that are committed together: entries, documents, timers, effects, input positions."""

    domain: str
    epoch: int
    entries: tuple[JournalEntry, ...]
    documents: tuple[Put | Remove, ...] = ()
    timers_set: tuple[TimerRow, ...] = ()
    timers_gone: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    """Effects that become pending in the outbox."""
    effects_done: tuple[str, ...] = ()
    """Keys that leave the outbox."""
    positions: Mapping[TopicPartition, int] = field(default_factory=dict)
    """Next offsets of the control topics."""
    inbox: int | None = None
    """Number of the last inbox row that this transaction consumed."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """State of one domain as the last committed transaction left it."""

    documents: Mapping[str, Mapping[str, str]]
    """Kind to key to JSON."""
    timers: tuple[TimerRow, ...]
    effects: tuple[Effect, ...]
    """Pending effects, oldest first."""
    positions: Mapping[TopicPartition, int]
    inbox: int
    sequence: int
    """Number of the last entry."""


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A command, approval, attempt or outcome, appended by another process than the orchestrator."""

    key: str
    """Unique within the domain: a second row with the same key is refused."""
    at: int
    kind: str
    """``command``, ``attempt``, ``outcome`` …"""
    body: str
    """JSON of the event that the row becomes, or of the attempt."""
    who: str
    number: int = 0
    """Assigned by the journal, increasing."""
    domain: str = MAIN_DOMAIN


@dataclass(frozen=True, slots=True)
class HaltState:
    """The halt generation. Each executor reads it from the database immediately before each effect."""

    generation: int
    halted: bool
    who: str = ""
    at: int = 0
    reason: Prose = NOTHING


@dataclass(frozen=True, slots=True)
class AttemptGuard:
    """The epoch and the halt generation under which a capability was made; an attempt needs both as they were."""

    epoch: int
    halt_generation: int


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """The facts of the transaction that recorded an attempt, or that did not."""

    epoch: int
    halt: HaltState
    recorded: bool
    """The attempt is durable; False: the facts forbid it, or it was recorded before."""

    def permit(self, guard: AttemptGuard) -> bool:
        """Whether the facts are those of the guard and nothing is halted."""
        return (self.epoch, self.halt.generation, self.halt.halted) == (guard.epoch, guard.halt_generation, False)


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One entry with its number and its place in the hash chain, for readers of the audit log."""

    number: int
    domain: str
    entry: JournalEntry
    previous: str
    """Hex SHA-256 of the previous entry."""
    digest: str
    """Hex SHA-256 over ``previous`` and this entry's canonical JSON."""
