"""The orchestrator's journal over SQL: one database transaction per group of events, fenced by epoch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Engine, bindparam, select

from aiops.adapters.journal.commit_writer import upsert, write
from aiops.adapters.journal.engine import open_engine, serialise, translated
from aiops.adapters.journal.inbox import SqlInbox
from aiops.adapters.journal.statements import first
from aiops.adapters.journal.tables import ASSIGNMENT, DOCUMENT, ENTRY, EPOCH, OUTBOX, POSITION, TIMER
from aiops.control.record.audit_chain import GENESIS
from aiops.model.codec import EFFECT
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.errors import FencedOutError
from aiops.model.journal import Recovered, TimerRow, Transaction
from aiops.model.records import TopicPartition
from aiops.ports import ORCHESTRATOR

FLEET = "fleet"
"""Role whose epoch guards the assignment of slots."""
NO_OWNER = -1
"""Shard of a removed slot. Its row stays, and its generation is never used again."""
_SELECT_EPOCH = select(EPOCH.c.epoch).where(EPOCH.c.domain == bindparam("of"), EPOCH.c.role == bindparam("of_role"))
_LOCK_EPOCH = _SELECT_EPOCH.with_for_update()


class SqlJournal(SqlInbox):
    """Journal port over a database. One instance per process; safe for threads.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://USER@HOST/DATABASE``.
    """

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)
        super().__init__(self._engine)
        self._heads: dict[str, tuple[int, int, str]] = {}  # domain -> epoch, last number, last digest

    @property
    def engine(self) -> Engine:
        """The engine, for the other stores of this package."""
        return self._engine

    def claim(self, role: str, holder: str, domain: str = MAIN_DOMAIN) -> int:
        """Claim and return the next epoch. The holder of an older epoch gets ``FencedOutError`` at its next write."""
        with translated("claim an epoch"), self._engine.begin() as connection:
            serialise(connection)
            epoch = (_epoch(connection, domain, role) or 0) + 1
            values = {"domain": domain, "role": role, "epoch": epoch, "holder": holder, "inbox": 0}
            statement = upsert(connection.dialect.name, EPOCH, ("domain", "role"), changed=("epoch", "holder"))
            connection.execute(statement, [values])
            return epoch

    def recover(self, domain: str = MAIN_DOMAIN) -> Recovered:
        """The state after the last committed transaction, in one consistent read."""
        with translated("recover"), self._reading.connect() as connection:
            documents: dict[str, dict[str, str]] = defaultdict(dict)
            for row in connection.execute(select(DOCUMENT).where(DOCUMENT.c.domain == domain)):
                documents[row.kind][row.long or row.key] = row.body
            timers = connection.execute(select(TIMER).where(TIMER.c.domain == domain).order_by(TIMER.c.due, TIMER.c.id))
            effects = connection.execute(
                select(OUTBOX.c.body).where(OUTBOX.c.domain == domain).order_by(OUTBOX.c.number)
            )
            positions = connection.execute(select(POSITION).where(POSITION.c.domain == domain))
            inbox = select(EPOCH.c.inbox).where(EPOCH.c.domain == domain, EPOCH.c.role == ORCHESTRATOR)
            return Recovered(
                documents={kind: dict(rows) for kind, rows in documents.items()},
                timers=tuple(TimerRow(r.long or r.id, r.due, r.name, r.subject, r.context) for r in timers),
                effects=tuple(EFFECT.validate_json(body) for body in effects.scalars()),
                positions={TopicPartition(r.topic, r.partition): r.next for r in positions},
                inbox=connection.execute(inbox).scalar_one_or_none() or 0,
                sequence=_head(connection, domain)[0],
            )

    def commit(self, transactions: Sequence[Transaction]) -> int:
        """Write all transactions or none; returns the number of the last entry.

        The epoch is checked under a lock: a new claim waits for the commit.

        Raises:
            FencedOutError: a newer epoch was claimed, or the transactions differ in domain or epoch.
        """
        if not transactions:
            return 0
        domain, epoch = transactions[-1].domain, transactions[-1].epoch
        if any((t.domain, t.epoch) != (domain, epoch) for t in transactions):
            raise FencedOutError("all transactions of a commit must have the same domain and epoch")
        with translated("write the journal"):
            try:
                with self._engine.begin() as connection:
                    _check_epoch(connection, domain, epoch)
                    number, digest = self._known_head(connection, domain, epoch)
                    number, digest = write(connection, transactions, number, digest=digest)
            except BaseException:
                self._heads.pop(domain, None)
                raise
        self._heads[domain] = (epoch, number, digest)
        return number

    def assign(self, epoch: int, slots: Mapping[int, int], domain: str = MAIN_DOMAIN) -> dict[int, tuple[int, int]]:
        """Write which shard owns each slot, under the ``fleet`` role's epoch; as ``assignment`` returns it.

        A slot that moves gets a new generation, higher than any before; the others keep theirs.
        """
        with translated("assign slots"), self._engine.begin() as connection:
            _check_epoch(connection, domain, epoch, role=FLEET)
            before = _assignment(connection, domain)
            fresh = max((generation for _, generation in before.values()), default=0) + 1
            owners = dict.fromkeys(before, NO_OWNER) | dict(slots)
            after = {
                slot: before[slot] if slot in before and before[slot][0] == shard else (shard, fresh)
                for slot, shard in sorted(owners.items())
            }
            rows = [{"domain": domain, "slot": slot, "shard": s, "generation": g} for slot, (s, g) in after.items()]
            if rows:
                statement = upsert(
                    connection.dialect.name, ASSIGNMENT, ("domain", "slot"), changed=("shard", "generation")
                )
                connection.execute(statement, rows)
            return _owned(after)

    def assignment(self, domain: str = MAIN_DOMAIN) -> dict[int, tuple[int, int]]:
        """Slot to (shard, generation); empty before the first ``assign``."""
        with translated("read the assignment"), self._reading.connect() as connection:
            return _owned(_assignment(connection, domain))

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def _known_head(self, connection: Connection, domain: str, epoch: int) -> tuple[int, str]:
        known = self._heads.get(domain)
        return (known[1], known[2]) if known is not None and known[0] == epoch else _head(connection, domain)


def _assignment(connection: Connection, domain: str) -> dict[int, tuple[int, int]]:
    rows = connection.execute(select(ASSIGNMENT).where(ASSIGNMENT.c.domain == domain))
    return {row.slot: (row.shard, row.generation) for row in rows}


def _owned(assignment: Mapping[int, tuple[int, int]]) -> dict[int, tuple[int, int]]:
    return {slot: row for slot, row in assignment.items() if row[0] != NO_OWNER}


def _epoch(connection: Connection, domain: str, role: str) -> int | None:
    query = _LOCK_EPOCH if connection.dialect.name == "postgresql" else _SELECT_EPOCH
    found = first(connection, query, {"of": domain, "of_role": role})
    return None if found is None else found[0]


def _check_epoch(connection: Connection, domain: str, epoch: int, *, role: str = ORCHESTRATOR) -> None:
    newest = _epoch(connection, domain, role)
    if newest != epoch:
        raise FencedOutError(f"epoch {epoch} of {role} in domain {domain!r} is over: the newest is {newest}")


def _head(connection: Connection, domain: str) -> tuple[int, str]:
    query = (
        select(ENTRY.c.number, ENTRY.c.digest).where(ENTRY.c.domain == domain).order_by(ENTRY.c.number.desc()).limit(1)
    )
    row = connection.execute(query).first()
    return (0, GENESIS) if row is None else (row.number, row.digest)
