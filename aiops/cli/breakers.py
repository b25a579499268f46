"""`aiops breakers`: show the circuit breakers that refuse actions, and close one with a reason."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from aiops.adapters.clock import SystemClock
from aiops.cli.installation import As, Config, Json, open_installation, person, run_command, show
from aiops.console.commands import Commands
from aiops.control.state.documents import BreakerRecord
from aiops.model.codec import decode
from aiops.model.durations import SECOND
from remediations.breakers import Position

app: Final = typer.Typer(no_args_is_help=True, help="Show and reset circuit breakers.")

_Name = Annotated[
    str,
    typer.Argument(help="Breaker, as the list names it: target:checkout, action:restart or global.", metavar="NAME"),
]
_Why = Annotated[str, typer.Option("--reason", help="Why actions may be tried again; it is kept in the journal.")]


@app.callback()
def about() -> None:
    """Show and reset circuit breakers."""


@app.command(name="list")
def list_(config: Config = None, *, as_json: Json = False) -> None:
    """List the breakers that are open or half-open, with the reason.

    Exit code 0: listed, also if all breakers are closed.
    """
    here = open_installation(config)
    bodies = here.reader.documents("breaker", here.settings.domain).values()
    records = sorted((decode(BreakerRecord, body) for body in bodies), key=lambda record: record.name)
    tripped = [record for record in records if record.breaker.position is not Position.CLOSED]
    if as_json:
        typer.echo(json.dumps([_row(record) for record in tripped]))
        return
    for record in tripped:
        row = _row(record)
        trial = ", its trial is running" if record.breaker.trial else ""
        typer.echo(f"{row['name']}: {row['position']} since {row['opened_at']}{trial}: {row['why']}")
    if not tripped:
        typer.echo("all breakers are closed")


@app.command()
def reset(name: _Name, why: _Why, as_: As = None, *, config: Config = None, as_json: Json = False) -> None:
    """Close a breaker: actions that it refused may be tried again. Its history is forgotten.

    Exit code 0: recorded. 1: no breaker of this name is open.
    """
    here = open_installation(config)
    commands = Commands(here.journal, here.reader, SystemClock(), here.settings.domain)
    show(run_command(lambda: commands.reset_breaker(name, person(as_), why)), as_json=as_json)


def _row(record: BreakerRecord) -> dict[str, object]:
    breaker = record.breaker
    since = datetime.fromtimestamp(breaker.opened_at / SECOND, UTC).isoformat(timespec="seconds")
    return {
        "name": record.name,
        "position": breaker.position.value,
        "opened_at": since,
        "trial": breaker.trial,
        "why": breaker.why,
    }
