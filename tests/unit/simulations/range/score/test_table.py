"""The grades for people and for programs."""

from __future__ import annotations

import json

import pytest

from simulations.range.score.controls import Control
from simulations.range.score.grades import Measured, grade
from simulations.range.score.table import COLUMNS, as_json, cells, summary, table
from tests.unit.simulations.range.score.runs_graded import (
    NAMES,
    ROOT,
    action,
    evidence,
    fault,
    incident,
    measured,
    requests,
)


def healed() -> Measured:
    """Found after 14 s, repaired by the right action; then an event that opens a false incident."""
    said = evidence(incident(614, (ROOT, 0.8)), incident(1210), actions=(action(630),), INC_614=("restart-crashed",))
    failing = requests(lambda second: 602 <= second < 660)
    return measured(fault(), fault("calm", onset=1200), evidence=said, requests=failing, control_alerts=[])


def test_a_row_has_all_figures_of_a_fault() -> None:
    """In the order of the columns."""
    row = dict(zip(COLUMNS, cells(grade(healed(), NAMES).faults[0]), strict=True))
    assert row == {
        "fault": "killed", "target": ROOT, "detected s": "14", "incidents": "1", "root": "1", "p": "0.80",
        "kind": "yes", "runbook": "yes", "action": "right", "users": "repaired", "repaired s": "60", "failed": "116",
        "3 sigma s": "not", "static s": "not",
    }  # fmt: skip


def test_a_harmless_event_has_no_root() -> None:
    """Only what it must not have: incidents and actions."""
    row = cells(grade(healed(), NAMES).faults[1])
    assert [cell for cell in row if cell] == ["calm", "estate-7", "1", "nothing", "not felt", "0"]


def test_what_was_missed_is_said() -> None:
    """Not detected, and not repaired."""
    row = cells(grade(measured(fault(), requests=requests(lambda second: second > 610)), NAMES).faults[0])
    assert row[2:5] == ["not", "0", "-"]
    assert row[9:11] == ["not repaired", "not"]


@pytest.mark.parametrize(
    "line",
    [
        "detected          1 of 1, with one incident 1",
        "root first        1 of 1, among three 1",
        "action right      1 of 1; unsafe actions in the run: 0",
        "repaired          1 of 1 that users felt",
        "false incidents   1 in 0.45 hours of calm; three sigma: 0; static thresholds: 0",
        "failed requests   client 58, visitor 58",
    ],
)
def test_the_summary_counts_real_faults(line: str) -> None:
    """The harmless event is in none of the sums but the false incidents."""
    assert line in summary(grade(healed(), NAMES))


def test_json_has_all_figures() -> None:
    """Also those that are null."""
    found = json.loads(json.dumps(as_json(grade(healed(), NAMES))))
    assert found["faults"][0]["detected"] == 14.0
    assert found["faults"][0]["controls"] == dict.fromkeys(Control)
    assert found["false_an_hour"] == pytest.approx(1 / 0.45)


def test_json_has_no_rate_without_calm() -> None:
    """Infinity is no JSON."""
    run = measured(fault(), since=600 * 10**9, until=700 * 10**9)
    assert as_json(grade(run, NAMES))["false_an_hour"] is None


def test_the_table_has_a_row_for_each() -> None:
    """Harmless events too."""
    assert table(grade(healed(), NAMES)).row_count == 2
