"""What detect, diagnose and replay print for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aiops.cli import detect, diagnose, replay
from aiops.cli.exits import Exit
from aiops.model.diagnoses import ChangeSuspect, Diagnosis, Evidence, Hypothesis, Impact
from aiops.model.errors import PermanentError
from aiops.model.prose import Prose
from tests.unit.cli.commands import NOW, call

SECOND = 1_000_000_000


@pytest.fixture
def tables(tmp_path: Path) -> list[Path]:
    """Two tables: one with a jump of half an hour, one without."""
    found = []
    for name, jump in (("bad", 100), ("good", 0)):
        rows = [f"{1_600_000_000 + 60 * k},{k % 7 + (jump if 900 <= k < 930 else 0)}" for k in range(1000)]
        found.append(tmp_path / f"{name}.csv")
        found[-1].write_text("time,load\n" + "\n".join(rows) + "\n")
    return found


def test_detect_prints_a_line_a_table_and_an_episode(tables: list[Path]) -> None:
    """Rows, series, and of each episode its entity, times, peak and what explains it."""
    ended = call(detect.run, *map(str, tables))
    assert ended.code == Exit.OK
    bad, episode, good = ended.out.splitlines()
    assert bad == f"{tables[0]}: 1000 rows, 1 series, 1 episodes"
    assert episode.startswith("  1    bad: 2020-09-14T03:26:40Z to ") or "bad: 2020-09-14T03:26:40Z to " in episode
    assert ": load (" in episode
    assert good == f"{tables[1]}: 1000 rows, 1 series, 0 episodes"


def test_scores_of_several_tables_need_a_folder(tables: list[Path], tmp_path: Path) -> None:
    """Each table has its own file of the same name; without a slash it is a folder all the same."""
    assert call(detect.run, *map(str, tables), "--scores", str(tmp_path / "out")).code == Exit.OK
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["bad.csv", "good.csv"]


def test_a_picture_is_of_one_table(tables: list[Path], tmp_path: Path) -> None:
    """Two tables and one picture are refused before anything is read."""
    ended = call(detect.run, *map(str, tables), "--plot", str(tmp_path / "p.png"))
    assert isinstance(ended.error, PermanentError)
    assert ended.out == ""


@pytest.mark.parametrize("words", [(), ("--learn-until",), ("--odd",)])
def test_detect_without_a_table_is_wrong_usage(words: tuple[str, ...]) -> None:
    """Exit code 2."""
    assert call(detect.run, *words).code == Exit.USAGE


def diagnosis(**fields: Any) -> Diagnosis:
    """Two causes with evidence for and against."""
    evidence = tuple(
        Evidence(f"e{n}", n != 1, Prose(f"reason {n}"), "metric", NOW, NOW, 1.0)
        for n in range(fields.pop("evidence", 2))
    )
    values: dict[str, Any] = {
        "hypotheses": (Hypothesis("db", 0.7, "saturation", evidence), Hypothesis("web", 0.1, "crash", ())),
        "impact": (),
        "changes": (),
        "unknown": False,
        "onset": NOW,
    } | fields
    return Diagnosis("case-1", 1, NOW, p_unknown=0.15, p_rest=0.05, **values)


def test_a_diagnosis_names_cause_time_and_chances() -> None:
    """The first line is the answer; what speaks against a cause has a minus."""
    assert diagnose.as_text(diagnosis(), 0.5).splitlines() == [
        "case-1: db (saturation), since 2023-11-14T22:13:20Z  (0.50 s)",
        "  1. db  70%  saturation",
        "     + reason 0",
        "     - reason 1",
        "  2. web  10%  crash",
        "  unknown 15%, others 5%",
    ]


def test_an_unknown_cause_names_nobody_first() -> None:
    """Whatever is ranked; a time that was not found is said."""
    first = diagnose.as_text(diagnosis(unknown=True, onset=0), 0.0).splitlines()[0]
    assert first == "case-1: cause unknown, since an unknown time  (0.00 s)"
    assert diagnose.as_text(diagnosis(unknown=True, hypotheses=()), 0.0).splitlines()[1] == "  unknown 15%, others 5%"


def test_impact_and_changes_are_cut() -> None:
    """Five items with what they cost, and how many more; three changes; five reasons; three causes."""
    impact = tuple(Impact(f"s{n}", Prose("at risk"), 2.5 * n) for n in range(8))
    changes = tuple(ChangeSuspect(f"c{n}", "db", 0.5, Prose("30 s before")) for n in range(5))
    lines = diagnose.as_text(diagnosis(impact=impact, changes=changes, evidence=9), 0.0).splitlines()
    assert lines[lines.index("  impact") + 1 : lines.index("  impact") + 7] == [
        "     s0: at risk",
        "     s1: at risk, 2.5 a minute",
        "     s2: at risk, 5 a minute",
        "     s3: at risk, 7.5 a minute",
        "     s4: at risk, 10 a minute",
        "     … and 3 more",
    ]
    assert lines[-3:] == [f"     c{n} on db  50%  30 s before" for n in range(3)]
    assert sum("reason" in line for line in lines) == 5


@pytest.mark.parametrize("onset", ["noon", "", "2024-13-01T00:00:00Z", "-1"])
def test_an_onset_that_is_no_time_is_wrong_usage(tmp_path: Path, onset: str) -> None:
    """Told before anything is read."""
    assert call(diagnose.diagnose, str(tmp_path), "--onset", onset).code == Exit.USAGE


def test_an_unknown_ranker_names_those_that_exist(tmp_path: Path) -> None:
    """Exit code 3."""
    ended = call(diagnose.diagnose, str(tmp_path), "--ranker", "oracle")
    assert isinstance(ended.error, PermanentError)
    assert "known are earliest, random, severest, walk, weighed" in str(ended.error)


def found(number: int, **fields: Any) -> dict[str, Any]:
    """An incident as results have it."""
    return {
        "id": f"INC-{number}",
        "opened_at": "2024-01-01T00:00:00.5Z",
        "unknown": False,
        "causes": [{"entity": "db"}],
        "outcome": "",
        "state": "open",
    } | fields


def test_a_replay_prints_a_line_an_incident() -> None:
    """Cause and outcome, or that it is unknown and the state; at most forty, and where all of it is."""
    summary = {
        "recording": "day", "records": 92, "through": "in process", "seconds": 1.25, "ledger_difference": 0,
    }  # fmt: skip
    many = [found(1), found(2, unknown=True, outcome="healed"), found(3, causes=[])] + [found(n) for n in range(4, 44)]
    lines = replay.as_text(many, summary, Path("out")).splitlines()
    assert lines[0] == "day: 92 records in process in 1.2 s, 43 incidents, ledger difference 0"
    assert lines[1].split() == ["2024-01-01T00:00:00", "INC-1", "db", "open"]
    assert lines[2].split() == ["2024-01-01T00:00:00", "INC-2", "cause", "unknown", "healed"]
    assert lines[3].split()[2:] == ["cause", "unknown", "open"]
    assert (len(lines), lines[-2], lines[-1]) == (43, "  … and 3 more", "all incidents: out/incidents.jsonl")


@pytest.mark.parametrize("words", [("--speed", "0"), ("--speed", "-1"), ("--speed", "fast"), ()])
def test_a_replay_of_nothing_or_at_no_speed_is_wrong_usage(words: tuple[str, ...], tmp_path: Path) -> None:
    """Exit code 2."""
    arguments = (str(tmp_path), *words) if words else ()
    assert call(replay.replay, *arguments).code == Exit.USAGE
