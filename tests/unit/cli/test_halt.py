from __future__ import annotations

from pathlib import Path

import pytest

from aiops.cli.exits import Exit
from aiops.cli.halt import halt, resume
from aiops.model.errors import PermanentError
from tests.unit.cli.commands import call, journal_of


def test_a_halt_is_durable_when_the_command_ends(state: Path) -> None:
    """The table has the next generation with name and reason, though nothing runs."""
    journal = journal_of(state)
    ended = call(halt, "--reason", "odd pages", "--as", "ann")
    assert (ended.code, "generation 1" in ended.out) == (Exit.OK, True)
    written = journal.halt_state()
    assert (written.generation, written.halted, written.who, written.reason) == (1, True, "ann", "odd pages")


def test_a_second_halt_is_written_too(state: Path) -> None:
    """A stop is never taken for a repeat."""
    journal = journal_of(state)
    for generation in (1, 2):
        told = call(halt, "--json").json
        assert (f"generation {generation}" in told["text"], told["new"]) == (True, True)
    assert journal.halt_state().generation == 2


def test_a_resume_lets_actions_begin_again(state: Path) -> None:
    """Once; the second time it says that nothing was halted, and is no error."""
    journal = journal_of(state)
    call(halt)
    assert "resumed (generation 2)" in call(resume, "--as", "bob").out
    assert (journal.halt_state().halted, journal.halt_state().who) == (False, "bob")
    again = call(resume, "--json")
    assert (again.code, again.json["new"]) == (Exit.OK, False)
    assert journal.halt_state().generation == 2


def test_without_a_name_the_machines_user_signs(state: Path) -> None:
    """USER@HOST."""
    journal = journal_of(state)
    call(halt)
    assert "@" in journal.halt_state().who


@pytest.mark.parametrize("words", [("--as", "x" * 201), ("--as", " "), ("--reason", "r" * 501)])
def test_a_name_or_reason_that_cannot_be_kept_is_wrong_usage(state: Path, words: tuple[str, ...]) -> None:
    """Either it is halted, or exit code 2 with the reason: it never looks halted and is not."""
    journal = journal_of(state)
    ended = call(halt, *words)
    assert (ended.code == Exit.OK) == journal.halt_state().halted
    assert ended.code in {Exit.OK, Exit.USAGE}
    assert ended.code == Exit.OK or ended.err.startswith("aiops: ")


def test_where_nothing_ran_nothing_is_made(state: Path) -> None:
    """A halt in the wrong folder is an error, and leaves no journal behind."""
    ended = call(halt)
    assert isinstance(ended.error, PermanentError)
    assert "nothing ran here yet" in str(ended.error)
    assert list(state.iterdir()) == []
