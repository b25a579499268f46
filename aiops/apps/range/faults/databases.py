"""Faults of the database: a lost index, a held lock, no free connection, a promoted replica, a backup."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from typing import Any, Final

import psycopg
from psycopg import sql

from aiops.apps.range import database, estate_files
from aiops.apps.range.faults.scene import Scene, wait
from simulations.range.configuration import postgresql
from simulations.range.configuration.supervisord import MARK
from simulations.range.estate_plan import HOST, REPLICA
from simulations.range.profile import index, table

Connection = psycopg.Connection[tuple[Any, ...]]
_HOT_ROWS: Final = 20
_IMPORTED_FROM: Final = 100_000_000
_IMPORTED: Final = 500_000
_MOST_CONNECTIONS: Final = 250
_LOCK_TIMEOUT: Final = "-c lock_timeout=10s"
_END_SERVICES: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE backend_type = 'client backend' AND application_name <> %(own)s AND pid <> pg_backend_pid()"
)
_OWN: Final = "reports"
"""Application name of the idle client."""


def connected(scene: Scene, *, port: int = 0, name: str = "") -> Connection:
    """A connection to the primary, or to another server's port."""
    return psycopg.connect(
        host=HOST,
        port=port or scene.plan.ports.postgresql,
        user=postgresql.USER,
        dbname=postgresql.DATABASE,
        autocommit=True,
        connect_timeout=5,
        application_name=name or "migration",
        options=_LOCK_TIMEOUT,
    )


class SlowQuery:
    """An import makes a table large, and its index is dropped; the end makes the index again and removes the rows."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._index, self._table = sql.Identifier(index(scene.service)), sql.Identifier(table(scene.service))

    def begin(self) -> None:
        """Drop the index, then add rows that no request asks for."""
        rows = sql.SQL("INSERT INTO {} (id, customer, note) SELECT {} + n, -1, '' FROM generate_series(1, {}) AS n")
        with connected(self._scene) as connection:
            connection.execute(sql.SQL("DROP INDEX IF EXISTS {}").format(self._index))
            numbers = (sql.Literal(_IMPORTED_FROM), sql.Literal(_IMPORTED))
            connection.execute(rows.format(self._table, *numbers))

    def tick(self, elapsed: float) -> None:
        """It stays away."""

    def end(self) -> bool:
        """Make it, unless somebody did; the rows go either way."""
        with connected(self._scene) as connection:
            found = connection.execute("SELECT 1 FROM pg_class WHERE relname = %s", [index(self._scene.service)])
            healed = found.fetchone() is not None
            connection.execute(sql.SQL("DELETE FROM {} WHERE id > {}").format(self._table, sql.Literal(_IMPORTED_FROM)))
            connection.execute(sql.SQL("VACUUM FULL {}").format(self._table))
            if not healed:
                connection.execute(sql.SQL("CREATE INDEX {} ON {} (customer)").format(self._index, self._table))
            return healed


class RowLock:
    """A transaction holds the rows that are updated most, and does nothing."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._connection: Connection | None = None

    def begin(self) -> None:
        """Take the locks."""
        self._connection = connected(self._scene)
        rows = sql.SQL("SELECT id FROM {} WHERE id <= {} FOR UPDATE")
        self._connection.execute("BEGIN")
        self._connection.execute(rows.format(sql.Identifier(table(self._scene.service)), sql.Literal(_HOT_ROWS)))

    def tick(self, elapsed: float) -> None:
        """It is idle in its transaction."""

    def end(self) -> bool:
        """Let go, unless somebody ended the session."""
        connection, self._connection = self._connection, None
        if connection is None:
            return True
        try:
            connection.execute("ROLLBACK")
        except psycopg.OperationalError:
            return True
        finally:
            connection.close()
        return False


class PoolExhausted:
    """A client opens connections until the server has none left; the services' own are ended once."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._held: list[Connection] = []

    def begin(self) -> None:
        """Take what there is, end the others' sessions, and take these as well."""
        admin = connected(self._scene, name=_OWN)
        self._held.append(admin)
        self._take()
        admin.execute(_END_SERVICES, {"own": _OWN})
        self._take()

    def tick(self, elapsed: float) -> None:  # noqa: ARG002 - the time does not matter
        """Take what became free; the client does not come back once its sessions were ended."""
        if any(not _ended(one) for one in self._held[:5]):
            self._take()

    def end(self) -> bool:
        """Close what is still open."""
        left = [one for one in self._held if not _ended(one)]
        for one in self._held:
            one.close()
        self._held.clear()
        return not left

    def _take(self) -> None:
        with contextlib.suppress(psycopg.OperationalError):
            while len(self._held) < _MOST_CONNECTIONS:
                self._held.append(connected(self._scene, name=_OWN))


class ReplicaPromoted:
    """The replica accepts writes from now on; the end makes a new replica of it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def begin(self) -> None:
        """Promote it."""
        with connected(self._scene, port=self._scene.plan.ports.replica) as connection:
            connection.execute("SELECT pg_promote()")

    def tick(self, elapsed: float) -> None:
        """It stays a primary."""

    def end(self) -> bool:
        """Stop it, copy the primary again, start it; nothing if it is a replica again."""
        estate = self._scene.estate
        with contextlib.suppress(psycopg.OperationalError):
            with connected(self._scene, port=estate.plan.ports.replica) as connection:
                row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
            if row and row[0]:
                return True
        estate.supervisord.stop(REPLICA)
        wait(lambda: self._scene.processes([REPLICA])[0].pid == 0, 20.0)
        with connected(self._scene) as connection:
            connection.execute("SELECT pg_drop_replication_slot(%s)", [postgresql.SLOT])
        data = estate.folder.data(REPLICA)
        shutil.rmtree(data)
        data.mkdir(mode=0o700)
        estate_files.give(data, estate.run.users.postgresql)
        database.follow(estate.plan, estate.folder, estate.run)
        estate_files.give(data, estate.run.users.postgresql)
        estate.supervisord.start(REPLICA)
        return False


class Backup:
    """`pg_dump` of the whole database, once; harmless."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._dump: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """Start it; it ends with the estate at the latest."""
        estate = self._scene.estate
        address = ["-h", HOST, "-p", str(estate.plan.ports.postgresql), "-U", postgresql.USER, postgresql.DATABASE]
        self._dump = subprocess.Popen(
            [f"{estate.run.programs.postgresql}/pg_dump", "-Z", "6", "-f", "/dev/null", *address],
            env={MARK: str(estate.folder.root), "PATH": "/usr/bin:/bin"},
            stdin=subprocess.DEVNULL,
            cwd="/",
        )

    def tick(self, elapsed: float) -> None:
        """It reads."""

    def end(self) -> bool:
        """Wait for nobody: what is not done by now is ended."""
        if self._dump is not None:
            self._dump.kill()
            self._dump.wait()
        return True


def _ended(connection: Connection) -> bool:
    """Whether the server ended a session; the client learns it when it asks."""
    try:
        connection.execute("SELECT 1")
    except psycopg.OperationalError:
        return True
    return False
