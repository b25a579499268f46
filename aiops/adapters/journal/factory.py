"""Opens the journal that the settings name."""

from __future__ import annotations

from aiops.adapters.journal.engine import sqlite_url
from aiops.adapters.journal.journal import SqlJournal
from aiops.settings import Settings


def open_journal(settings: Settings) -> SqlJournal:
    """The journal of this installation; makes the state folder."""
    settings.state.mkdir(parents=True, exist_ok=True)
    return SqlJournal(settings.control.journal or sqlite_url(settings.state))
