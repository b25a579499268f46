"""`aiops breakers`: what refuses actions, and how a person closes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from aiops.adapters.journal.engine import sqlite_url
from aiops.adapters.journal.journal import SqlJournal
from aiops.cli.breakers import app
from aiops.cli.exits import Exit
from aiops.control.state.documents import BreakerRecord
from aiops.model.codec import decode, encode
from aiops.model.events import CommandGiven
from aiops.model.journal import JournalEntry, Put, Transaction
from aiops.model.prose import Prose
from aiops.ports import ORCHESTRATOR
from remediations.breakers import Breaker, Position
from tests.unit.cli.commands import NOW, call

OPEN = Breaker(Position.OPEN, opened_at=NOW, why=Prose("did harm once"))


@pytest.fixture
def journal(state: Path) -> SqlJournal:
    """One open breaker, one whose trial is running, one that is closed."""
    sql = SqlJournal(sqlite_url(state))
    breakers = {
        "target:web": OPEN,
        "action:restart": Breaker(Position.HALF_OPEN, opened_at=NOW, trial=True, why=Prose("4 of 5 failed")),
        "global": Breaker(),
    }
    puts = tuple(Put("breaker", name, encode(BreakerRecord(name, held))) for name, held in breakers.items())
    entry = JournalEntry("e", NOW, "episode", "", "", "{}", "[]")
    sql.commit([Transaction("main", sql.claim(ORCHESTRATOR, "test"), (entry,), puts)])
    return sql


@pytest.mark.usefixtures("journal")
def test_the_list_names_what_refuses_actions_and_why() -> None:
    """Closed breakers are left out."""
    done = call(app, "list")
    assert done.code == Exit.OK
    assert done.out.splitlines() == [
        "action:restart: half-open since 2023-11-14T22:13:20+00:00, its trial is running: 4 of 5 failed",
        "target:web: open since 2023-11-14T22:13:20+00:00: did harm once",
    ]
    rows = call(app, "list", "--json").json
    assert [(row["name"], row["trial"]) for row in rows] == [("action:restart", True), ("target:web", False)]


def test_without_an_open_breaker_the_list_says_so(state: Path) -> None:
    """An empty answer could be a mistake."""
    SqlJournal(sqlite_url(state)).claim(ORCHESTRATOR, "test")
    assert call(app, "list").out == "all breakers are closed\n"


def test_a_reset_is_a_row_with_who_and_why(journal: SqlJournal) -> None:
    """The orchestrator carries it out."""
    done = call(app, "reset", "target:web", "--reason", "fixed by hand", "--as", "ann")
    assert (done.code, done.out) == (Exit.OK, "target:web: reset by ann; it was open: did harm once\n")
    (row,) = journal.read_inbox(0)
    command = decode(CommandGiven, row.body)
    assert (command.command, command.subject, command.who) == ("reset-breaker", "target:web", "ann")
    assert command.arguments == {"reason": "fixed by hand"}


@pytest.mark.parametrize("name", ["global", "target:db", ""])
def test_what_is_not_open_is_not_reset(journal: SqlJournal, name: str) -> None:
    """The answer names the list; nothing is written."""
    done = call(app, "reset", name, "--reason", "x", "--as", "ann")
    assert done.code == Exit.NO
    assert "aiops breakers list" in done.err
    assert journal.read_inbox(0) == []


def test_a_reset_needs_a_reason(journal: SqlJournal) -> None:
    """Neither a missing nor an empty one is enough."""
    assert call(app, "reset", "target:web", "--as", "ann").code == Exit.USAGE
    assert call(app, "reset", "target:web", "--reason", " ", "--as", "ann").code == Exit.USAGE
    assert journal.read_inbox(0) == []
