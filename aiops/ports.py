"""Ports: what the core needs of the outside, as protocols. The shell and the simulator implement them.

Every method may raise ``TemporaryError`` (try again after its delay) or ``PermanentError`` (a person must act) and
nothing else; adapters translate their library's errors once. Nothing here reads a clock: times come in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from aiops.model.effects import Effect
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.pages import Delivery, Page
from aiops.model.plans import Observed, Reservation, ReservationAnswer, StepOrder, StepOutcome
from aiops.model.prose import NOTHING, Prose
from aiops.model.telemetry import FleetAnswer, FleetQuestion

# ---------------------------------------------------------------------------------------------------------- time


class Clock(Protocol):
    """Now, for the shell only; the core gets ``at``."""

    def now(self) -> int:
        """Nanoseconds since 1970 UTC."""
        ...


# ------------------------------------------------------------------------------------------------- data plane in


@dataclass(frozen=True, slots=True, order=True)
class TopicPartition:
    """One partition of one topic."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class FetchedRecords:
    """Records of one partition in offset order, as parallel sequences: no object a record on the hot path."""

    source: TopicPartition
    offsets: Sequence[int]
    values: Sequence[bytes]
    """A null value (tombstone) is ``b""``."""
    keys: Sequence[bytes | None]
    appended_at: Sequence[int]
    """Time of the broker's append, ns."""
    headers: Sequence[Sequence[tuple[str, bytes]]] = ()
    """Empty: none of the records has any."""


class TelemetryConsumer(Protocol):
    """The small consumer of the data plane: assign, seek, poll, lag. One thread owns it."""

    def assign(self, positions: Mapping[TopicPartition, int | None]) -> None:
        """Read exactly these partitions from these offsets; None: from the beginning."""
        ...

    def poll(self, timeout_seconds: float, max_bytes: int) -> list[FetchedRecords]:
        """What has arrived, at most about ``max_bytes``; empty after the timeout."""
        ...

    def positions(self) -> dict[TopicPartition, int]:
        """Next offset of each assigned partition."""
        ...

    def bounds(self) -> dict[TopicPartition, tuple[int, int]]:
        """First retained and end offset of each assigned partition, as the broker knows them."""
        ...

    def lost(self) -> list[tuple[TopicPartition, int, int]]:
        """Offset ranges [from, to) that retention removed before they were read, since the last call."""
        ...

    def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        """Tell the broker how far we are, for display only."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


@dataclass(frozen=True, slots=True)
class OutRecord:
    """One record to write. ``partition`` None: by the key."""

    topic: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int | None = None


class Producer(Protocol):
    """Writes records; ``flush`` returns when all were acknowledged by the broker, or raises."""

    def send(self, records: Iterable[OutRecord]) -> None:
        """Queue records; blocks when the buffer is full."""
        ...

    def flush(self, timeout_seconds: float = 30.0) -> None:
        """Wait until everything sent is acknowledged; ``TemporaryError`` when it is not in time."""
        ...

    def close(self) -> None:
        """Flush and let go."""
        ...


Arrays = dict[str, npt.NDArray[np.generic]]
"""A snapshot part: named arrays; bytes and text are stored as uint8 arrays."""


@dataclass(frozen=True, slots=True)
class SlotSnapshot:
    """State of one slot at one point of its inputs. ``parts`` may be only what changed since ``base``."""

    slot: int
    generation: int
    sequence: int
    """Rises by one with each snapshot of a slot."""
    positions: Mapping[TopicPartition, int]
    parts: Mapping[str, Arrays]
    base: int | None = None
    """Sequence of the full snapshot that this one adds to; None: this one is full."""
    domain: str = MAIN_DOMAIN


class SnapshotStore(Protocol):
    """Keeps slot snapshots; a snapshot is visible whole or not at all."""

    def write(self, snapshot: SlotSnapshot) -> None:
        """Make it durable, then visible atomically; a generation older than the newest raises ``FencedOutError``."""
        ...

    def newest(self, slot: int, domain: str = MAIN_DOMAIN) -> list[SlotSnapshot]:
        """The newest full snapshot and its increments in order; empty: none. Damaged ones fall back to older ones."""
        ...


class Fleet(Protocol):
    """The shards, as something to ask."""

    def ask(self, question: FleetQuestion) -> FleetAnswer:
        """Readings of the entities that the shards know; silent shards are missing from it."""
        ...


# -------------------------------------------------------------------------------------------------------- journal


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


class Inbox(Protocol):
    """The two tables that others than the orchestrator write: the inbox and the halt row."""

    def append(self, row: InboxRow) -> bool:
        """Make it durable; False: a row with this key was there already, nothing was written."""
        ...

    def has(self, key: str, domain: str = MAIN_DOMAIN) -> bool:
        """Whether a row with this key exists."""
        ...

    def halt_state(self, domain: str = MAIN_DOMAIN) -> HaltState:
        """The current halt generation; generation 0 when nobody ever halted."""
        ...

    def set_halt(self, state: HaltState, domain: str = MAIN_DOMAIN) -> HaltState:
        """Write the next generation (the one given is ignored) and return it."""
        ...

    def epoch(self, role: str, domain: str = MAIN_DOMAIN) -> int:
        """The newest epoch anybody claimed; 0: nobody did."""
        ...


ORCHESTRATOR: Final = "orchestrator"
"""The role whose epoch a commit and the gate are checked against."""


class Journal(Inbox, Protocol):
    """The orchestrator's memory. One transaction is one fsync; a stale epoch raises ``FencedOutError``."""

    def claim(self, role: str, holder: str, domain: str = MAIN_DOMAIN) -> int:
        """A new epoch, higher than any before; every older one is fenced out from now on."""
        ...

    def recover(self, domain: str = MAIN_DOMAIN) -> Recovered:
        """State to go on from."""
        ...

    def commit(self, transactions: Sequence[Transaction]) -> int:
        """Write all of them in one database transaction, checking the epoch; returns the last entry's number."""
        ...

    def read_inbox(self, after: int, limit: int = 256, domain: str = MAIN_DOMAIN) -> list[InboxRow]:
        """Rows with a higher number, in order."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


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


class JournalReader(Protocol):
    """Reading side for commands and pages; needs no epoch and no orchestrator."""

    def documents(self, kind: str, domain: str = MAIN_DOMAIN) -> dict[str, str]:
        """Open documents of a kind, key to JSON."""
        ...

    def document(self, kind: str, key: str, domain: str = MAIN_DOMAIN) -> str | None:
        """One document, open or archived."""
        ...

    def archived(self, kind: str, limit: int = 100, domain: str = MAIN_DOMAIN) -> dict[str, str]:
        """The newest archived documents of a kind."""
        ...

    def rows(
        self, after: int = 0, limit: int = 1000, subject: str | None = None, *, domain: str = MAIN_DOMAIN
    ) -> list[JournalRow]:
        """Entries with a higher number, in order; of one work item when ``subject`` is given."""
        ...


# --------------------------------------------------------------------------------------------------------- acting


class BudgetStore(Protocol):
    """Blast-radius accounts and target locks, one store for the whole estate. Unreachable means no action."""

    def reserve(self, reservation: Reservation, limits: Mapping[str, float]) -> ReservationAnswer:
        """All or nothing; the same key gets the same answer. ``limits``: share of each account that may be spent."""
        ...

    def release(self, key: str) -> None:
        """Free it; repeats do nothing. Never called by time alone."""
        ...

    def spent(self, domain: str | None = None) -> dict[str, float]:
        """Share in use of each account."""
        ...


class Executor(Protocol):
    """Carries out orders on targets of one kind. Runs outside the orchestrator's process.

    Whoever calls ``run`` has already checked epoch, halt, capability and deadline (``aiops.driver.gate``).
    """

    def run(self, order: StepOrder) -> StepOutcome | Future[StepOutcome]:
        """Do it, handing epoch and key to the target; ends before the order's deadline.

        A future: the effect has begun and ends later, as in a simulated world or with a target that only accepts work.
        """
        ...

    def observe(self, order: StepOrder) -> Observed:
        """Look at the target: did the effect with this key happen?"""
        ...


class Steps(Protocol):
    """The gate in front of the executors (``aiops.driver.gate``), wherever it runs."""

    def run(self, order: StepOrder) -> Future[StepOutcome]:
        """Carry it out, at most once a capability."""
        ...

    def observe(self, order: StepOrder) -> Future[tuple[Observed, str]]:
        """Look whether it happened, and say what tells so."""
        ...


class Pager(Protocol):
    """Tells people; durable before it returns, delivered in its own time."""

    def page(self, page: Page, report: Callable[[Delivery], None]) -> None:
        """Take the page; ``report`` is called when a channel took it or the level gave up."""
        ...


class Notifier(Protocol):
    """One way to reach people."""

    @property
    def name(self) -> str:
        """Name of the channel, for reports."""
        ...

    def send(self, page: Page) -> Delivery:
        """Deliver, or report why not; ``TemporaryError`` when it may work later."""
        ...
