"""The journal's contract over a real PostgreSQL, and what only a server can do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import text

from aiops.adapters.journal.budget import SqlBudgetStore
from aiops.adapters.journal.journal import SqlJournal
from aiops.model.errors import TemporaryError
from aiops.ports import BudgetStore
from tests.contracts.budgets import BudgetContract
from tests.contracts.journals import ROLE, JournalContract, Store, transaction
from tests.contracts.sqljournals import store_at
from tests.servers import free_port


class TestPostgresqlJournal(JournalContract):
    @pytest.fixture
    def store(self, empty_postgres: str) -> Iterator[Store]:
        with ExitStack() as stack:
            yield store_at(empty_postgres, stack)


class TestPostgresqlBudget(BudgetContract):
    @pytest.fixture
    def store(self, empty_postgres: str) -> Iterator[BudgetStore]:
        journal = SqlJournal(empty_postgres)
        yield SqlBudgetStore(journal.engine)
        journal.close()


def test_a_server_that_is_not_there_is_temporary() -> None:
    """Nobody listens at the address: that may pass, and the text says what to look at."""
    with pytest.raises(TemporaryError, match="reachable"):
        SqlJournal(f"postgresql://aiops@127.0.0.1:{free_port()}/postgres")


def test_a_lost_connection_is_temporary_and_the_next_commit_works(empty_postgres: str) -> None:
    """The server ends our sessions: what was asked fails or is repeated, nothing is lost or doubled."""
    journal, other = SqlJournal(f"{empty_postgres}&application_name=victim"), SqlJournal(empty_postgres)
    epoch = journal.claim(ROLE, "a")
    journal.commit([transaction(epoch, 1)])
    with other.engine.begin() as connection:
        kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'victim'"
        assert connection.execute(text(kill)).all()
    for _ in range(2):
        try:
            journal.commit([transaction(epoch, 2)])
            break
        except TemporaryError:
            continue
    assert journal.recover().sequence == 2
    journal.close()
    other.close()


def test_a_writer_that_hangs_in_a_transaction_does_not_keep_the_next_one_out(empty_postgres: str) -> None:
    """A stopped orchestrator holds the epoch's row; the server ends its session and the claim goes through."""
    stuck, next_ = SqlJournal(empty_postgres), SqlJournal(empty_postgres)
    stuck.claim(ROLE, "stuck")
    with stuck.engine.connect() as connection:
        connection.execute(text("SET idle_in_transaction_session_timeout = '1s'"))
        connection.execute(text("SELECT epoch FROM epoch FOR UPDATE"))
        assert next_.claim(ROLE, "next") == 2
        connection.invalidate()
    stuck.close()
    next_.close()
