"""`aiops detect` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aiops.cli.exits import Exit
from aiops.cli.main import main


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["detect", *words])
    return int(ended.value.code or 0)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "t.csv"
    rows = [f"{1_600_000_000 + 60 * k},{k % 7 + (100 if 900 <= k < 930 else 0)}" for k in range(1000)]
    path.write_text("time,load\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_json_names_the_episode(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line a table, with the episode's row, times and series."""
    assert run(str(table), "--json") == Exit.OK
    (line,) = capsys.readouterr().out.splitlines()
    (episode,) = json.loads(line)["episodes"]
    assert 901 <= episode["alert_row"] <= 904
    assert episode["from"] == "2020-09-14T03:26:40Z"
    assert episode["series"][0]["series"] == "load"


def test_scores_go_to_a_folder_under_the_tables_name(table: Path, tmp_path: Path) -> None:
    """A target that ends in a slash is a folder, made when it is not there."""
    assert run(str(table), "--scores", f"{tmp_path}/out/") == Exit.OK
    assert len((tmp_path / "out" / "t.csv").read_text(encoding="utf-8").splitlines()) == 1001


def test_learning_all_of_it_finds_nothing(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows that are said to be normal raise no alert."""
    assert run(str(table), "--learn-until", "1000") == Exit.OK
    assert "0 episodes" in capsys.readouterr().out


def test_a_broken_table_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 3 and the place of the error, no traceback."""
    (tmp_path / "b.csv").write_text("time,v\n1600000000,1\n1600000060,2\n1600000120,x\n", encoding="utf-8")
    assert run(str(tmp_path / "b.csv")) == Exit.FAILED
    assert "b.csv, row 3, column v" in capsys.readouterr().err
