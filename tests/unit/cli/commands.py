"""Runs one command as the program does, over a state folder and without a runtime."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer
from typer.testing import CliRunner

from aiops.adapters.journal.engine import sqlite_url
from aiops.adapters.journal.journal import SqlJournal
from aiops.adapters.status_file import STATUS
from aiops.model.codec import adapter, encode
from aiops.model.errors import AiopsError, TemporaryError
from aiops.model.incidents import Incident, IncidentState
from aiops.model.journal import JournalEntry, Put, Remove, Transaction
from aiops.model.ledger import Ending, LedgerLine
from aiops.ports import ORCHESTRATOR
from tests.unit.control.fakes import Loop

NOW = 1_700_000_000_000_000_000
INCIDENT = Incident("INC-1", IncidentState.OPEN, NOW, NOW, NOW, ("cart",), ("cart",), ("cart@1",))


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str
    error: AiopsError | None = None
    """What the program would print with exit code 3, or 4 for a temporary one."""

    @property
    def json(self) -> Any:
        """The output, parsed."""
        return json.loads(self.out)


def call(command: typer.Typer | Callable[..., object], *words: str) -> Ended:
    """The command with these words; an error of ours is returned, any other is raised."""
    app = command
    if not isinstance(app, typer.Typer):
        app = typer.Typer()
        app.command()(command)
    result = CliRunner().invoke(app, list(words))
    error = result.exception
    if error is not None and not isinstance(error, (AiopsError, SystemExit)):
        raise error
    if isinstance(error, AiopsError):
        return Ended(4 if isinstance(error, TemporaryError) else 3, result.stdout, result.stderr, error)
    return Ended(result.exit_code, result.stdout, result.stderr)


def journal_of(folder: Path, *incidents: Incident, closed: tuple[Incident, ...] = ()) -> SqlJournal:
    """A journal with these incidents, and those that are over."""
    sql = SqlJournal(sqlite_url(folder))
    entries = tuple(
        JournalEntry(f"e{n}", NOW + n, "episode", one.id, "", "{}", "[]") for n, one in enumerate((*incidents, *closed))
    )
    documents: list[Put | Remove] = [Put("incident", one.id, encode(one)) for one in (*incidents, *closed)]
    documents += [Remove("incident", one.id, archive=True) for one in closed]
    sql.commit([Transaction("main", sql.claim(ORCHESTRATOR, "test"), entries, tuple(documents))])
    return sql


def line(items: int = 20, **fields: Any) -> LedgerLine:
    """A partition of which 20 records were read and learned; ``items`` other than 20 make a difference."""
    made = LedgerLine("aiops.metrics.arrow", 0, 20, items, {Ending.LEARNED: 20}, 0, 0, 20)
    return replace(made, **fields)


def status_of(folder: Path, *lines: LedgerLine, **fields: Any) -> None:
    """The status file of a runtime whose one shard says these lines."""
    shown = [adapter(LedgerLine).dump_python(one, mode="json") for one in lines]
    shard = {"ledger": shown, "bounds": {f"{one.topic}/{one.partition}": (0, one.next_offset) for one in lines}}
    (folder / STATUS).write_text(json.dumps({"at": NOW, "shards": [shard], "orchestration": {}} | fields))


def journal_of_loop(folder: Path, loop: Loop) -> SqlJournal:
    """The journal of a control plane as its process left it."""
    sql = SqlJournal(sqlite_url(folder))
    kept = loop.journal.recover()
    documents = tuple(Put(k, key, body) for k, bodies in kept.documents.items() for key, body in bodies.items())
    entries = tuple(row.entry for row in loop.journal.rows())
    sql.commit([Transaction("main", sql.claim(ORCHESTRATOR, "test"), entries, documents)])
    return sql
