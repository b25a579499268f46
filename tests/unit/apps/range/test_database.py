"""PostgreSQL of an estate: which programs are run, as whom; tests/integration/range runs them."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psycopg
import pytest

from aiops.apps.range import database
from aiops.apps.range.estate_files import make_folders
from aiops.model.errors import PermanentError
from simulations.range.configuration.postgresql import schema
from simulations.range.run_folder import RunFolder
from simulations.range.run_settings import Users
from tests.unit.simulations.range.runs import PLAN, run


@dataclass
class Ran:
    """Programs that were run, and how they end."""

    calls: list[tuple[list[str], dict[str, Any]]] = field(default_factory=list)
    code: int = 0

    def __call__(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        self.calls.append((command, options))
        return subprocess.CompletedProcess(command, self.code, "", "disk full" if self.code else "")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Ran:
    found = Ran()
    monkeypatch.setattr(subprocess, "run", found)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made = RunFolder(tmp_path / "root", tmp_path / "short")
    make_folders(made)
    return made


def test_the_primary_is_made_with_its_configuration(ran: Ran, folder: RunFolder) -> None:
    """On its own port."""
    database.initialise(PLAN, folder, run())
    command, _ = ran.calls[0]
    assert command[:3] == ["/programs/postgresql/initdb", "-D", str(folder.data("postgresql"))]
    assert f"port = {PLAN.ports.postgresql}\n" in (folder.data("postgresql") / "postgresql.conf").read_text()


def test_the_replica_follows_through_a_slot(ran: Ran, folder: RunFolder) -> None:
    """What it has not read yet is kept by the primary."""
    database.follow(PLAN, folder, run())
    command, _ = ran.calls[0]
    assert command[0] == "/programs/postgresql/pg_basebackup"
    assert {"-R", "-C", "-S"} <= set(command)
    assert command[command.index("-p") + 1] == str(PLAN.ports.postgresql)
    assert f"port = {PLAN.ports.replica}\n" in (folder.data("postgresql-replica") / "postgresql.conf").read_text()


@pytest.mark.parametrize("user", ["", "postgres"])
def test_programs_run_as_the_user_of_the_server(ran: Ran, folder: RunFolder, user: str) -> None:
    """Without the groups of root; or as whoever starts the estate."""
    database.initialise(PLAN, folder, run(users=Users(postgresql=user)))
    _, options = ran.calls[0]
    assert (options["user"], options["group"]) == (user or None, user or None)
    assert options["extra_groups"] == ([] if user else None)


def test_a_refusal_is_told(ran: Ran, folder: RunFolder) -> None:
    """With what the program printed."""
    ran.code = 1
    with pytest.raises(PermanentError, match=r"(?s)initdb ended with 1:.*disk full"):
        database.initialise(PLAN, folder, run())


@dataclass
class Connection:
    """A connection that keeps what was executed."""

    executed: list[str]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to let go."""

    def execute(self, statement: str | bytes) -> None:
        self.executed.append(statement if isinstance(statement, str) else statement.decode())


def test_tables_are_made_as_soon_as_the_server_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may take some tries."""
    executed: list[str] = []
    tries: list[str] = []

    def connect(**options: Any) -> Connection:
        tries.append(options["dbname"])
        if len(tries) < 3:
            raise psycopg.OperationalError("the database system is starting up")
        return Connection(executed)

    monkeypatch.setattr(psycopg, "connect", connect)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    database.fill(PLAN)
    assert tries == ["postgres", "postgres", "postgres", "shop"]
    assert executed == ["CREATE DATABASE shop", *schema(PLAN)]


def test_a_server_that_never_answers_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its address and the last refusal."""

    def refuse(**_: Any) -> Connection:
        raise psycopg.OperationalError("connection refused")

    monkeypatch.setattr(psycopg, "connect", refuse)
    monkeypatch.setattr(database, "_SECONDS", -1.0)
    with pytest.raises(PermanentError, match=rf"127\.0\.0\.1:{PLAN.ports.postgresql}: connection refused"):
        database.fill(PLAN)
