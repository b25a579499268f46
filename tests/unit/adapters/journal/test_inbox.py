from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine

from aiops.adapters.journal.engine import open_engine, sqlite_url
from aiops.adapters.journal.inbox import SqlInbox, insert_or_ignore
from aiops.adapters.journal.tables import INBOX
from aiops.model.errors import AiopsError
from aiops.model.journal import HaltState, InboxRow
from aiops.model.prose import Prose

ROW = InboxRow("approve/INC-1/ann", 5, "command", '{"a": 1}', "ann")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(sqlite_url(tmp_path))
    yield made
    made.dispose()


@pytest.fixture
def inbox(engine: Engine) -> SqlInbox:
    return SqlInbox(engine)


def test_a_row_comes_back_with_its_number(inbox: SqlInbox) -> None:
    """As it was given, with the number that the journal gave it."""
    assert inbox.append(ROW)
    assert inbox.read_inbox(0) == [replace(ROW, number=1)]


def test_a_key_is_taken_once_a_domain(inbox: SqlInbox) -> None:
    """The second row with a key is not written, whatever it says; another domain has its own keys."""
    assert inbox.append(ROW)
    assert not inbox.append(replace(ROW, body="{}", who="eve"))
    assert inbox.append(replace(ROW, domain="shop"))
    assert [row.who for row in inbox.read_inbox(0)] == ["ann"]
    assert [row.domain for row in inbox.read_inbox(0, domain="shop")] == ["shop"]


def test_another_process_sees_a_row_at_once(inbox: SqlInbox, tmp_path: Path) -> None:
    """A row is durable when ``append`` returns: a second connection reads it."""
    inbox.append(ROW)
    other = open_engine(sqlite_url(tmp_path))
    assert SqlInbox(other).has(ROW.key)
    other.dispose()


@pytest.mark.parametrize(
    "key", ["", "k" * 40_000, "ü" * 3000, "nul \0", "\ud800", "a'; DROP TABLE inbox; --", "\\json:x"]
)
def test_hostile_keys_come_back_whole(inbox: SqlInbox, key: str) -> None:
    """Long, empty, with NUL or half a surrogate pair: found by its key and read back as it was."""
    assert inbox.append(replace(ROW, key=key, who=key, body=key))
    assert inbox.has(key)
    assert not inbox.has(key + "x")
    (row,) = inbox.read_inbox(0)
    assert (row.key, row.who, row.body) == (key, key, key)


def test_rows_are_read_in_order_after_a_number(inbox: SqlInbox) -> None:
    """At most ``limit`` of them, none twice."""
    for n in range(5):
        inbox.append(replace(ROW, key=f"k{n}"))
    assert [row.key for row in inbox.read_inbox(1, limit=2)] == ["k1", "k2"]
    assert [row.key for row in inbox.read_inbox(3)] == ["k3", "k4"]
    assert inbox.read_inbox(5) == []


def test_the_latest_of_a_kind(inbox: SqlInbox) -> None:
    """Kinds and domains do not mix."""
    for n, kind in enumerate(("scale", "command", "scale", "command")):
        inbox.append(replace(ROW, key=f"k{n}", kind=kind))
    found = inbox.latest("scale")
    assert found is not None
    assert found.key == "k2"
    assert inbox.latest("outcome") is None
    assert inbox.latest("scale", "shop") is None


def test_nobody_halted_is_generation_zero(inbox: SqlInbox) -> None:
    """Zero means that nothing was ever written."""
    assert inbox.halt_state() == HaltState(0, halted=False)


def test_halt_generations_rise_whatever_is_given(inbox: SqlInbox) -> None:
    """The generation that the caller states is ignored, also after a resume, and domains count for themselves."""
    first = inbox.set_halt(HaltState(9, halted=True, who="ann", at=5, reason=Prose("odd")))
    second = inbox.set_halt(HaltState(0, halted=False, who="bob", at=6))
    assert (first, second.generation) == (HaltState(1, halted=True, who="ann", at=5, reason=Prose("odd")), 2)
    assert inbox.halt_state() == second
    assert inbox.set_halt(HaltState(0, halted=True), "shop").generation == 1


def test_an_epoch_that_nobody_claimed_is_zero(inbox: SqlInbox) -> None:
    """Executors compare with it before each effect."""
    assert inbox.epoch("orchestrator") == 0


def test_the_insert_tells_whether_it_was_new(engine: Engine) -> None:
    """The primary key of a new row, and no row for one that was there."""
    values = {"domain": "d", "key": "k", "at": 1, "kind": "c", "body": "{}", "who": "w"}
    with engine.begin() as connection:
        assert connection.execute(insert_or_ignore(connection, INBOX, values)).first() == (1,)
        assert connection.execute(insert_or_ignore(connection, INBOX, values)).first() is None


def test_a_database_without_tables_is_an_error_of_ours(tmp_path: Path) -> None:
    """The driver's error is translated, with what was tried."""
    bare = create_engine(f"sqlite:///{tmp_path / 'bare.db'}")
    inbox = SqlInbox(bare)
    for call in (lambda: inbox.append(ROW), lambda: inbox.has("k"), lambda: inbox.read_inbox(0), inbox.halt_state):
        with pytest.raises(AiopsError, match=r"cannot (write to|read) the"):
            call()
    bare.dispose()
