"""Blast-radius accounts and target locks in the same database, shared by every orchestrator of the estate.

``remediations.budget`` has the arithmetic. This module stores its rows, under one lock and in one transaction. It reads
no clock: a reservation is never freed by time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, or_, select
from sqlalchemy import Row as SqlRow

from aiops.adapters.journal.commit_writer import upsert
from aiops.adapters.journal.engine import reading, serialise, translated
from aiops.adapters.journal.statements import run
from aiops.adapters.journal.tables import EPOCH, RESERVATION, long, short
from aiops.model.plans import Reservation, ReservationAnswer
from aiops.model.prose import Prose
from aiops.ports import ORCHESTRATOR
from remediations.budget import Row, closed, decide, spent

_CHANGED = ("long", "domain", "work_item", "targets", "shares", "epoch", "token", "held", "reason")


class SqlBudgetStore:
    """``BudgetStore`` over the journal's engine; safe for threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading = reading(engine)

    def reserve(self, reservation: Reservation, limits: Mapping[str, float]) -> ReservationAnswer:
        """Reserve all shares or none. The same key gets the same answer.

        A request with an old epoch is refused and not stored: its successor can still use the key.
        """
        with translated("reserve budget"), self._engine.begin() as connection:
            serialise(connection)
            refusal = _refusal(connection, reservation)
            if refusal:
                return ReservationAnswer(reservation.key, granted=False, reason=Prose(refusal))
            here = RESERVATION.c.domain == reservation.domain
            rows = _rows(connection, or_(RESERVATION.c.key == short(reservation.key), and_(here, RESERVATION.c.held)))
            known = {row.key for row in rows}
            rows += [row for row in _rows(connection, here, newest_only=True) if row.key not in known]
            token = connection.execute(select(func.max(RESERVATION.c.token))).scalar_one() or 0
            row = decide(rows, reservation, limits, token=token + 1)
            if row not in rows:
                _store(connection, row)
            return row.answer

    def release(self, key: str) -> None:
        """Free a reservation. A repeat does nothing. A release before its request closes the key."""
        with translated("release budget"), self._engine.begin() as connection:
            serialise(connection)
            known = _rows(connection, RESERVATION.c.key == short(key))
            _store(connection, closed(key, known[0] if known else None))

    def spent(self, domain: str | None = None) -> dict[str, float]:
        """Share in use of each account, of one domain or summed over all."""
        with translated("read the budget"), self._reading.connect() as connection:
            return spent(_rows(connection, RESERVATION.c.held), domain)

    def held(self, domain: str) -> Sequence[Row]:
        """Reservations in force."""
        with translated("read the budget"), self._reading.connect() as connection:
            return _rows(connection, and_(RESERVATION.c.held, RESERVATION.c.domain == domain))


def _refusal(connection: Connection, asked: Reservation) -> str:
    """Why the request is refused before any accounting; empty: it is not."""
    claimed = select(EPOCH.c.epoch).where(EPOCH.c.domain == asked.domain, EPOCH.c.role == ORCHESTRATOR)
    newest = connection.execute(claimed).scalar_one_or_none()
    if newest is not None and asked.epoch != newest:
        return f"epoch {asked.epoch} is over, the newest is {newest}"
    owner = connection.execute(select(RESERVATION.c.domain).where(RESERVATION.c.key == short(asked.key)))
    domain = owner.scalar_one_or_none()
    return "" if domain in (None, asked.domain) else f"the key is taken in domain {domain}"


def _rows(connection: Connection, where: ColumnElement[bool], *, newest_only: bool = False) -> list[Row]:
    query = select(RESERVATION).where(where)
    if newest_only:
        query = query.order_by(RESERVATION.c.epoch.desc()).limit(1)
    return [_row(found) for found in connection.execute(query)]


def _row(found: SqlRow[Any]) -> Row:
    return Row(
        key=found.long or found.key,
        work_item=found.work_item,
        targets=tuple(json.loads(found.targets)),
        shares=json.loads(found.shares),
        epoch=found.epoch,
        token=found.token,
        held=found.held,
        reason=found.reason,
        domain=found.domain,
    )


def _store(connection: Connection, *rows: Row) -> None:
    run(connection, upsert(connection.dialect.name, RESERVATION, ("key",), changed=_CHANGED), list(_values(rows)))


def _values(rows: Iterable[Row]) -> Iterable[dict[str, Any]]:
    for row in rows:
        yield {
            "key": short(row.key),
            "long": long(row.key),
            "domain": row.domain,
            "work_item": row.work_item,
            "targets": json.dumps(row.targets),
            "shares": json.dumps(dict(row.shares)),
            "epoch": row.epoch,
            "token": row.token,
            "held": row.held,
            "reason": row.reason,
        }
