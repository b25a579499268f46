"""What commands share: the settings, the journal of this installation, who is asking, and how times are printed."""

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
from aiops.console.telling import CommandResult, NotNowError, Switch, UnknownError, WrongError
from aiops.model.display_text import visible_text
from aiops.model.errors import PermanentError
from aiops.settings import Settings

Config = Annotated[
    Path | None, typer.Option(help="Settings; else $AIOPS_CONFIG, else ./aiops.yaml, else defaults.", metavar="FILE")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Reason = Annotated[str, typer.Option(help="Why, in a sentence; it is kept in the journal.")]
As = Annotated[str | None, typer.Option("--as", help="Name to sign with instead of USER@HOST.", metavar="NAME")]


@dataclass(frozen=True, slots=True)
class Installation:
    """The runtime's memory as a command sees it; the runtime itself need not run."""

    settings: Settings
    journal: SqlJournal
    reader: SqlJournalReader

    @property
    def switch(self) -> Switch:
        """Halts and resumes."""
        return Switch(self.journal, SystemClock(), self.settings.domain)


def open_installation(config: Path | None) -> Installation:
    """The journal that the settings name.

    Raises:
        PermanentError: there is none yet, so nothing ever ran here: a wrong folder, most probably.
    """
    settings = load_settings(config)
    url = settings.control.journal
    file = settings.state / "journal.db"
    if url is None and not (file.exists() and file.stat().st_size):
        raise PermanentError(
            f"there is no journal in {settings.state}: nothing ran here yet; start it with `aiops up`, or say where it "
            "is with --config FILE or AIOPS_STATE"
        )
    journal = SqlJournal(url or sqlite_url(settings.state))
    return Installation(settings, journal, SqlJournalReader(journal.engine))


def person(name: str | None) -> str:
    """Who gives a command: ``name``, else the user of this machine."""
    return name or f"{getpass.getuser()}@{socket.gethostname()}"


def told(command: Callable[[], CommandResult]) -> CommandResult:
    """Give a command; one that cannot be is one line and an exit code."""
    try:
        return command()
    except (UnknownError, NotNowError) as error:
        typer.echo(f"aiops: {error}", err=True)
        raise typer.Exit(Exit.NO) from error
    except WrongError as error:
        typer.echo(f"aiops: {error}", err=True)
        raise typer.Exit(Exit.USAGE) from error


def show(word: CommandResult, *, as_json: bool) -> None:
    """Print what became of a command."""
    typer.echo(json.dumps(asdict(word)) if as_json else word.text)


def plain(words: str) -> str:
    """Text from outside without what a terminal would obey."""
    return visible_text(words)
