from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, bindparam, insert, literal, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from aiops.adapters.journal.engine import open_engine, sqlite_url, translated
from aiops.adapters.journal.statements import _WORDED, first, run
from aiops.adapters.journal.tables import POSITION
from aiops.model.errors import PermanentError

PUT = insert(POSITION)
ADVANCE = update(POSITION).where(POSITION.c.topic == bindparam("of")).values(next=bindparam("to"))
FIND = select(POSITION.c.next).where(POSITION.c.topic == bindparam("of"))
MARKED = select(POSITION.c.next, literal("mark")).where(POSITION.c.topic == bindparam("of"), POSITION.c.partition == 0)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    engine = open_engine(sqlite_url(tmp_path))
    with engine.begin() as found:
        yield found
    engine.dispose()


def row(topic: str, next_: int = 1) -> dict[str, object]:
    return {"domain": "main", "topic": topic, "partition": 0, "next": next_}


def test_rows_are_written_and_found(connection: Connection) -> None:
    """One statement for many rows; a query gives the first, or None."""
    run(connection, PUT, [row("a", 1), row("b", 2)])
    assert first(connection, FIND, {"of": "b"}) == (2,)
    assert first(connection, FIND, {"of": "c"}) is None


def test_parameters_go_by_name(connection: Connection) -> None:
    """Neither the order of a row's names nor that of the columns matters."""
    run(connection, PUT, [{"next": 7, "partition": 0, "topic": "a", "domain": "main"}])
    run(connection, ADVANCE, [{"to": 9, "of": "a"}])
    assert first(connection, FIND, {"of": "a"}) == (9,)


def test_a_statement_brings_its_constants(connection: Connection) -> None:
    """Values that stand in the statement are bound beside those of the row."""
    run(connection, PUT, [row("a", 3)])
    assert first(connection, MARKED, {"of": "a"}) == (3, "mark")


@pytest.mark.parametrize("topic", ["nul \0", "\ud800", "\\json:x", "☃", "'; DROP TABLE position; --"])
def test_texts_are_stored_as_the_tables_store_them(connection: Connection, topic: str) -> None:
    """What this way writes the ORM's way reads, whatever is in the text."""
    run(connection, PUT, [row(topic)])
    assert connection.execute(select(POSITION.c.topic)).scalar_one() == topic
    assert first(connection, FIND, {"of": topic}) == (1,)


def test_a_statement_is_worded_once(connection: Connection) -> None:
    """The same statement with the same names is compiled once, whatever the values are."""
    run(connection, PUT, [row("a")])
    known = len(_WORDED)
    run(connection, PUT, [row("b"), row("c")])
    assert len(_WORDED) == known


def test_the_drivers_errors_come_as_sqlalchemys(connection: Connection) -> None:
    """A key that is taken and a table that is gone are classes that ``translated`` knows."""
    run(connection, PUT, [row("a")])
    with pytest.raises(IntegrityError):
        run(connection, PUT, [row("a")])
    POSITION.drop(connection)
    with pytest.raises(OperationalError):
        first(connection, FIND, {"of": "a"})
    with pytest.raises(PermanentError, match="no such table"), translated("look"):
        run(connection, PUT, [row("b")])


def test_a_failed_row_takes_the_whole_statement_back(connection: Connection) -> None:
    """The transaction is the caller's: after a rollback nothing of the group is there."""
    begun = connection.begin_nested()
    with pytest.raises(DBAPIError):
        run(connection, PUT, [row("a"), row("a")])
    begun.rollback()
    assert first(connection, FIND, {"of": "a"}) is None
