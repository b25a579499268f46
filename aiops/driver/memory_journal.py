"""A journal in memory for the simulator, replays over files and tests; the real one passes the same contract suite.

It keeps what a database would keep (text of documents, rows of the chain) and enforces the same rules: a newer epoch
fences out older ones, inbox keys are unique, a commit is atomic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from aiops.control.record.audit_chain import GENESIS, chained
from aiops.model.codec import EFFECT
from aiops.model.effects import Effect
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.errors import FencedOutError
from aiops.model.journal import (
    AttemptFacts,
    AttemptGuard,
    HaltState,
    InboxRow,
    JournalRow,
    Put,
    Recovered,
    TimerRow,
    Transaction,
)
from aiops.model.records import TopicPartition
from aiops.ports import ORCHESTRATOR


@dataclass(slots=True)
class _Domain:
    documents: dict[str, dict[str, str]] = field(default_factory=dict)
    archive: dict[str, dict[str, str]] = field(default_factory=dict)
    timers: dict[str, TimerRow] = field(default_factory=dict)
    effects: dict[str, Effect] = field(default_factory=dict)
    positions: dict[TopicPartition, int] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    inbox: dict[str, InboxRow] = field(default_factory=dict)
    read: int = 0
    halts: list[HaltState] = field(default_factory=list)
    rows: list[JournalRow] = field(default_factory=list)


class MemoryJournal:
    """``Journal`` and ``JournalReader`` without a disk."""

    def __init__(self) -> None:
        self._domains: dict[str, _Domain] = {}

    def _of(self, domain: str) -> _Domain:
        return self._domains.setdefault(domain, _Domain())

    # ------------------------------------------------------------------------------------------------- writing

    def claim(self, role: str, holder: str, domain: str = MAIN_DOMAIN) -> int:  # noqa: ARG002 (the port's shape)
        """Claim a new epoch for the role."""
        epochs = self._of(domain).epochs
        epochs[role] = epochs.get(role, 0) + 1
        return epochs[role]

    def epoch(self, role: str, domain: str = MAIN_DOMAIN) -> int:
        """The newest epoch of the role."""
        return self._of(domain).epochs.get(role, 0)

    def commit(self, transactions: Sequence[Transaction]) -> int:
        """Write all transactions or none; raises ``FencedOutError`` if a newer epoch exists."""
        for transaction in transactions:
            newest = self.epoch(ORCHESTRATOR, transaction.domain)
            if transaction.epoch != newest:
                raise FencedOutError(f"epoch {transaction.epoch} of {transaction.domain} is over; it is {newest} now")
        for transaction in transactions:
            self._write(transaction)
        return len(self._of(transactions[-1].domain).rows) if transactions else 0

    def _write(self, transaction: Transaction) -> None:
        held = self._of(transaction.domain)
        for write in transaction.documents:
            kind = held.documents.setdefault(write.kind, {})
            if isinstance(write, Put):
                kind[write.key] = write.body
            else:
                body = kind.pop(write.key, None)
                if body is not None and write.archive:
                    held.archive.setdefault(write.kind, {})[write.key] = body
        for name in transaction.timers_gone:
            held.timers.pop(name, None)
        held.timers.update((row.id, row) for row in transaction.timers_set)
        for key in transaction.effects_done:
            held.effects.pop(key, None)
        held.effects.update((effect.key, effect) for effect in transaction.effects)
        held.positions.update(transaction.positions)
        if transaction.inbox is not None:
            held.read = max(held.read, transaction.inbox)
        previous = held.rows[-1].digest if held.rows else GENESIS
        held.rows += chained(transaction.entries, transaction.domain, after=len(held.rows), previous=previous)

    def recover(self, domain: str = MAIN_DOMAIN) -> Recovered:
        """Everything that was committed, read back through the codec."""
        held = self._of(domain)
        return Recovered(
            documents={kind: dict(bodies) for kind, bodies in held.documents.items()},
            timers=tuple(held.timers.values()),
            effects=tuple(
                EFFECT.validate_json(EFFECT.dump_json(effect, by_alias=True)) for effect in held.effects.values()
            ),
            positions=dict(held.positions),
            inbox=held.read,
            sequence=len(held.rows),
        )

    def close(self) -> None:
        """Do nothing: the journal holds no resource."""

    # --------------------------------------------------------------------------------------------- inbox, halt

    def append(self, row: InboxRow) -> bool:
        """Add a row; False: the inbox has its key already."""
        inbox = self._of(row.domain).inbox
        if row.key in inbox:
            return False
        inbox[row.key] = replace(row, number=len(inbox) + 1)
        return True

    def attempt(self, row: InboxRow, guard: AttemptGuard) -> AttemptFacts:
        """Add the row if epoch and halt are those of ``guard``."""
        facts = AttemptFacts(self.epoch(ORCHESTRATOR, row.domain), self.halt_state(row.domain), recorded=False)
        return replace(facts, recorded=facts.permit(guard) and self.append(row))

    def has(self, key: str, domain: str = MAIN_DOMAIN) -> bool:
        """Whether the inbox has the key."""
        return key in self._of(domain).inbox

    def read_inbox(self, after: int, limit: int = 256, domain: str = MAIN_DOMAIN) -> list[InboxRow]:
        """At most ``limit`` rows with a higher number than ``after``; numbers have no gaps here."""
        return list(islice(self._of(domain).inbox.values(), after, after + limit))

    def halt_state(self, domain: str = MAIN_DOMAIN) -> HaltState:
        """The newest halt row."""
        halts = self._of(domain).halts
        return halts[-1] if halts else HaltState(generation=0, halted=False)

    def set_halt(self, state: HaltState, domain: str = MAIN_DOMAIN) -> HaltState:
        """Write the halt row with the next generation and return it."""
        after = replace(state, generation=self.halt_state(domain).generation + 1)
        self._of(domain).halts.append(after)
        return after

    # ------------------------------------------------------------------------------------------------- reading

    def documents(self, kind: str, domain: str = MAIN_DOMAIN) -> dict[str, str]:
        """Open documents of a kind."""
        return dict(self._of(domain).documents.get(kind, {}))

    def document(self, kind: str, key: str, domain: str = MAIN_DOMAIN) -> str | None:
        """One document, open or archived."""
        held = self._of(domain)
        return held.documents.get(kind, {}).get(key) or held.archive.get(kind, {}).get(key)

    def archived(self, kind: str, limit: int = 100, domain: str = MAIN_DOMAIN) -> dict[str, str]:
        """The newest archived documents of a kind, newest first."""
        held = self._of(domain).archive.get(kind, {})
        newest = islice(reversed(held), limit)
        return {key: held[key] for key in newest}

    def rows(
        self, after: int = 0, limit: int = 1000, subject: str | None = None, *, domain: str = MAIN_DOMAIN
    ) -> list[JournalRow]:
        """Rows with a higher number, in order."""
        rows = self._of(domain).rows
        found = (row for row in islice(rows, after, None) if subject is None or row.entry.subject == subject)
        return list(islice(found, limit))

    def effects(self, domain: str = MAIN_DOMAIN) -> tuple[Effect, ...]:
        """Pending effects of the outbox."""
        return tuple(self._of(domain).effects.values())
