"""What the journal holds: entries with their consequences, documents, timers, inbox rows and the halt state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiops.model.effects import Effect
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.prose import NOTHING, Prose
from aiops.model.records import TopicPartition


@dataclass(frozen=True, slots=True)
class Put:
    """A document of the orchestrator's state as it is from now on. ``kind`` and ``key`` identify it."""

    kind: str
    key: str
    body: str
    """JSON."""


@dataclass(frozen=True, slots=True)
class Remove:
    """A document is no more; with ``archive`` it moves to the archive."""

    kind: str
    key: str
    archive: bool = False


@dataclass(frozen=True, slots=True)
class TimerRow:
    """A timer; at ``due`` it becomes one ``TimerFired`` and its row goes in the same transaction."""

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
    """Incident or other work item, empty when none."""
    cause: str
    event: str
    """The event, JSON."""
    consequences: str
    """What was decided, JSON list: state changes, timers and effects in order."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """Everything that becomes true together: entries, documents, timers, effects, input positions."""

    domain: str
    epoch: int
    entries: tuple[JournalEntry, ...]
    documents: tuple[Put | Remove, ...] = ()
    timers_set: tuple[TimerRow, ...] = ()
    timers_gone: tuple[str, ...] = ()
    effects: tuple[Effect, ...] = ()
    """Become pending in the outbox."""
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
    """Pending ones, oldest first."""
    positions: Mapping[TopicPartition, int]
    inbox: int
    sequence: int
    """Number of the last entry."""


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A command, approval, attempt or outcome, appended by others than the orchestrator."""

    key: str
    """Unique within the domain: a second row with it is refused."""
    at: int
    kind: str
    """``command``, ``attempt``, ``outcome`` …"""
    body: str
    """JSON of the event it becomes, or of the attempt."""
    who: str
    number: int = 0
    """Given by the journal, rising."""
    domain: str = MAIN_DOMAIN


@dataclass(frozen=True, slots=True)
class HaltState:
    """The halt generation; executors read it for themselves, immediately before each effect."""

    generation: int
    halted: bool
    who: str = ""
    at: int = 0
    reason: Prose = NOTHING


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One entry as an outsider reads it, with its place in the hash chain."""

    number: int
    domain: str
    entry: JournalEntry
    previous: str
    """Hex SHA-256 of the entry before."""
    digest: str
    """Hex SHA-256 over ``previous`` and this entry's canonical JSON."""
