"""What only the SQL journal has: assignments, errors in our own words, names that fit any index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.journal.engine import open_engine, sqlite_url
from aiops.adapters.journal.journal import FLEET, SqlJournal
from aiops.adapters.journal.tables import long, short
from aiops.model.errors import FencedOutError, PermanentError, TemporaryError
from aiops.model.journal import InboxRow


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqlJournal]:
    found = SqlJournal(sqlite_url(tmp_path))
    yield found
    found.close()


def test_only_slots_that_move_get_a_new_generation(journal: SqlJournal) -> None:
    """A slot that stays where it is keeps its generation; one that moves gets one higher than any before."""
    epoch = journal.claim(FLEET, "me")
    assert journal.assign(epoch, {0: 0, 1: 0}) == {0: (0, 1), 1: (0, 1)}
    assert journal.assign(epoch, {0: 0, 1: 1}) == {0: (0, 1), 1: (1, 2)}
    assert journal.assign(epoch, {0: 1, 1: 1}) == {0: (1, 3), 1: (1, 2)}
    assert journal.assignment() == {0: (1, 3), 1: (1, 2)}


def test_a_generation_is_never_given_again(journal: SqlJournal) -> None:
    """A slot that was taken away and comes back has a generation that nobody ever had."""
    epoch = journal.claim(FLEET, "me")
    seen = {journal.assign(epoch, {0: 0})[0][1]}
    for _ in range(5):
        assert journal.assign(epoch, {}) == {}
        assert journal.assignment() == {}
        seen.add(journal.assign(epoch, {0: 0})[0][1])
    assert len(seen) == 6


def test_an_old_fleet_cannot_assign(journal: SqlJournal) -> None:
    """Assignments have a role and an epoch of their own."""
    old = journal.claim(FLEET, "old")
    new = journal.claim(FLEET, "new")
    with pytest.raises(FencedOutError):
        journal.assign(old, {0: 0})
    assert journal.assign(new, {0: 0}) == {0: (0, 1)}


def test_the_newest_row_of_a_kind(journal: SqlJournal) -> None:
    """The latest row of one kind, whatever came after it of other kinds."""
    assert journal.latest("scale") is None
    for number, kind in enumerate(("scale", "scale", "command")):
        journal.append(InboxRow(f"k{number}", number, kind, "{}", "me"))
    found = journal.latest("scale")
    assert found is not None
    assert found.key == "k1"


@pytest.mark.parametrize("url", ["mysql://host/x", "nonsense", "", "duckdb:///x"])
def test_another_database_is_refused_with_the_way_out(url: str) -> None:
    """A URL that is neither SQLite nor PostgreSQL is a mistake in the settings."""
    with pytest.raises(PermanentError):
        open_engine(url)


def test_a_folder_that_is_missing_is_our_error(tmp_path: Path) -> None:
    """The file cannot be opened: an error of ours that names the reason."""
    with pytest.raises(TemporaryError, match="unable to open"):
        SqlJournal(sqlite_url(tmp_path / "missing"))


def test_a_file_that_is_no_database_is_permanent(tmp_path: Path) -> None:
    """Trying again does not mend a broken file."""
    (tmp_path / "journal.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(PermanentError):
        SqlJournal(sqlite_url(tmp_path))


@given(st.text(max_size=600), st.text(max_size=600))
def test_short_names_tell_names_apart(one: str, other: str) -> None:
    """Two names have the same indexed form only if they are the same, and it fits an index."""
    assert (short(one) == short(other)) == (one == other)
    assert short(short(one)) != short(one) or long(one) is None
    assert len(short(one).encode()) <= 1200
