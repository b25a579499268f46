"""Commands of people by command line: what each writes into the journal's inbox, and under whose name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from aiops.adapters.journal.journal import SqlJournal
from aiops.cli.exits import Exit
from aiops.cli.incident_commands import acknowledge, approve, close, reject, scale, suppress, take_over
from aiops.control.state.documents import plan_version
from aiops.model.codec import decode
from aiops.model.events import CommandGiven
from aiops.model.plans import Oversight
from tests.unit.cli.commands import call, journal_of_loop
from tests.unit.console.estate import hand_over, waiting
from tests.unit.control.fakes import Loop

ON_INCIDENTS: list[Callable[..., object]] = [approve, reject, acknowledge, take_over, close, suppress]


@pytest.fixture
def loop() -> Loop:
    """INC-1 waits for approval."""
    return waiting(Oversight.ONE_APPROVER, "pay")


@pytest.fixture
def journal(state: Path, loop: Loop) -> SqlJournal:
    """Its journal, as the process left it."""
    return journal_of_loop(state, loop)


def given(journal: SqlJournal) -> list[CommandGiven]:
    """Commands in the inbox."""
    return [decode(CommandGiven, row.body) for row in journal.read_inbox(0)]


def seen(loop: Loop) -> str:
    """The plan that waits, as the page names it."""
    return plan_version(loop.runtime.orchestrator.state.work["INC-1"])


# -------------------------------------------------------------------------------------------------------- approving


def test_an_approval_names_the_plan_that_was_seen(journal: SqlJournal, loop: Loop) -> None:
    """And what it rests on."""
    done = call(approve, "INC-1", "--seen", seen(loop), "--as", "ann")
    assert done.code == Exit.OK
    (command,) = given(journal)
    plan, _, version = seen(loop).rpartition("@")
    assert (command.command, command.subject) == ("approve", "INC-1")
    assert (command.arguments["plan"], command.arguments["version"]) == (plan, version)
    assert [row.who for row in journal.read_inbox(0)] == ["ann"]


@pytest.mark.parametrize("other", ["INC-1-p9@1", "@", "INC-1", ""])
def test_an_approval_of_another_plan_is_refused(journal: SqlJournal, other: str) -> None:
    """The person looks again; nothing is written."""
    done = call(approve, "INC-1", "--seen", other, "--as", "ann")
    assert done.code in {Exit.NO, Exit.USAGE}
    assert done.err.startswith("aiops: ")
    assert given(journal) == []


def test_what_is_recorded_is_told_as_text_or_json(journal: SqlJournal) -> None:
    """Programs read whether it is new."""
    assert "restart pay" in call(approve, "INC-1", "--as", "ann").out
    assert call(approve, "INC-1", "--as", "ann", "--json").json["new"] is False
    assert call(approve, "INC-1", "--as", "bob", "--json").json["new"] is True


def test_an_approval_is_carried_out_by_the_orchestrator(journal: SqlJournal, loop: Loop) -> None:
    """The row that the command wrote begins the plan."""
    call(approve, "INC-1", "--as", "ann")
    for row in journal.read_inbox(0):
        loop.journal.append(row)
    hand_over(loop)
    assert loop.incidents == {"INC-1": "resolved"}


# ----------------------------------------------------------------------------------------------------------- others


def test_a_rejection_has_a_reason(journal: SqlJournal) -> None:
    """As it was written."""
    assert call(reject, "INC-1", "--reason", "not at noon", "--as", "ann").code == Exit.OK
    (command,) = given(journal)
    assert (command.command, command.arguments["reason"]) == ("reject", "not at noon")


def test_an_acknowledgement_may_name_the_page(journal: SqlJournal) -> None:
    """The key that the page shows."""
    assert call(acknowledge, "INC-1/approval-1/0", "--as", "ann").code == Exit.OK
    (command,) = given(journal)
    assert command.command == "acknowledge"


@pytest.mark.parametrize(("minutes", "code"), [("30", Exit.OK), ("10080", Exit.OK), ("10081", Exit.USAGE),
                                               ("0", Exit.USAGE), ("nan", Exit.USAGE), ("inf", Exit.USAGE),
                                               ("x", Exit.USAGE)])  # fmt: skip
def test_a_suppression_ends_within_a_week(journal: SqlJournal, minutes: str, code: Exit) -> None:
    """Only a sensible one is written."""
    assert call(suppress, "INC-1", "--minutes", minutes, "--as", "ann").code == code
    assert len(given(journal)) == (code is Exit.OK)


@pytest.mark.parametrize("command", [take_over, close], ids=["take-over", "close"])
def test_what_does_not_fit_is_refused_in_one_line(journal: SqlJournal, command: Callable[..., object]) -> None:
    """No plan is stuck, and the incident is not escalated."""
    done = call(command, "INC-1", "--as", "ann")
    assert (done.code, done.out, done.err.count("\n")) == (Exit.NO, "", 1)
    assert given(journal) == []


@pytest.mark.parametrize("command", ON_INCIDENTS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("name", ["INC-9", "inc-1", "../journal", "\x1b[31m"])
def test_an_unknown_incident_is_refused_by_every_command(
    journal: SqlJournal, command: Callable[..., object], name: str
) -> None:
    """Its name is told without what a terminal would obey."""
    done = call(command, name, "--as", "ann")
    assert done.code in {Exit.NO, Exit.USAGE}
    assert "\x1b" not in done.err
    assert given(journal) == []


@pytest.mark.parametrize("command", ON_INCIDENTS, ids=lambda one: one.__name__)
def test_no_command_makes_a_journal_where_nothing_ran(state: Path, command: Callable[..., object]) -> None:
    """It names the folder in which it looked."""
    done = call(command, "INC-1")
    assert done.code == Exit.FAILED
    assert str(state) in str(done.error)
    assert list(state.iterdir()) == []


def test_without_a_name_it_is_the_user_of_this_machine(journal: SqlJournal) -> None:
    """USER@HOST, so that the story says who."""
    call(approve, "INC-1")
    (row,) = journal.read_inbox(0)
    assert row.who.count("@") == 1
    assert not row.who.startswith("@")


# ----------------------------------------------------------------------------------------------------------- scale


def test_the_wanted_number_of_shards_is_one_row(journal: SqlJournal) -> None:
    """The newest counts; each is a row of its own."""
    for shards in ("2", "3"):
        assert call(scale, "--shards", shards, "--as", "ann").code == Exit.OK
    rows = [row for row in journal.read_inbox(0) if row.kind == "scale"]
    assert [json.loads(row.body)["shards"] for row in rows] == [2, 3]


@pytest.mark.parametrize("shards", ["0", "-1", "9999", "1.5", ""])
def test_a_number_out_of_range_is_refused(journal: SqlJournal, shards: str) -> None:
    """More than one shard a slot has nothing to do."""
    assert call(scale, "--shards", shards, "--as", "ann").code == Exit.USAGE
    assert journal.read_inbox(0) == []
