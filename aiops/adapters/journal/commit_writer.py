"""What a commit writes: entries with their chain, then documents, timers, the outbox and input positions.

Each function first folds the whole group: a row that changed several times is written once, in its last state.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Delete, Insert, Table, bindparam, case, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from aiops.adapters.journal.statements import Row, first, run
from aiops.adapters.journal.tables import ARCHIVE, DOCUMENT, ENTRY, EPOCH, OUTBOX, POSITION, TIMER, given, long, short
from aiops.control.record.audit_chain import link
from aiops.model.codec import EFFECT
from aiops.model.journal import Put, Remove, TimerRow, Transaction
from aiops.model.records import TopicPartition
from aiops.ports import ORCHESTRATOR

_DocumentKey = tuple[str, str]


def _gone(table: Table, *columns: str) -> Delete:
    """DELETE by the columns' values: parameters ``gone_domain``, ``gone_COLUMN``."""
    return delete(table).where(*(table.c[name] == bindparam(f"gone_{name}") for name in ("domain", *columns)))


_INSERT_ENTRY = insert(ENTRY)
_DELETE_DOCUMENT = _gone(DOCUMENT, "kind", "key")
_DELETE_ARCHIVED = _gone(ARCHIVE, "kind", "key")
_INSERT_ARCHIVED = insert(ARCHIVE)
_DELETE_TIMER = _gone(TIMER, "id")
_DELETE_EFFECT = _gone(OUTBOX, "key")
_SELECT_BODY = select(DOCUMENT.c.body).where(
    DOCUMENT.c.domain == bindparam("of"), DOCUMENT.c.kind == bindparam("of_kind"), DOCUMENT.c.key == bindparam("of_key")
)
_READ_INBOX = (
    update(EPOCH)
    .where(EPOCH.c.domain == bindparam("of"), EPOCH.c.role == bindparam("of_role"))
    .values(inbox=case((EPOCH.c.inbox > bindparam("read"), EPOCH.c.inbox), else_=bindparam("read")))
)


def write(connection: Connection, transactions: Sequence[Transaction], number: int, *, digest: str) -> tuple[int, str]:
    """Write a group of one domain. ``number`` and ``digest`` are those of the last entry; returns the new ones."""
    domain = transactions[-1].domain
    number, digest = _write_entries(connection, transactions, number, digest=digest)
    _write_documents(connection, domain, [d for t in transactions for d in t.documents])
    _write_timers(connection, domain, transactions)
    _write_outbox(connection, domain, transactions)
    _write_positions(connection, domain, transactions)
    return number, digest


@cache
def upsert(dialect: str, table: Table, keys: tuple[str, ...], *, changed: tuple[str, ...]) -> Insert:
    """INSERT … ON CONFLICT DO UPDATE in a dialect; cached."""
    made: Any = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    found: Insert = made.on_conflict_do_update(
        index_elements=list(keys), set_={name: made.excluded[name] for name in changed}
    )
    return found


def _put(connection: Connection, table: Table, rows: Sequence[Row], *, keys: tuple[str, ...], changed: str) -> None:
    """Insert rows, or update the columns (words of ``changed``) of existing ones."""
    run(connection, upsert(connection.dialect.name, table, keys, changed=tuple(changed.split())), rows)


def _write_entries(
    connection: Connection, transactions: Sequence[Transaction], number: int, *, digest: str
) -> tuple[int, str]:
    rows: list[dict[str, Any]] = []
    for transaction in transactions:
        for entry in transaction.entries:
            number += 1
            previous, digest = digest, link(digest, entry, number, domain=transaction.domain)
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
        run(connection, _INSERT_ENTRY, rows)
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
    gone = [_place(domain, name) for name, body in open_.items() if body is None]
    if gone:
        run(connection, _DELETE_DOCUMENT, gone)
    puts = [_document(domain, name, body) for name, body in open_.items() if body is not None]
    if puts:
        _put(connection, DOCUMENT, puts, keys=("domain", "kind", "key"), changed="body")
    if archived:
        run(connection, _DELETE_ARCHIVED, [_place(domain, name) for name in archived])
        run(connection, _INSERT_ARCHIVED, [_document(domain, name, body) for name, body in archived.items()])


def _place(domain: str, name: _DocumentKey) -> Row:
    kind, key = name
    return {"gone_domain": domain, "gone_kind": kind, "gone_key": short(key)}


def _document(domain: str, name: _DocumentKey, body: str) -> dict[str, Any]:
    kind, key = name
    return {"domain": domain, "kind": kind, "key": short(key), "long": long(key), "body": body}


def _stored(connection: Connection, domain: str, name: _DocumentKey) -> str | None:
    found = first(connection, _SELECT_BODY, {"of": domain, "of_kind": name[0], "of_key": short(name[1])})
    return None if found is None else given(found[0])


def _write_timers(connection: Connection, domain: str, transactions: Sequence[Transaction]) -> None:
    state: dict[str, TimerRow | None] = {}
    for transaction in transactions:
        state |= dict.fromkeys(transaction.timers_gone)
        state |= {timer.id: timer for timer in transaction.timers_set}
    gone = [{"gone_domain": domain, "gone_id": short(id_)} for id_, timer in state.items() if timer is None]
    if gone:
        run(connection, _DELETE_TIMER, gone)
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
        _put(connection, TIMER, rows, keys=("domain", "id"), changed="due name subject context")


def _write_outbox(connection: Connection, domain: str, transactions: Sequence[Transaction]) -> None:
    pending: dict[str, str] = {}
    done: dict[str, None] = {}
    for transaction in transactions:
        for key in transaction.effects_done:
            pending.pop(key, None)
            done[key] = None
        for effect in transaction.effects:
            pending[effect.key] = EFFECT.dump_json(effect, by_alias=True).decode()
    if done:
        run(connection, _DELETE_EFFECT, [{"gone_domain": domain, "gone_key": short(key)} for key in done])
    if pending:
        rows = [{"domain": domain, "key": short(key), "body": body} for key, body in pending.items()]
        _put(connection, OUTBOX, rows, keys=("domain", "key"), changed="body")


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
        _put(connection, POSITION, rows, keys=("domain", "topic", "partition"), changed="next")
    if inbox is not None:
        run(connection, _READ_INBOX, [{"of": domain, "of_role": ORCHESTRATOR, "read": inbox}])
