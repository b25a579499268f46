from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, Row, Table, delete, select

from aiops.adapters.journal.commit_writer import upsert, write
from aiops.adapters.journal.engine import open_engine, sqlite_url
from aiops.adapters.journal.tables import ARCHIVE, DOCUMENT, ENTRY, EPOCH, OUTBOX, POSITION, TIMER
from aiops.control.record.audit_chain import GENESIS, link
from aiops.model.effects import Release
from aiops.model.journal import JournalEntry, Put, Remove, TimerRow, Transaction
from aiops.model.records import TopicPartition
from aiops.ports import ORCHESTRATOR

EMPTY = Transaction("main", 1, ())
PLACE = TopicPartition("aiops.anomalies", 2)


def entry(name: str) -> JournalEntry:
    return JournalEntry(name, 5, "episode", "INC-1", "cause", '{"n": 1}', "[]")


def timer(name: str, due: int = 5) -> TimerRow:
    return TimerRow(name, due, "settle", "INC-1", 3)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = open_engine(sqlite_url(tmp_path))
    yield made
    made.dispose()


def written(engine: Engine, *transactions: Transaction, number: int = 0, digest: str = GENESIS) -> tuple[int, str]:
    """Write one group."""
    with engine.begin() as connection:
        return write(connection, transactions, number, digest=digest)


def rows(engine: Engine, table: Table) -> list[Row[tuple[object, ...]]]:
    with engine.begin() as connection:
        return list(connection.execute(select(table)))


def documents(engine: Engine, table: Table = DOCUMENT) -> dict[tuple[str, str], str]:
    return {(row.kind, row.long or row.key): row.body for row in rows(engine, table)}


def test_entries_are_numbered_and_chained(engine: Engine) -> None:
    """Numbers go on from the last, and each entry carries the digest of the one before."""
    number, digest = written(
        engine,
        replace(EMPTY, entries=(entry("a"), entry("b"))),
        replace(EMPTY, entries=(entry("c"),)),
        number=6,
        digest="d0",
    )
    first = link("d0", entry("a"), 7, domain="main")
    second = link(first, entry("b"), 8, domain="main")
    third = link(second, entry("c"), 9, domain="main")
    assert (number, digest) == (9, third)
    assert [(row.number, row.event_id, row.previous, row.digest) for row in rows(engine, ENTRY)] == [
        (7, "a", "d0", first),
        (8, "b", first, second),
        (9, "c", second, third),
    ]


def test_an_empty_group_changes_nothing(engine: Engine) -> None:
    """Neither number nor digest moves, and no table has a row."""
    assert written(engine, EMPTY, number=4, digest="d") == (4, "d")
    assert not any(rows(engine, table) for table in (ENTRY, DOCUMENT, ARCHIVE, TIMER, OUTBOX, POSITION))


def test_documents_are_put_changed_and_removed(engine: Engine) -> None:
    """Over several groups: what was put last is there."""
    written(engine, replace(EMPTY, documents=(Put("incident", "1", "a"), Put("incident", "2", "b"))))
    written(engine, replace(EMPTY, documents=(Put("incident", "1", "c"), Remove("incident", "2"), Remove("x", "y"))))
    assert documents(engine) == {("incident", "1"): "c"}
    assert documents(engine, ARCHIVE) == {}


@pytest.mark.parametrize("together", [True, False])
def test_the_archive_gets_the_last_body(engine: Engine, *, together: bool) -> None:
    """Whether it was put in the same group or in one before."""
    groups: list[tuple[Put | Remove, ...]] = [
        (Put("incident", "1", "old"), Put("incident", "1", "last")),
        (Remove("incident", "1", archive=True),),
    ]
    if together:
        groups = [groups[0] + groups[1]]
    for group in groups:
        written(engine, replace(EMPTY, documents=group))
    assert documents(engine) == {}
    assert documents(engine, ARCHIVE) == {("incident", "1"): "last"}


def test_what_is_archived_twice_is_there_once(engine: Engine) -> None:
    """With its newest body; what was never there is not archived."""
    for body in ("one", "two"):
        written(engine, replace(EMPTY, documents=(Put("i", "1", body), Remove("i", "1", archive=True))))
    written(engine, replace(EMPTY, documents=(Remove("i", "1", archive=True), Remove("i", "9", archive=True))))
    assert documents(engine, ARCHIVE) == {("i", "1"): "two"}


def test_a_hostile_body_reaches_the_archive_whole(engine: Engine) -> None:
    """A stored body is read back as it was given before it moves on."""
    written(engine, replace(EMPTY, documents=(Put("i", "k" * 900, "nul \0 \ud800"),)))
    written(engine, replace(EMPTY, documents=(Remove("i", "k" * 900, archive=True),)))
    assert documents(engine, ARCHIVE) == {("i", "k" * 900): "nul \0 \ud800"}


def test_a_timer_ends_as_the_group_ends(engine: Engine) -> None:
    """Set and gone: gone. Gone and set again: set, with the new time."""
    group = (
        replace(EMPTY, timers_set=(timer("a"), timer("b"))),
        replace(EMPTY, timers_gone=("a", "b", "never")),
        replace(EMPTY, timers_set=(timer("b", 9),)),
    )
    written(engine, *group)
    assert [(row.id, row.due) for row in rows(engine, TIMER)] == [("b", 9)]


def test_within_one_transaction_a_timer_that_goes_and_is_set_is_set(engine: Engine) -> None:
    """A timer that fired may set itself again."""
    written(engine, replace(EMPTY, timers_set=(timer("a"),)))
    written(engine, replace(EMPTY, timers_set=(timer("a", 8),), timers_gone=("a",)))
    assert [(row.id, row.due) for row in rows(engine, TIMER)] == [("a", 8)]


def test_the_outbox_keeps_what_is_pending(engine: Engine) -> None:
    """Done in the same group: never written. Done later: gone. Of one key the newest effect stays."""
    written(
        engine,
        replace(EMPTY, effects=(Release("a", "r1"), Release("b", "r1"), Release("c", "r1"))),
        replace(EMPTY, effects_done=("a",), effects=(Release("c", "r2"),)),
    )
    assert {row.key: '"r2"' in row.body for row in rows(engine, OUTBOX)} == {"b": False, "c": True}
    written(engine, replace(EMPTY, effects_done=("b", "c")))
    assert rows(engine, OUTBOX) == []


def test_positions_go_where_the_last_transaction_says(engine: Engine) -> None:
    """One row a partition."""
    written(engine, replace(EMPTY, positions={PLACE: 5}), replace(EMPTY, positions={PLACE: 7}))
    written(engine, replace(EMPTY, positions={PLACE: 6, TopicPartition("t", 0): 2**40}))
    assert {(row.topic, row.partition): row.next for row in rows(engine, POSITION)} == {
        ("aiops.anomalies", 2): 6,
        ("t", 0): 2**40,
    }


def test_the_inbox_number_never_goes_back(engine: Engine) -> None:
    """The highest of a group, and never below what was read before."""
    with engine.begin() as connection:
        row = {"domain": "main", "role": ORCHESTRATOR, "epoch": 1, "holder": "me", "inbox": 0}
        connection.execute(upsert("sqlite", EPOCH, ("domain", "role"), changed=("epoch",)), [row])
    seen = []
    for group in ((5, 3), (4,), (9,)):
        written(engine, *(replace(EMPTY, inbox=number) for number in group))
        seen.append(rows(engine, EPOCH)[0].inbox)
    assert seen == [5, 5, 9]


def test_domains_share_no_row(engine: Engine) -> None:
    """The same keys in two domains."""
    for domain in ("main", "shop"):
        written(engine, replace(EMPTY, domain=domain, documents=(Put("i", "1", domain),), timers_set=(timer("t"),)))
    written(engine, replace(EMPTY, domain="shop", documents=(Remove("i", "1"),), timers_gone=("t",)))
    assert documents(engine) == {("i", "1"): "main"}
    assert [row.domain for row in rows(engine, TIMER)] == ["main"]


def test_one_statement_a_table_and_dialect() -> None:
    """The hot path finds its statement by identity."""
    first, again = (upsert("sqlite", TIMER, ("domain", "id"), changed=("due",)) for _ in range(2))
    assert first is again
    assert "ON CONFLICT" in str(upsert("postgresql", TIMER, ("domain", "id"), changed=("due",)).compile())


CHANGES = st.lists(
    st.one_of(
        st.builds(Put, st.just("i"), st.sampled_from("abc"), st.text(max_size=3)),
        st.builds(Remove, st.just("i"), st.sampled_from("abc"), st.booleans()),
    ),
    max_size=8,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(CHANGES, max_size=3))
def test_groups_end_as_one_change_after_the_other(engine: Engine, groups: list[list[Put | Remove]]) -> None:
    """Folding a group never changes the outcome: open and archived documents are those of a plain dictionary."""
    with engine.begin() as connection:
        connection.execute(delete(DOCUMENT))
        connection.execute(delete(ARCHIVE))
    open_: dict[str, str] = {}
    archived: dict[str, str] = {}
    for group in groups:
        written(engine, replace(EMPTY, documents=tuple(group)))
        for change in group:
            if isinstance(change, Put):
                open_[change.key] = change.body
            elif (body := open_.pop(change.key, None)) is not None and change.archive:
                archived[change.key] = body
    assert {key: body for (_, key), body in documents(engine).items()} == open_
    assert {key: body for (_, key), body in documents(engine, ARCHIVE).items()} == archived
