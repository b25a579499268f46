"""What a commit writes: entries with their chain, then documents, timers, the outbox and input positions.

Each function folds a whole group first, so that a thing that changed many times is written once, as it ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Delete, Select, Table, bindparam, case, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from aiops.control.audit import link
from aiops.model.codec import EFFECT
from aiops.ports import Put, Remove, TimerRow, TopicPartition, Transaction
from aiops.shell.journal.tables import ARCHIVE, DOCUMENT, ENTRY, EPOCH, OUTBOX, POSITION, TIMER, long, short

ORCHESTRATOR = "orchestrator"
"""Role whose epoch guards transactions."""

_DocumentKey = tuple[str, str]
_INSERT_ENTRY = insert(ENTRY)


def write(connection: Connection, transactions: Sequence[Transaction], number: int, digest: str) -> tuple[int, str]:
    """All of a group, of one domain; from the last entry's number and digest to the new ones."""
    domain = transactions[-1].domain
    number, digest = _write_entries(connection, transactions, number, digest)
    _write_documents(connection, domain, [d for t in transactions for d in t.documents])
    _write_timers(connection, domain, transactions)
    _write_outbox(connection, domain, transactions)
    _write_positions(connection, domain, transactions)
    return number, digest


def upsert(connection: Connection, table: Table, keys: tuple[str, ...], changed: tuple[str, ...]) -> Insert:
    """INSERT … ON CONFLICT DO UPDATE in the connection's dialect."""
    return _upsert(connection.dialect.name, table, keys, changed)


@cache
def _upsert(dialect_name: str, table: Table, keys: tuple[str, ...], changed: tuple[str, ...]) -> Insert:
    # Statements are built once: building and hashing them took most of the processor time of a commit.
    dialect: Any = postgresql if dialect_name == "postgresql" else sqlite
    statement = dialect.insert(table)
    found: Insert = statement.on_conflict_do_update(
        index_elements=list(keys), set_={name: statement.excluded[name] for name in changed}
    )
    return found


def _write_entries(
    connection: Connection, transactions: Sequence[Transaction], number: int, digest: str
) -> tuple[int, str]:
    rows: list[dict[str, Any]] = []
    for transaction in transactions:
        for entry in transaction.entries:
            number += 1
            previous, digest = digest, link(digest, entry, number, transaction.domain)
            rows.append(
                {
                    "domain": transaction.domain,
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
    if rows:
        connection.execute(_INSERT_ENTRY, rows)
    return number, digest


def _write_documents(connection: Connection, domain: str, changes: Iterable[Put | Remove]) -> None:
    open_: dict[_DocumentKey, str | None] = {}
    archived: dict[_DocumentKey, str] = {}
    for change in changes:
        name = change.kind, change.key
        if isinstance(change, Put):
            open_[name] = change.body
            continue
        body = open_[name] if name in open_ else _stored(connection, domain, name)
        if change.archive and body is not None:
            archived.pop(name, None)
            archived[name] = body
        open_[name] = None
    gone = [{"gone_kind": kind, "gone_key": short(key)} for (kind, key), body in open_.items() if body is None]
    if gone:
        connection.execute(_delete_documents(DOCUMENT, domain), gone)
    puts = [_document(domain, name, body) for name, body in open_.items() if body is not None]
    if puts:
        connection.execute(upsert(connection, DOCUMENT, ("domain", "kind", "key"), ("body",)), puts)
    if archived:
        again = [{"gone_kind": kind, "gone_key": short(key)} for kind, key in archived]
        connection.execute(_delete_documents(ARCHIVE, domain), again)
        connection.execute(insert(ARCHIVE), [_document(domain, name, body) for name, body in archived.items()])


@cache
def _delete_documents(table: Table, domain: str) -> Delete:
    return delete(table).where(*_place(table, domain))


@cache
def _delete_rows(column: Column[str], domain: str) -> Delete:
    """Of the column's table, by the parameter ``gone``."""
    return delete(column.table).where(column.table.c.domain == domain, column == bindparam("gone"))


@cache
def _select_body(domain: str) -> Select[str]:
    return select(DOCUMENT.c.body).where(*_place(DOCUMENT, domain))


def _place(table: Table, domain: str) -> tuple[Any, ...]:
    return (
        table.c.domain == domain,
        table.c.kind == bindparam("gone_kind"),
        table.c.key == bindparam("gone_key"),
    )


def _document(domain: str, name: _DocumentKey, body: str) -> dict[str, Any]:
    kind, key = name
    return {"domain": domain, "kind": kind, "key": short(key), "long": long(key), "body": body}


def _stored(connection: Connection, domain: str, name: _DocumentKey) -> str | None:
    place = {"gone_kind": name[0], "gone_key": short(name[1])}
    return connection.execute(_select_body(domain), place).scalar_one_or_none()


def _write_timers(connection: Connection, domain: str, transactions: Sequence[Transaction]) -> None:
    state: dict[str, TimerRow | None] = {}
    for transaction in transactions:
        state |= dict.fromkeys(transaction.timers_gone)
        state |= {timer.id: timer for timer in transaction.timers_set}
    gone = [{"gone": short(id_)} for id_, timer in state.items() if timer is None]
    if gone:
        connection.execute(_delete_rows(TIMER.c.id, domain), gone)
    rows = [
        {
            "domain": domain,
            "id": short(timer.id),
            "long": long(timer.id),
            "due": timer.due,
            "name": timer.name,
            "subject": timer.subject,
            "context": timer.context,
        }
        for timer in state.values()
        if timer is not None
    ]
    if rows:
        statement = upsert(connection, TIMER, ("domain", "id"), ("due", "name", "subject", "context"))
        connection.execute(statement, rows)


def _write_outbox(connection: Connection, domain: str, transactions: Sequence[Transaction]) -> None:
    pending: dict[str, str] = {}
    done: dict[str, None] = {}
    for transaction in transactions:
        for key in transaction.effects_done:
            pending.pop(key, None)
            done[key] = None
        for effect in transaction.effects:
            pending[effect.key] = EFFECT.dump_json(effect).decode()
    if done:
        gone = [{"gone": short(key)} for key in done]
        connection.execute(_delete_rows(OUTBOX.c.key, domain), gone)
    if pending:
        rows = [{"domain": domain, "key": short(key), "body": body} for key, body in pending.items()]
        connection.execute(upsert(connection, OUTBOX, ("domain", "key"), ("body",)), rows)


def _write_positions(connection: Connection, domain: str, transactions: Sequence[Transaction]) -> None:
    positions: dict[TopicPartition, int] = {}
    inbox: int | None = None
    for transaction in transactions:
        positions.update(transaction.positions)
        if transaction.inbox is not None:
            inbox = max(transaction.inbox, inbox or 0)
    if positions:
        rows = [
            {"domain": domain, "topic": place.topic, "partition": place.partition, "next": next_}
            for place, next_ in positions.items()
        ]
        connection.execute(upsert(connection, POSITION, ("domain", "topic", "partition"), ("next",)), rows)
    if inbox is not None:
        mine = (EPOCH.c.domain == domain, EPOCH.c.role == ORCHESTRATOR)
        further = case((EPOCH.c.inbox > inbox, EPOCH.c.inbox), else_=inbox)
        connection.execute(update(EPOCH).where(*mine).values(inbox=further))
