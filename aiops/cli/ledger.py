"""`aiops ledger`: account for every point, line, span and message, checked against the broker's offsets."""

from __future__ import annotations

import json
import time

import typer

from aiops.adapters.bundle.configuration import load_settings
from aiops.adapters.ledger_report import account, plain
from aiops.adapters.status_file import read_status
from aiops.cli.exits import Exit
from aiops.cli.installation import Config, Json
from aiops.control.record.ledger import printable
from aiops.model.durations import SECOND
from aiops.model.errors import PermanentError
from aiops.model.times import span

_OLD_SECONDS = 15


def run(config: Config = None, *, as_json: Json = False) -> None:
    """Show the outcome of every input unit: learned, flagged, duplicate, late, warming up, applied, dead letter, lost.

    Counts are those that the shards and the orchestrator have made durable. The broker's offsets are read afterwards.
    Records not read yet count as in flight. A difference other than 0 means that input was lost or counted twice.

    Exit code 0: the difference is 0. 1: the difference is not 0. 3: the runtime never ran here.
    """
    settings = load_settings(config)
    status = read_status(settings.state)
    if status is None:
        raise PermanentError(f"the runtime never ran in {settings.state}: start it with `aiops up`")
    found = account(settings, status)
    if as_json:
        typer.echo(json.dumps(plain(found)))
    else:
        typer.echo(printable(found.report), nl=False)
        age = time.time_ns() - found.at
        if age > _OLD_SECONDS * SECOND:
            typer.echo(f"(the runtime last reported its status {span(age)} ago)", err=True)
        if not found.checked:
            typer.echo(f"(not checked against the broker: {found.why_not})", err=True)
    if found.report.difference:
        raise typer.Exit(Exit.NO)
