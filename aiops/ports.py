"""Ports: what the core needs of the outside, as protocols. The adapters and the simulator implement them.

Every method may raise ``TemporaryError`` (try again after its delay) or ``PermanentError`` (a person must act) and
nothing else; adapters translate their library's errors once. Nothing here reads a clock: times come in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from typing import Final, Protocol

from aiops.model.entities import MAIN_DOMAIN
from aiops.model.journal import AttemptFacts, AttemptGuard, HaltState, InboxRow, JournalRow, Recovered, Transaction
from aiops.model.pages import Delivery, Page
from aiops.model.plans import Observed, Reservation, ReservationAnswer, StepOrder, StepOutcome
from aiops.model.records import FetchedRecords, OutRecord, SlotSnapshot, TopicPartition
from aiops.model.telemetry import FleetAnswer, FleetQuestion

# ---------------------------------------------------------------------------------------------------------- time


class Clock(Protocol):
    """The time, for adapters and the driver only; the core gets ``at``."""

    def now(self) -> int:
        """Nanoseconds since 1970 UTC."""
        ...


# ------------------------------------------------------------------------------------------------- data plane in


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


class Inbox(Protocol):
    """The two tables that others than the orchestrator write: the inbox and the halt row."""

    def append(self, row: InboxRow) -> bool:
        """Make it durable; False: a row with this key was there already, nothing was written."""
        ...

    def attempt(self, row: InboxRow, guard: AttemptGuard) -> AttemptFacts:
        """Append the row if its domain's epoch and halt are those of ``guard``; facts and row in one transaction."""
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
