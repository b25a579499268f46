"""Opens the database: dialect settings, translation of errors, and the schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from aiops.model.errors import PermanentError, TemporaryError
from aiops.shell.journal.tables import METADATA

_LOCK = 7_305_110_114
"""Key of PostgreSQL's advisory lock around schema changes and inbox appends."""


def sqlite_url(folder: Path) -> str:
    """URL of the journal in a state folder."""
    return f"sqlite:///{folder / 'journal.db'}"


def open_engine(url: str) -> Engine:
    """Connect and create what is missing.

    Raises:
        TemporaryError: the server does not answer.
        PermanentError: the URL or the database cannot be used; the text says why.
    """
    with translated("open the journal"):
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            engine = _open_sqlite(url)
        elif parsed.get_backend_name() == "postgresql":
            engine = create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=4)
        else:
            raise PermanentError(
                f"the journal needs SQLite or PostgreSQL, not {parsed.get_backend_name()!r}: set "
                "control.journal to sqlite:///FILE or postgresql://USER@HOST/DATABASE"
            )
        with engine.begin() as connection:
            serialise(connection)
            METADATA.create_all(connection)
        return engine


def _open_sqlite(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": 10.0, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _settings(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves: the driver's own is deferred and can deadlock
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        mode = "DEFERRED" if connection.get_execution_options().get("reading") else "IMMEDIATE"
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def serialise(connection: Connection) -> None:
    """Let only one transaction past here at a time (SQLite's BEGIN IMMEDIATE does so by itself).

    Without it PostgreSQL may show a row with a higher number before one with a lower number, and whoever reads
    "after number N" would never see the lower one.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


@contextmanager
def translated(what: str) -> Iterator[None]:
    """The driver's errors as ours, chaining the cause."""
    try:
        yield
    except DBAPIError as error:
        reason = f"cannot {what}: {error.orig}"
        if error.connection_invalidated or type(error.orig).__name__ in {"OperationalError", "InterfaceError"}:
            raise TemporaryError(f"{reason}; is the database reachable and its disk not full?") from error
        raise PermanentError(reason) from error
    except SQLAlchemyError as error:
        raise PermanentError(f"cannot {what}: {error}") from error
