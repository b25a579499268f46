from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aiops.apps.doctor_findings import DoctorFinding, Level
from aiops.cli import doctor
from aiops.cli.doctor import run
from aiops.cli.exits import Exit
from aiops.model.errors import PermanentError
from tests.unit.cli.commands import call

FINE = DoctorFinding(Level.OK, "journal", "answers")
WARNED = DoctorFinding(Level.WARN, "disk", "1 GB is free", "make room")
FAILED = DoctorFinding(Level.FAIL, "kafka", "does not answer", "start it")


@pytest.fixture
def found(state: Path, monkeypatch: pytest.MonkeyPatch) -> list[DoctorFinding]:
    """What the examination finds; the test fills it in."""
    findings: list[DoctorFinding] = []
    monkeypatch.setattr(doctor, "examine", lambda *_, **__: iter(findings))
    return findings


def test_each_finding_is_a_line_with_what_to_do(found: list[DoctorFinding]) -> None:
    """Level, subject, what, and below it the advice where there is one."""
    found += [FINE, WARNED]
    ended = call(run)
    assert ended.code == Exit.OK
    assert ended.out.splitlines() == [
        "OK    journal  answers",
        "WARN  disk     1 GB is free",
        "               -> make room",
    ]


@pytest.mark.parametrize(
    ("findings", "code"), [([FINE], Exit.OK), ([WARNED], Exit.OK), ([FINE, FAILED], Exit.NO), ([], Exit.OK)]
)
def test_only_a_failure_is_a_no(found: list[DoctorFinding], findings: list[DoctorFinding], code: Exit) -> None:
    """A warning leaves the exit code at 0."""
    found += findings
    ended = call(run, "--json")
    assert ended.code == code
    assert [one["level"] for one in ended.json] == [one.level.value for one in findings]


def test_json_has_all_of_a_finding(found: list[DoctorFinding]) -> None:
    """For programs that tell a person."""
    found.append(FAILED)
    assert call(run, "--json").json == [
        {"level": "FAIL", "about": "kafka", "what": "does not answer", "do": "start it"}
    ]


def test_settings_that_are_wrong_are_findings(state: Path) -> None:
    """Each wrong field is a line of its own, and exit code 1 rather than 3: doctor always answers."""
    (state.parent / "aiops.yaml").write_text("data:\n  shards: -1\n  colour: red\n")
    ended = call(run, "--json")
    assert ended.code == Exit.NO
    assert [(one["level"], one["about"]) for one in ended.json] == [("FAIL", "settings")] * 2
    assert "aiops.yaml:2: data.shards" in ended.json[0]["what"]


def test_pages_are_sent_only_when_asked(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is woken by a look."""
    asked: list[bool] = []

    def examine(*_: Any, page: bool) -> Iterator[DoctorFinding]:
        asked.append(page)
        yield FINE

    monkeypatch.setattr(doctor, "examine", examine)
    call(run)
    call(run, "--page")
    assert asked == [False, True]


def test_an_examination_that_cannot_go_on_is_a_finding(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of ours in its middle ends in a FAIL line."""

    def examine(*_: Any, page: bool) -> Iterator[DoctorFinding]:
        yield FINE
        raise PermanentError("status.json is no status")

    monkeypatch.setattr(doctor, "examine", examine)
    ended = call(run)
    assert (ended.code, "FAIL  settings status.json is no status" in ended.out) == (Exit.NO, True)
