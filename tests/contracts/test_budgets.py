"""The budget's contract over the one in memory and the one in SQLite, and what only the database can know."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aiops.adapters.journal.budget import SqlBudgetStore
from aiops.adapters.journal.engine import sqlite_url
from aiops.adapters.journal.journal import SqlJournal
from aiops.ports import BudgetStore
from remediations.budget import MemoryBudget
from tests.contracts.budgets import LIMITS, BudgetContract, asked


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqlJournal]:
    found = SqlJournal(sqlite_url(tmp_path))
    yield found
    found.close()


class TestMemoryBudget(BudgetContract):
    @pytest.fixture
    def store(self) -> BudgetStore:
        return MemoryBudget()


class TestSqliteBudget(BudgetContract):
    @pytest.fixture
    def store(self, journal: SqlJournal) -> BudgetStore:
        return SqlBudgetStore(journal.engine)


def test_an_orchestrator_that_was_replaced_gets_nothing(journal: SqlJournal) -> None:
    """A claim alone fences the old one out; its question leaves no trace, so the new one may ask with that key."""
    store = SqlBudgetStore(journal.engine)
    old, new = journal.claim("orchestrator", "old"), journal.claim("orchestrator", "new")
    refused = store.reserve(asked("a", epoch=old), LIMITS)
    assert not refused.granted
    assert "epoch" in refused.reason
    assert store.reserve(asked("a", epoch=new), LIMITS).granted


def test_reservations_survive_a_restart(journal: SqlJournal, tmp_path: Path) -> None:
    """Another process sees what is held; nothing is freed by going away."""
    assert SqlBudgetStore(journal.engine).reserve(asked("a", 0.4), LIMITS).granted
    journal.close()
    again = SqlJournal(sqlite_url(tmp_path))
    store = SqlBudgetStore(again.engine)
    assert store.spent() == pytest.approx({"zone-a": 0.4})
    assert [row.key for row in store.held("main")] == ["a"]
    again.close()
