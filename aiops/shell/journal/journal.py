"""The orchestrator's journal over SQL: one database transaction a group of events, fenced by epoch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, Table, bindparam, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from aiops.control.audit import GENESIS, chain
from aiops.model.codec import EFFECT
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.errors import FencedOutError
from aiops.ports import Put, Recovered, Remove, TimerRow, TopicPartition, Transaction
from aiops.shell.journal.engine import open_engine, serialise, translated
from aiops.shell.journal.inbox import SqlInbox
from aiops.shell.journal.tables import ARCHIVE, ASSIGNMENT, DOCUMENT, ENTRY, EPOCH, OUTBOX, POSITION, TIMER

ORCHESTRATOR = "orchestrator"
"""Role whose epoch guards transactions."""
FLEET = "fleet"
"""Role whose epoch guards the assignment of slots."""


class SqlJournal(SqlInbox):
    """Journal port over a database. One instance a process; its connection pool is safe for threads.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://USER@HOST/DATABASE``.
    """

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)
        super().__init__(self._engine)
        self._heads: dict[str, tuple[int, int, str]] = {}  # domain -> epoch, last number, last digest

    @property
    def engine(self) -> Engine:
        """For the other stores of this folder."""
        return self._engine

    def claim(self, role: str, holder: str, domain: str = MAIN_DOMAIN) -> int:
        """The next epoch; whoever held an older one is fenced out at its next write."""
        with translated("claim an epoch"), self._engine.begin() as connection:
            serialise(connection)
            epoch = (_epoch(connection, domain, role) or 0) + 1
            values = {"domain": domain, "role": role, "epoch": epoch, "holder": holder, "inbox": 0}
            statement = _upsert(connection, EPOCH, ("domain", "role"), ("epoch", "holder"))
            connection.execute(statement, [values])
            return epoch

    def recover(self, domain: str = MAIN_DOMAIN) -> Recovered:
        """Everything that was true after the last committed transaction, in one consistent read."""
        with translated("recover"), self._reading.connect() as connection:
            documents: dict[str, dict[str, str]] = defaultdict(dict)
            for row in connection.execute(select(DOCUMENT).where(DOCUMENT.c.domain == domain)):
                documents[row.kind][row.key] = row.body
            timers = connection.execute(select(TIMER).where(TIMER.c.domain == domain).order_by(TIMER.c.due, TIMER.c.id))
            effects = connection.execute(
                select(OUTBOX.c.body).where(OUTBOX.c.domain == domain).order_by(OUTBOX.c.number, OUTBOX.c.place)
            )
            positions = connection.execute(select(POSITION).where(POSITION.c.domain == domain))
            inbox = select(EPOCH.c.inbox).where(EPOCH.c.domain == domain, EPOCH.c.role == ORCHESTRATOR)
            return Recovered(
                documents={kind: dict(rows) for kind, rows in documents.items()},
                timers=tuple(TimerRow(r.id, r.due, r.name, r.subject, r.context) for r in timers),
                effects=tuple(EFFECT.validate_json(body) for body in effects.scalars()),
                positions={TopicPartition(r.topic, r.partition): r.next for r in positions},
                inbox=connection.execute(inbox).scalar_one_or_none() or 0,
                sequence=_head(connection, domain)[0],
            )

    def commit(self, transactions: Sequence[Transaction]) -> int:
        """All of them or none; the epoch is checked under a lock that a new claim would wait for."""
        if not transactions:
            return 0
        domain, epoch = transactions[-1].domain, transactions[-1].epoch
        if any((t.domain, t.epoch) != (domain, epoch) for t in transactions):
            raise FencedOutError("one commit is of one domain and one epoch")
        with translated("write the journal"):
            try:
                with self._engine.begin() as connection:
                    _check_epoch(connection, domain, epoch)
                    number, digest = self._known_head(connection, domain, epoch)
                    number, digest = _write(connection, transactions, number, digest)
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
            after = {
                slot: before[slot] if slot in before and before[slot][0] == shard else (shard, fresh)
                for slot, shard in sorted(slots.items())
            }
            connection.execute(delete(ASSIGNMENT).where(ASSIGNMENT.c.domain == domain))
            rows = [{"domain": domain, "slot": slot, "shard": s, "generation": g} for slot, (s, g) in after.items()]
            if rows:
                connection.execute(insert(ASSIGNMENT), rows)
            return after

    def assignment(self, domain: str = MAIN_DOMAIN) -> dict[int, tuple[int, int]]:
        """Slot to (shard, generation); empty before the first ``assign``."""
        with translated("read the assignment"), self._reading.connect() as connection:
            return _assignment(connection, domain)

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def _known_head(self, connection: Connection, domain: str, epoch: int) -> tuple[int, str]:
        known = self._heads.get(domain)
        return (known[1], known[2]) if known is not None and known[0] == epoch else _head(connection, domain)


def _assignment(connection: Connection, domain: str) -> dict[int, tuple[int, int]]:
    rows = connection.execute(select(ASSIGNMENT).where(ASSIGNMENT.c.domain == domain))
    return {row.slot: (row.shard, row.generation) for row in rows}


def _epoch(connection: Connection, domain: str, role: str) -> int | None:
    query = select(EPOCH.c.epoch).where(EPOCH.c.domain == domain, EPOCH.c.role == role)
    if connection.dialect.name == "postgresql":
        query = query.with_for_update()
    return connection.execute(query).scalar_one_or_none()


def _check_epoch(connection: Connection, domain: str, epoch: int, role: str = ORCHESTRATOR) -> None:
    newest = _epoch(connection, domain, role)
    if newest != epoch:
        raise FencedOutError(f"epoch {epoch} of {role} in domain {domain!r} is over: the newest is {newest}")


def _head(connection: Connection, domain: str) -> tuple[int, str]:
    query = (
        select(ENTRY.c.number, ENTRY.c.digest).where(ENTRY.c.domain == domain).order_by(ENTRY.c.number.desc()).limit(1)
    )
    row = connection.execute(query).first()
    return (0, GENESIS) if row is None else (row.number, row.digest)


def _upsert(connection: Connection, table: Table, keys: tuple[str, ...], changed: tuple[str, ...]) -> Insert:
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    upsert: Insert = statement.on_conflict_do_update(
        index_elements=list(keys), set_={name: statement.excluded[name] for name in changed}
    )
    return upsert


def _write(connection: Connection, transactions: Sequence[Transaction], number: int, digest: str) -> tuple[int, str]:
    domain = transactions[-1].domain
    entries: list[dict[str, Any]] = []
    for transaction in transactions:
        for entry in transaction.entries:
            previous, digest, number = digest, chain(digest, entry), number + 1
            entries.append(
                {
                    "domain": domain,
                    "number": number,
                    "event_id": entry.event_id,
                    "at": entry.at,
                    "kind": entry.kind,
                    "subject": entry.subject,
                    "cause": entry.cause,
                    "event": entry.event,
                    "consequences": entry.consequences,
                    "previous": previous,
                    "digest": digest,
                }
            )
    if entries:
        connection.execute(insert(ENTRY), entries)
    _write_documents(connection, domain, [d for t in transactions for d in t.documents], number)
    _write_timers(connection, domain, transactions)
    _write_outbox(connection, domain, transactions, number)
    _write_positions(connection, domain, transactions)
    return number, digest


def _write_documents(connection: Connection, domain: str, changes: Iterable[Put | Remove], number: int) -> None:
    last: dict[tuple[str, str], Put | Remove] = {}
    bodies: dict[tuple[str, str], str] = {}
    for change in changes:
        last[change.kind, change.key] = change
        if isinstance(change, Put):
            bodies[change.kind, change.key] = change.body
    puts = [
        {"domain": domain, "kind": c.kind, "key": c.key, "body": c.body} for c in last.values() if isinstance(c, Put)
    ]
    if puts:
        connection.execute(_upsert(connection, DOCUMENT, ("domain", "kind", "key"), ("body",)), puts)
    for change in last.values():
        if not isinstance(change, Remove):
            continue
        place = (DOCUMENT.c.domain == domain, DOCUMENT.c.kind == change.kind, DOCUMENT.c.key == change.key)
        if change.archive:
            body = bodies.get((change.kind, change.key))
            if body is None:
                body = connection.execute(select(DOCUMENT.c.body).where(*place)).scalar_one_or_none()
            if body is not None:
                row = {"domain": domain, "kind": change.kind, "key": change.key, "body": body, "number": number}
                statement = _upsert(connection, ARCHIVE, ("domain", "kind", "key"), ("body", "number"))
                connection.execute(statement, [row])
        connection.execute(delete(DOCUMENT).where(*place))


def _write_timers(connection: Connection, domain: str, transactions: Sequence[Transaction]) -> None:
    state: dict[str, TimerRow | None] = {}
    for transaction in transactions:
        state |= dict.fromkeys(transaction.timers_gone)
        state |= {timer.id: timer for timer in transaction.timers_set}
    gone = [{"gone": id_} for id_, timer in state.items() if timer is None]
    if gone:
        connection.execute(delete(TIMER).where(TIMER.c.domain == domain, TIMER.c.id == bindparam("gone")), gone)
    rows = [
        {"domain": domain, "id": t.id, "due": t.due, "name": t.name, "subject": t.subject, "context": t.context}
        for t in state.values()
        if t is not None
    ]
    if rows:
        statement = _upsert(connection, TIMER, ("domain", "id"), ("due", "name", "subject", "context"))
        connection.execute(statement, rows)


def _write_outbox(connection: Connection, domain: str, transactions: Sequence[Transaction], number: int) -> None:
    pending: dict[str, dict[str, Any]] = {}
    done: dict[str, None] = {}
    for transaction in transactions:
        for key in transaction.effects_done:
            pending.pop(key, None)
            done[key] = None
        for effect in transaction.effects:
            done.pop(effect.key, None)
            body = EFFECT.dump_json(effect).decode()
            pending[effect.key] = {"domain": domain, "key": effect.key, "number": number, "body": body}
    if done:
        rows = [{"gone": key} for key in done]
        connection.execute(delete(OUTBOX).where(OUTBOX.c.domain == domain, OUTBOX.c.key == bindparam("gone")), rows)
    if pending:
        rows = [{**row, "place": place} for place, row in enumerate(pending.values())]
        connection.execute(_upsert(connection, OUTBOX, ("domain", "key"), ("number", "place", "body")), rows)


def _write_positions(connection: Connection, domain: str, transactions: Sequence[Transaction]) -> None:
    positions: dict[TopicPartition, int] = {}
    inbox: int | None = None
    for transaction in transactions:
        positions.update(transaction.positions)
        inbox = transaction.inbox if transaction.inbox is not None else inbox
    if positions:
        rows = [
            {"domain": domain, "topic": place.topic, "partition": place.partition, "next": next_}
            for place, next_ in positions.items()
        ]
        connection.execute(_upsert(connection, POSITION, ("domain", "topic", "partition"), ("next",)), rows)
    if inbox is not None:
        mine = (EPOCH.c.domain == domain, EPOCH.c.role == ORCHESTRATOR)
        connection.execute(update(EPOCH).where(*mine).values(inbox=inbox))
