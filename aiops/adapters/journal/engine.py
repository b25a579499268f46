"""Opens the database: dialect settings, translation of errors, and the schema."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from aiops.adapters.journal.tables import METADATA
from aiops.model.errors import PermanentError, TemporaryError

_LOCK = 7_305_110_114
"""Key of PostgreSQL's advisory lock around schema changes, inbox appends, halts, claims and reservations."""
_SQLITE_MAY_PASS = {"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR", "SQLITE_FULL", "SQLITE_CANTOPEN", "SQLITE_PROTOCOL"}
"""Primary codes of ``sqlite3.OperationalError`` that are temporary."""
_SQLITE_WAIT_SECONDS = 10.0
_SERVER_SETTINGS = (
    "SET synchronous_commit = on",
    "SET lock_timeout = '10s'",
    "SET statement_timeout = '60s'",
    # A writer that stops or loses its connection in a transaction must not block the next claim of an epoch.
    "SET idle_in_transaction_session_timeout = '10s'",
)


def sqlite_url(folder: Path) -> str:
    """URL of the journal in a state folder."""
    return f"sqlite:///{folder / 'journal.db'}"


def open_engine(url: str) -> Engine:
    """Connect, and create missing tables.

    Raises:
        TemporaryError: the server does not answer.
        PermanentError: the URL or the database cannot be used; the message says why.
    """
    with translated("open the journal"):
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            if parsed.database in {None, "", ":memory:"}:
                raise PermanentError(
                    f"the journal needs a file, and {url} has none: set control.journal to sqlite:///FILE"
                )
            engine = _open_sqlite(url)
        elif parsed.get_backend_name() == "postgresql":
            engine = _open_postgresql(parsed.set(drivername="postgresql+psycopg"))
        else:
            raise PermanentError(
                f"the journal needs SQLite or PostgreSQL, not {parsed.get_backend_name()!r}: set "
                "control.journal to sqlite:///FILE or postgresql://USER@HOST/DATABASE"
            )
        with reading(engine).connect() as connection:
            there = set(inspect(connection).get_table_names())
        if not there.issuperset(METADATA.tables):
            with engine.begin() as connection:
                serialise(connection)
                METADATA.create_all(connection)
        return engine


def reading(engine: Engine) -> Engine:
    """The same connections for reading: one consistent view per transaction, without locks that block a writer."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(reading=True, isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return engine.execution_options(reading=True)


def _open_postgresql(url: URL) -> Engine:
    alive = {"keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 2, "tcp_user_timeout": 15_000}
    engine = create_engine(
        url, pool_pre_ping=True, pool_size=4, pool_timeout=10.0, connect_args={"connect_timeout": 5, **alive}
    )

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: Any) -> None:
        for setting in _SERVER_SETTINGS:
            connection.execute(setting)
        connection.commit()

    return engine


def _open_sqlite(url: str) -> Engine:
    engine = create_engine(
        url, pool_timeout=10.0, connect_args={"timeout": _SQLITE_WAIT_SECONDS, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # BEGIN is explicit: the driver's own is deferred and can deadlock
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if connection.get_execution_options().get("reading"):
            connection.exec_driver_sql("BEGIN DEFERRED")
        else:
            _begin_writing(connection)

    return engine


def _begin_writing(connection: Connection) -> None:
    """Take SQLite's only write lock; retry every millisecond.

    SQLite's own busy handler retries only every 100 ms after a while. A halt then took seconds.
    """
    raw: Any = connection.connection.dbapi_connection
    deadline = time.monotonic() + _SQLITE_WAIT_SECONDS
    raw.execute("PRAGMA busy_timeout=0")
    try:
        while time.monotonic() < deadline:
            try:
                raw.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    break
                time.sleep(0.001)
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # raises the error for translation
    finally:
        raw.execute(f"PRAGMA busy_timeout={round(_SQLITE_WAIT_SECONDS * 1000)}")


def serialise(connection: Connection) -> None:
    """Serialise transactions from here on PostgreSQL; SQLite's BEGIN IMMEDIATE already does.

    Without this lock PostgreSQL may show a row with a higher number before one with a lower number. A reader of rows
    "after number N" would then never see the lower one.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


_REMEDY = "check control.journal (or journal.db in the state folder), or restore it from a backup"


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Translate the driver's errors to ``TemporaryError`` and ``PermanentError``, chaining the cause."""
    try:
        yield
    except PoolTimeoutError as error:
        raise TemporaryError(f"cannot {what}: no free connection to the database") from error
    except DBAPIError as error:
        reason = f"cannot {what}: {error.orig}"
        if error.connection_invalidated or _may_pass(error):
            raise TemporaryError(f"{reason}; is the database reachable and its disk not full?") from error
        raise PermanentError(f"{reason}; {_REMEDY}") from error
    except SQLAlchemyError as error:
        raise PermanentError(f"cannot {what}: {error}; {_REMEDY}") from error


def _may_pass(error: DBAPIError) -> bool:
    """Whether the same call may work later. SQLite's ``OperationalError`` also covers programming errors."""
    if not isinstance(error, (OperationalError, InterfaceError)):
        return False
    code = getattr(error.orig, "sqlite_errorname", None)
    return code is None or any(code.startswith(passing) for passing in _SQLITE_MAY_PASS)
