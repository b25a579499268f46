"""Wrong files, wrong folders, wrong words: each is one clear sentence and an exit code, never a traceback."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from aiops.cli import main as program
from aiops.cli.exits import Exit
from tests.servers import free_port

Run = Callable[..., tuple[int, str, str]]
NOISE = os.urandom(3000) + b"\xff\xfe"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A caller of the program in a folder with files of all wrong kinds; code, output, errors."""
    (tmp_path / "noise").write_bytes(NOISE)
    (tmp_path / "noise.csv").write_bytes(NOISE)
    (tmp_path / "empty.csv").touch()
    (tmp_path / "noise.parquet").write_bytes(NOISE)
    (tmp_path / "folder" / "runbooks").mkdir(parents=True)
    (tmp_path / "broken.yaml").write_text("data:\n  shards: [1\n  b: {")
    (tmp_path / "list.yaml").write_text("- 1\n")
    (tmp_path / "no-group.yaml").write_text("kafka:\n")
    (tmp_path / "good.csv").write_text(
        "timestamp,value\n" + "".join(f"2024-01-01T00:{m:02d}:00Z,{m % 3}\n" for m in range(60))
    )
    monkeypatch.setenv("AIOPS_STATE", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            program.main(arguments)
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return call


@pytest.mark.parametrize("command", [("incidents",), ("ledger",), ("halt",), ("up",), ("broker", "status")])
@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("missing.yaml", "no such file"),
        ("noise", "not YAML"),
        ("folder", "directory"),
        ("broken.yaml", "broken.yaml:3: not YAML"),
        ("list.yaml", "expected groups of settings"),
    ],
)
def test_settings_that_are_none(run: Run, command: tuple[str, ...], file: str, told: str) -> None:
    """One line that names the file, and the line in it."""
    code, _, err = run(*command, "--config", file)

    assert code == Exit.FAILED
    assert (err.startswith(f"aiops: {file}"), told in err, err.count("\n")) == (True, True, 1), err


def test_a_group_that_is_empty_and_a_broker_from_the_environment(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`kafka:` with nothing below it is what a person leaves behind who commented all of it out."""
    monkeypatch.setenv("AIOPS_KAFKA", f"127.0.0.1:{free_port()}")
    code, _, err = run("dead-letters", "list", "--config", "no-group.yaml")
    assert (code, "AIOPS_KAFKA=host:port" in err) == (Exit.LATER, True)
    monkeypatch.setenv("AIOPS_DATA__SHARDS", "[")
    code, _, err = run("incidents")
    assert (code, "AIOPS_DATA__SHARDS" in err) == (Exit.FAILED, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("detect", "missing.csv"), "missing.csv: no such file"),
        (("detect", "noise.csv"), "noise.csv: not a table"),
        (("detect", "empty.csv"), "empty.csv: not a table"),
        (("detect", "noise.parquet"), "noise.parquet: not a table"),
        (("detect", "folder"), "folder/*.csv"),
        (("detect", "good.csv", "--scores", "/proc/none/scores.csv"), "/proc/none"),
        (("detect", "good.csv", "--plot", "/proc/none.png"), "/proc/none.png"),
        (("diagnose", "noise"), "noise/case.json"),
        (("diagnose", "folder"), "folder/case.json"),
        (("replay", "noise"), "noise/recording.yaml"),
        (("replay", "folder"), "folder/recording.yaml"),
        (("simulate", "noise"), "no scenario 'noise'"),
        (("simulate", "broken.yaml"), "broken.yaml:3"),
        (("policy", "test", "--bundle", "missing"), "missing is not a folder"),
        (("policy", "approve", "--bundle", "good.csv"), "good.csv is not a folder"),
        (("audit", "verify", "--checkpoint", "noise"), "aiops up"),
        (("dashboards", "push", "--grafana", "http://127.0.0.1:1", "--token", "x"), "does not answer"),
    ],
)
def test_a_wrong_file_is_named(run: Run, words: tuple[str, ...], told: str) -> None:
    """Input that is none, and places that cannot be written."""
    code, _, err = run(*words)

    assert code in {Exit.FAILED, Exit.LATER}
    assert told in err
    assert err.count("\n") == 1, err


def test_a_fact_that_is_none_names_those_that_are(run: Run) -> None:
    """`aiops policy explain` with a typing error."""
    code, _, err = run("policy", "explain", "restart", "cart", "critical=yes")
    assert (code, "criticality" in err) == (Exit.USAGE, True)


def test_a_state_folder_that_is_damaged(run: Run, tmp_path: Path) -> None:
    """A journal that is none, an empty one, a status that is none: what it is, and what to do."""
    state = tmp_path / "state"
    state.mkdir()
    journal = state / "journal.db"
    for command in (("incidents",), ("halt",), ("audit", "verify"), ("approve", "INC-1")):
        journal.write_bytes(NOISE)
        code, _, err = run(*command)
        assert (code, "control.journal" in err, err.count("\n")) == (Exit.FAILED, True, 1), err
        journal.write_bytes(b"")
        code, _, err = run(*command)
        assert (code, "nothing ran here yet" in err) == (Exit.FAILED, True)
    for status in (NOISE, b"[]", b"{}", b"null"):
        (state / "status.json").write_bytes(status)
        code, _, err = run("ledger")
        assert (code, "`aiops up` writes it anew" in err) == (Exit.FAILED, True)
        assert run("doctor")[0] == Exit.NO


def test_the_broker_of_a_state_folder_is_looked_for_in_it(run: Run, tmp_path: Path) -> None:
    """Not in the user's own."""
    code, out, _ = run("broker", "status")
    assert (code, str(tmp_path / "state" / "broker") in out) == (Exit.NO, True)
