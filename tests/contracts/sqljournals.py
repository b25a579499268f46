"""Opens SQL journals for the contract suite."""

from __future__ import annotations

from contextlib import ExitStack

from aiops.adapters.journal.journal import SqlJournal
from aiops.adapters.journal.reader import SqlJournalReader
from tests.contracts.journals import FullJournal, Store


class SqlFullJournal(SqlJournal, SqlJournalReader):
    """Both sides over one engine."""


def store_at(url: str, stack: ExitStack) -> Store:
    """A store at a URL; what is opened is closed with ``stack``."""

    def opened() -> FullJournal:
        journal = SqlFullJournal(url)
        stack.callback(journal.close)
        return journal

    return Store(opened)
