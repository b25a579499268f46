"""Acts on PostgreSQL: ends sessions that block others, cancels statements, promotes the stand-by.

A server that answers is fenced before its stand-by is promoted: it is set read-only, and the sessions of its users end.
A client with ``target_session_attrs=read-write`` then finds the new primary. A promotion cannot be undone: a person
rebuilds the former primary as a stand-by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg

from aiops.adapters.executors.key_ledger import KeyLedger
from aiops.adapters.executors.keyed import Deadline, KeyedExecutor, State
from aiops.adapters.executors.options import check_known, secret, wanted
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.plans import Action, Observed, StepDirection, StepOrder
from aiops.ports import Clock

_OPTIONS: Final = ("url", "stand_by", "password_file", "keys")
_CONNECT_SECONDS: Final = 5
_STATEMENT: Final = "5s"
_OLD_SECONDS: Final = 5.0
_SESSION, _STATEMENT_OF, _PROMOTE = "session ", "statement of ", "promote"

_BLOCKERS: Final = """
SELECT pid, backend_start::text FROM pg_stat_activity AS blocker
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND cardinality(pg_blocking_pids(pid)) = 0
  AND EXISTS (
    SELECT 1 FROM pg_stat_activity AS waiting
    WHERE blocker.pid = ANY(pg_blocking_pids(waiting.pid))
      AND waiting.query_start < clock_timestamp() - make_interval(secs => %(seconds)s))
ORDER BY xact_start LIMIT %(limit)s
"""
"""Sessions that wait for nobody and for which another has waited for some seconds."""
_LONG_STATEMENTS: Final = """
SELECT pid, query_start::text FROM pg_stat_activity
WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()
  AND query_start < clock_timestamp() - make_interval(secs => %(seconds)s)
ORDER BY query_start LIMIT %(limit)s
"""
_SESSIONS: Final = "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = ANY(%(pids)s)"
_STATEMENTS: Final = (
    "SELECT pid, query_start::text FROM pg_stat_activity WHERE pid = ANY(%(pids)s) AND state = 'active'"
)
_TERMINATE: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %(pid)s AND backend_start::text = %(since)s"
)
_CANCEL: Final = (
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = %(pid)s AND query_start::text = %(since)s"
)
_END_USERS: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
)


def from_options(options: Mapping[str, str], clock: Clock) -> KeyedExecutor:
    """The executor of ``kind: postgresql``: ``url`` and ``keys``; optional ``stand_by`` and ``password_file``."""
    check_known(options, _OPTIONS)
    servers = [_without_secret(wanted(options, "url"))]
    if "stand_by" in options:
        servers.append(_without_secret(options["stand_by"]))
    way = PostgresqlWay(servers, secret(options, "password_file"))
    return KeyedExecutor(way, KeyLedger(Path(wanted(options, "keys")).expanduser()), clock)


class PostgresqlWay:
    """``Way`` over SQL; the user needs ``pg_monitor`` and ``pg_signal_backend``, for a promotion a superuser.

    Args:
        servers: libpq URLs of the primary and, if there is one, its stand-by.
        password: of the user; None: libpq finds it (``PGPASSFILE``, peer, trust).
    """

    def __init__(self, servers: list[str], password: str | None = None) -> None:
        self._servers, self._password = servers, password

    def before(self, order: StepOrder, did: State | None) -> State:
        """The sessions or statements that are ended, each with its begin."""
        action = order.capability.action
        if order.capability.direction is StepDirection.UNDO:
            if did is None and action.primitive == "fail-over":
                raise PermanentError("no promotion of this plan is known, so none can be undone")
            if action.primitive == "fail-over":
                raise PermanentError("a promotion cannot be undone: rebuild the former primary as a stand-by")
            return {}
        match action.primitive:
            case "end-blocker":
                return self._found(_BLOCKERS, _SESSION, action)
            case "cancel-query":
                return self._found(_LONG_STATEMENTS, _STATEMENT_OF, action)
            case "fail-over":
                return self._stand_by()
        raise PermanentError(f"PostgreSQL cannot {action.primitive}: it can end-blocker, cancel-query and fail-over")

    def act(self, order: StepOrder, before: State, deadline: Deadline) -> str:
        """End what was found, if it is still the same, or promote."""
        if _PROMOTE in before:
            return self._promote(deadline)
        for name, since in before.items():
            deadline.check(f"end the {name}")
            command = _TERMINATE if name.startswith(_SESSION) else _CANCEL
            try:
                with self._connected(self._servers[0]) as connection:
                    connection.execute(command, {"pid": _pid(name), "since": since})
            except PermanentError as error:
                raise TemporaryError(f"{name}: {error}") from error
        deadline.wait_for(lambda: self.seen(order, before) is Observed.DONE, "for the sessions to end")
        return f"ended the {', '.join(before)}"

    def seen(self, order: StepOrder, before: State) -> Observed:
        """Done if none of the sessions or statements exists any more, or if the stand-by is a primary."""
        if _PROMOTE in before:
            return Observed.NOT_DONE if self._in_recovery(self._servers[1]) else Observed.DONE
        query = _SESSIONS if next(iter(before)).startswith(_SESSION) else _STATEMENTS
        with self._connected(self._servers[0]) as connection:
            rows = connection.execute(query, {"pids": [_pid(name) for name in before]}).fetchall()
        there = {(pid, since) for pid, since in rows} & {(_pid(name), since) for name, since in before.items()}
        if not there:
            return Observed.DONE
        return Observed.NOT_DONE if len(there) == len(before) or order.postcondition else Observed.UNKNOWN

    def _found(self, query: str, prefix: str, action: Action) -> dict[str, str]:
        seconds = float(action.parameters.get("older_than_seconds", _OLD_SECONDS))
        limit = int(action.parameters.get("at_most", 1))
        with self._connected(self._servers[0]) as connection:
            rows = connection.execute(query, {"seconds": seconds, "limit": limit}).fetchall()
        if not rows:
            what = "session blocks another" if prefix == _SESSION else "statement runs"
            raise PermanentError(f"no {what} for more than {seconds:g} s")
        return {f"{prefix}{pid}": since for pid, since in rows}

    def _stand_by(self) -> dict[str, str]:
        if len(self._servers) < 2:
            raise PermanentError("stand_by is not set in acting.executors")
        if not self._in_recovery(self._servers[1]):
            raise PermanentError("the server of stand_by is no stand-by: it accepts writes already")
        return {_PROMOTE: "stand-by"}

    def _promote(self, deadline: Deadline) -> str:
        fenced = self._fence()
        deadline.check("promote the stand-by")
        try:
            with self._connected(self._servers[1]) as connection:
                connection.execute("SELECT pg_promote(false)")
        except PermanentError:
            self._release()
            raise
        deadline.wait_for(lambda: not self._in_recovery(self._servers[1]), "for the stand-by to become a primary")
        return f"promoted the stand-by; {fenced}"

    def _fence(self) -> str:
        """Set the present primary read-only if it answers, so that no client writes to it after the promotion."""
        try:
            with self._connected(self._servers[0]) as connection:
                connection.execute("ALTER SYSTEM SET default_transaction_read_only = on")
                connection.execute("SELECT pg_reload_conf()")
                connection.execute(_END_USERS)
        except TemporaryError:
            return "the former primary does not answer and was not fenced"
        return "the former primary is read-only"

    def _release(self) -> None:
        """Let the primary be written to again, because its stand-by was not promoted."""
        with suppress(TemporaryError), self._connected(self._servers[0]) as connection:
            connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
            connection.execute("SELECT pg_reload_conf()")

    def _in_recovery(self, url: str) -> bool:
        with self._connected(url) as connection:
            row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
        return bool(row and row[0])

    @contextmanager
    def _connected(self, url: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        try:
            with psycopg.connect(
                url,
                password=self._password,
                autocommit=True,
                connect_timeout=_CONNECT_SECONDS,
                application_name="aiops",
                client_encoding="utf8",
                options=f"-c statement_timeout={_STATEMENT} -c lock_timeout={_STATEMENT}",
            ) as connection:
                yield connection
        except psycopg.errors.InsufficientPrivilege as error:
            raise PermanentError(f"the user may not do this: {error}") from error
        except psycopg.ProgrammingError as error:
            raise PermanentError(f"PostgreSQL refuses: {error}") from error
        except psycopg.Error as error:
            raise TemporaryError(f"PostgreSQL does not answer at {_shown(url)}: {error}") from error


def _pid(name: str) -> int:
    return int(name.rpartition(" ")[2])


def _without_secret(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise PermanentError(f"{_shown(url)} is no URL of PostgreSQL: write postgresql://USER@HOST:PORT/DATABASE")
    if parts.password is not None:
        raise PermanentError(f"{_shown(url)} has a password: put it into a file and set password_file")
    return url


def _shown(url: str) -> str:
    """An URL without user and password, for messages."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
