"""Shared by the commands: options, the settings and journal of this installation, the user's name, and output."""

from __future__ import annotations

import getpass
import json
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from aiops.adapters.bundle.configuration import load_settings
from aiops.adapters.clock import SystemClock
from aiops.adapters.journal.engine import sqlite_url
from aiops.adapters.journal.journal import SqlJournal
from aiops.adapters.journal.reader import SqlJournalReader
from aiops.cli.exits import Exit
from aiops.console.command_inbox import CommandResult, NotNowError, Switch, UnknownError, WrongError
from aiops.model.display_text import visible_text
from aiops.model.errors import PermanentError
from aiops.settings import Settings

Config = Annotated[
    Path | None,
    typer.Option(help="Settings. Default: $AIOPS_CONFIG, else ./aiops.yaml, else built-in values.", metavar="FILE"),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reason = Annotated[str, typer.Option(help="Reason, one sentence; kept in the journal.")]
As = Annotated[str | None, typer.Option("--as", help="Name to record instead of USER@HOST.", metavar="NAME")]


@dataclass(frozen=True, slots=True)
class Installation:
    """Settings, journal and reader of an installation. The runtime does not have to run."""

    settings: Settings
    journal: SqlJournal
    reader: SqlJournalReader

    @property
    def switch(self) -> Switch:
        """Halts and resumes all actions."""
        return Switch(self.journal, SystemClock(), self.settings.domain)


def open_installation(config: Path | None) -> Installation:
    """Open the journal that the settings name.

    Raises:
        PermanentError: there is no journal: nothing ran here yet, or the state folder is a wrong one.
    """
    settings = load_settings(config)
    url = settings.control.journal
    file = settings.state / "journal.db"
    if url is None and not (file.exists() and file.stat().st_size):
        raise PermanentError(
            f"there is no journal in {settings.state}: nothing ran here yet; start it with `aiops up`, or name its "
            "state folder with --config FILE or AIOPS_STATE"
        )
    journal = SqlJournal(url or sqlite_url(settings.state))
    return Installation(settings, journal, SqlJournalReader(journal.engine))


def person(name: str | None) -> str:
    """Name of the person who gives a command: ``name``, else USER@HOST of this machine."""
    return name or f"{getpass.getuser()}@{socket.gethostname()}"


def run_command(command: Callable[[], CommandResult]) -> CommandResult:
    """Run ``command``. A refused command gives a one-line error and exit code 1 or 2."""
    try:
        return command()
    except (UnknownError, NotNowError) as error:
        typer.echo(f"aiops: {error}", err=True)
        raise typer.Exit(Exit.NO) from error
    except WrongError as error:
        typer.echo(f"aiops: {error}", err=True)
        raise typer.Exit(Exit.USAGE) from error


def show(word: CommandResult, *, as_json: bool) -> None:
    """Print the result of a command, as text or JSON."""
    typer.echo(json.dumps(asdict(word)) if as_json else word.text)


def plain(words: str) -> str:
    """External text with terminal control characters made visible."""
    return visible_text(words)
