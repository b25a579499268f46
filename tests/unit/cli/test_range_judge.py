"""`aiops range judge`: grades are printed and written, and what must never happen is exit code 1."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from aiops.apps.range.judgement import Violation
from aiops.cli.exits import Exit
from aiops.cli.range import app
from aiops.cli.range_judge import judge
from aiops.model.durations import SECOND
from aiops.model.errors import PermanentError
from simulations.range.faults.truth import line as truth_line
from tests.unit.cli.commands import INCIDENT, call, journal_of, line, status_of
from tests.unit.cli.test_range import estate
from tests.unit.simulations.range.score.runs_graded import ROOT, ended, fault

BEGIN = 1_700_000_000


@pytest.fixture
def judged(state: Path) -> Path:
    """The folder of an estate with one fault after 600 s of 1,200, felt from 610 to 640, and found after 20 s."""
    folder = estate(state, 7).folder
    requests = (
        {"at": (BEGIN + n) * SECOND, "user": "client", "path": "/a", "ms": 9, "status": 500 if 610 <= n < 640 else 200}
        for n in range(1_200)
    )
    folder.load.write_text("".join(json.dumps(one) + "\n" for one in requests))
    one = fault(onset=BEGIN + 600)
    folder.truth.write_text(truth_line(one) + truth_line(ended(one)))
    found = replace(INCIDENT, opened_at=(BEGIN + 620) * SECOND, entities=(ROOT,))
    journal_of(state, found)
    status_of(state, line())
    return folder.root


def test_a_run_is_graded_printed_and_written(judged: Path) -> None:
    """The table, the summary, JSON and a page."""
    told = call(app, "judge")
    assert told.code == Exit.OK
    assert "detected          1 of 1, with one incident 1" in told.out
    assert "repaired          1 of 1 that users felt" in told.out
    (one,) = json.loads((judged / "score.json").read_text())["faults"]
    assert (one["detected"], one["repair"], one["repair_seconds"]) == (20.0, "repaired", 40.0)
    assert "<svg" in (judged / "score.html").read_text()


def test_json_is_what_is_written(judged: Path) -> None:
    """One document."""
    assert call(app, "judge", "--json").json == json.loads((judged / "score.json").read_text())


@pytest.mark.usefixtures("judged")
def test_history_is_not_graded() -> None:
    """The fault lies in it."""
    found = call(app, "judge", "--history", "700", "--json").json
    assert (found["faults"], found["calm_hours"]) == ([], pytest.approx(499 / 3600))


def test_a_difference_in_the_ledger_must_never_happen(judged: Path, state: Path) -> None:
    """The grades are written all the same."""
    status_of(state, line(items=21))
    told = call(app, "judge")
    assert (told.code, Violation.LOST in told.err) == (Exit.NO, True)
    assert json.loads((judged / "score.json").read_text())["violations"] == [Violation.LOST]


@pytest.mark.parametrize(("words", "why"), [(("--history", "2000"), "leaves nothing"), ((), "has no requests")])
def test_without_requests_there_is_no_grade(judged: Path, words: tuple[str, ...], why: str) -> None:
    """The message says what is missing."""
    if not words:
        (judged / "load.jsonl").unlink()
    told = call(app, "judge", *words)
    assert isinstance(told.error, PermanentError)
    assert why in str(told.error)


def test_without_a_journal_nothing_was_reported(state: Path) -> None:
    """The runtime never ran there, which is no grade of nothing."""
    with pytest.raises(PermanentError, match="there is no journal"):
        judge(estate(state, 7), None, history=0.0, as_json=False)
