"""The two tables that every process may write: the inbox and the halt generations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Engine, Row, Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from aiops.adapters.journal.engine import reading, serialise, translated
from aiops.adapters.journal.tables import EPOCH, HALT, INBOX, long, short
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.journal import AttemptFacts, AttemptGuard, HaltState, InboxRow
from aiops.ports import ORCHESTRATOR


class SqlInbox:
    """Appends and reads without an epoch: commands, executors and approvals use it from any process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def append(self, row: InboxRow) -> bool:
        """Append a row; durable on return. False: a row with this key exists."""
        with translated("write to the inbox"), self._engine.begin() as connection:
            serialise(connection)
            return connection.execute(insert_or_ignore(connection, INBOX, _values(row))).first() is not None

    def attempt(self, row: InboxRow, guard: AttemptGuard) -> AttemptFacts:
        """Append the row if epoch and halt are those of ``guard``. Halts and claims wait, or this waits for them."""
        with translated("record an attempt"), self._engine.begin() as connection:
            serialise(connection)
            facts = AttemptFacts(
                _epoch(connection, ORCHESTRATOR, row.domain), _newest_halt(connection, row.domain), recorded=False
            )
            if not facts.permit(guard):
                return facts
            new = connection.execute(insert_or_ignore(connection, INBOX, _values(row))).first() is not None
        return replace(facts, recorded=new)

    def has(self, key: str, domain: str = MAIN_DOMAIN) -> bool:
        """Whether a row with this key exists."""
        query = select(INBOX.c.number).where(INBOX.c.domain == domain, INBOX.c.key == short(key))
        with translated("read the inbox"), self._reading.connect() as connection:
            return connection.execute(query).first() is not None

    def read_inbox(self, after: int, limit: int = 256, domain: str = MAIN_DOMAIN) -> list[InboxRow]:
        """Rows with a higher number, in order."""
        query = (
            select(INBOX).where(INBOX.c.domain == domain, INBOX.c.number > after).order_by(INBOX.c.number).limit(limit)
        )
        with translated("read the inbox"), self._reading.connect() as connection:
            return [_inbox_row(row) for row in connection.execute(query)]

    def latest(self, kind: str, domain: str = MAIN_DOMAIN) -> InboxRow | None:
        """The newest row of a kind."""
        query = select(INBOX).where(INBOX.c.domain == domain, INBOX.c.kind == kind).order_by(INBOX.c.number.desc())
        with translated("read the inbox"), self._reading.connect() as connection:
            row = connection.execute(query.limit(1)).first()
        return None if row is None else _inbox_row(row)

    def halt_state(self, domain: str = MAIN_DOMAIN) -> HaltState:
        """The newest halt state; generation 0 if there was no halt."""
        with translated("read the halt state"), self._reading.connect() as connection:
            return _newest_halt(connection, domain)

    def set_halt(self, state: HaltState, domain: str = MAIN_DOMAIN) -> HaltState:
        """Write the next generation and return it."""
        with translated("write the halt state"), self._engine.begin() as connection:
            serialise(connection)
            generation = _newest_halt(connection, domain).generation + 1
            written = HaltState(generation, state.halted, state.who, state.at, state.reason)
            connection.execute(
                insert(HALT).values(
                    domain=domain,
                    generation=generation,
                    halted=state.halted,
                    who=state.who,
                    at=state.at,
                    reason=state.reason,
                )
            )
            return written

    def epoch(self, role: str, domain: str = MAIN_DOMAIN) -> int:
        """The newest claimed epoch of a role; 0: none was claimed."""
        with translated("read the epoch"), self._reading.connect() as connection:
            return _epoch(connection, role, domain)


def _values(row: InboxRow) -> dict[str, object]:
    return {
        "domain": row.domain,
        "key": short(row.key),
        "long": long(row.key),
        "at": row.at,
        "kind": row.kind,
        "body": row.body,
        "who": row.who,
    }


def _epoch(connection: Connection, role: str, domain: str) -> int:
    query = select(EPOCH.c.epoch).where(EPOCH.c.domain == domain, EPOCH.c.role == role)
    return connection.execute(query).scalar_one_or_none() or 0


def _inbox_row(row: Row[Any]) -> InboxRow:
    return InboxRow(row.long or row.key, row.at, row.kind, row.body, row.who, row.number, row.domain)


def _newest_halt(connection: Connection, domain: str) -> HaltState:
    query = select(HALT).where(HALT.c.domain == domain).order_by(HALT.c.generation.desc()).limit(1)
    row = connection.execute(query).first()
    return (
        HaltState(0, halted=False)
        if row is None
        else HaltState(row.generation, row.halted, row.who, row.at, row.reason)
    )


def insert_or_ignore(connection: Connection, table: Table, values: Mapping[str, object]) -> ReturningInsert[Any]:
    """INSERT … ON CONFLICT DO NOTHING RETURNING the primary key: no row if it exists.

    ``rowcount`` is not reliable in every driver for an insert with RETURNING.
    """
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table).values(**values).on_conflict_do_nothing().returning(*table.primary_key)
    return sqlite.insert(table).values(**values).on_conflict_do_nothing().returning(*table.primary_key)
