"""The journal's contract over the one in memory and the one in SQLite; PostgreSQL is in tests/integration/journal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from aiops.adapters.journal.engine import sqlite_url
from aiops.driver.memory_journal import MemoryJournal
from tests.contracts.journals import JournalContract, Store
from tests.contracts.sqljournals import store_at


class TestMemoryJournal(JournalContract):
    @pytest.fixture
    def store(self) -> Store:
        journal = MemoryJournal()
        return Store(lambda: journal)


class TestSqliteJournal(JournalContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        with ExitStack() as stack:
            yield store_at(sqlite_url(tmp_path), stack)
