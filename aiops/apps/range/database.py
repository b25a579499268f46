"""PostgreSQL of an estate: made, filled and followed by a replica."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psycopg

from aiops.model.errors import PermanentError
from simulations.range.configuration import postgresql
from simulations.range.estate_plan import HOST, POSTGRESQL, REPLICA, EstatePlan
from simulations.range.run_folder import RunFolder
from simulations.range.run_settings import RunSettings

_SECONDS: Final = 60.0


def initialise(plan: EstatePlan, folder: RunFolder, run: RunSettings) -> None:
    """Make the primary's data folder.

    Raises:
        PermanentError: initdb refuses; the text says why.
    """
    data = folder.data(POSTGRESQL)
    options = ["-D", str(data), "-U", postgresql.USER, "--auth=trust", "--encoding=UTF8", "--no-sync"]
    _run("initdb", options, run, folder=folder)
    (data / "postgresql.conf").write_text(postgresql.configuration(plan.ports.postgresql))


def fill(plan: EstatePlan) -> None:
    """Make the database and its tables, as soon as the primary answers."""
    with _connect(plan, "postgres") as connection:
        connection.execute(f"CREATE DATABASE {postgresql.DATABASE}")
    with _connect(plan, postgresql.DATABASE) as connection:
        for statement in postgresql.schema(plan):
            connection.execute(statement.encode())


def follow(plan: EstatePlan, folder: RunFolder, run: RunSettings) -> None:
    """Copy the primary into the replica's data folder, with a slot that keeps what the replica has not read yet."""
    data = folder.data(REPLICA)
    address = ["-h", HOST, "-p", str(plan.ports.postgresql), "-U", postgresql.USER]
    options = [*address, "-D", str(data), "-R", "-C", "-S", postgresql.SLOT, "--checkpoint=fast", "--no-sync"]
    _run("pg_basebackup", options, run, folder=folder)
    (data / "postgresql.conf").write_text(postgresql.configuration(plan.ports.replica))


def _connect(plan: EstatePlan, database: str) -> psycopg.Connection[tuple[object, ...]]:
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            return psycopg.connect(
                host=HOST, port=plan.ports.postgresql, user=postgresql.USER, dbname=database, autocommit=True
            )
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise PermanentError(
                    f"PostgreSQL does not answer at {HOST}:{plan.ports.postgresql}: {error}"
                ) from error
            time.sleep(0.2)


def _run(program: str, options: Sequence[str], run: RunSettings, *, folder: RunFolder) -> None:
    user = run.users.postgresql or None
    ended = subprocess.run(
        [str(Path(run.programs.postgresql) / program), *options],
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        cwd=folder.short,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if ended.returncode != 0:
        raise PermanentError(f"{program} ended with {ended.returncode}:\n{(ended.stdout + ended.stderr)[-1_000:]}")
