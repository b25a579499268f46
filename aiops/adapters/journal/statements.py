"""Statements of the hot path, compiled once per dialect and passed directly to SQLite's driver.

A commit has a dozen small statements. SQLAlchemy takes ten times as long for them as SQLite alone. This module
compiles them once and binds their rows. PostgreSQL's statements are compiled once too and executed by SQLAlchemy, which
detects lost connections.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import ClauseElement

from aiops.adapters.journal.tables import stored

Row = Mapping[str, Any]


class _Worded(NamedTuple):
    text: str
    names: tuple[str, ...] | None
    """Parameter names in order; None: parameters are bound by name."""
    constants: Row
    """Constant parameters of the statement."""


_WORDED: dict[tuple[str, ClauseElement, tuple[str, ...]], _Worded] = {}


def run(connection: Connection, statement: ClauseElement, rows: Sequence[Row]) -> None:
    """Execute once for each row; all rows have the same names."""
    worded = _worded(connection, statement, tuple(rows[0]))
    parameters = [_bound(worded, row) for row in rows]
    if connection.dialect.name == "sqlite":
        try:
            _raw(connection).executemany(worded.text, parameters)
        except sqlite3.Error as error:
            raise _translatable(connection, worded, error) from error
    else:
        connection.exec_driver_sql(worded.text, parameters)


def first(connection: Connection, statement: ClauseElement, row: Row) -> tuple[Any, ...] | None:
    """The first row of a query; None: no row."""
    worded = _worded(connection, statement, tuple(row))
    parameters = _bound(worded, row)
    if connection.dialect.name == "sqlite":
        try:
            found: tuple[Any, ...] | None = _raw(connection).execute(worded.text, parameters).fetchone()
        except sqlite3.Error as error:
            raise _translatable(connection, worded, error) from error
        return found
    seen = connection.exec_driver_sql(worded.text, parameters).first()
    return None if seen is None else tuple(seen)


def _raw(connection: Connection) -> sqlite3.Connection:
    raw: Any = connection.connection.dbapi_connection
    return raw  # type: ignore[no-any-return]


def _worded(connection: Connection, statement: ClauseElement, names: tuple[str, ...]) -> _Worded:
    key = connection.dialect.name, statement, names
    found = _WORDED.get(key)
    if found is None:
        compiled: Any = statement.compile(dialect=connection.dialect, column_keys=list(names))
        constants = {name: value for name, value in compiled.params.items() if name not in names}
        order = tuple(compiled.positiontup) if compiled.positional else None
        found = _WORDED[key] = _Worded(compiled.string, order, constants)
    return found


def _bound(worded: _Worded, row: Row) -> Any:
    """Parameters in the driver's form; texts as the tables store them."""
    given = {**worded.constants, **row}
    if worded.names is None:
        return {name: stored(value) if isinstance(value, str) else value for name, value in given.items()}
    return [stored(value) if isinstance(value := given[name], str) else value for name in worded.names]


def _translatable(connection: Connection, worded: _Worded, error: sqlite3.Error) -> BaseException:
    """The driver's error as an error of SQLAlchemy."""
    return DBAPIError.instance(worded.text, None, error, sqlite3.Error, dialect=connection.dialect)
