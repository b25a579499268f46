"""`aiops replay` from the command line, in process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aiops.cli.exits import Exit
from aiops.cli.main import main
from tests.unit.recordings.small import write


def run(*words: str) -> int:
    """The exit code."""
    with pytest.raises(SystemExit) as ended:
        main(["replay", *words])
    return int(ended.value.code or 0)


def test_incidents_are_printed_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line each for people; all of it in the folder of results."""
    recording = write(tmp_path / "small")
    assert run(str(recording), "--in-process", "--out", str(tmp_path / "out")) == Exit.OK
    text = capsys.readouterr().out
    assert "small: 92 records in process" in text
    assert "cart" in text
    assert (tmp_path / "out" / "incidents.jsonl").exists()


def test_json_is_the_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For programs."""
    recording = write(tmp_path / "small")
    assert run(str(recording), "--in-process", "--json", "--out", str(tmp_path / "out")) == Exit.OK
    summary = json.loads(capsys.readouterr().out)
    assert summary == json.loads((tmp_path / "out" / "replay.json").read_text())


def test_what_is_no_recording_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 3, with the file."""
    assert run(str(tmp_path), "--in-process") == Exit.FAILED
    assert "recording.yaml: there is no such file" in capsys.readouterr().err


def test_a_broken_line_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With file and line."""
    recording = write(tmp_path / "small")
    (recording / "changes.jsonl").write_text("{}\n{\n")
    assert run(str(recording), "--in-process", "--out", str(tmp_path / "out")) == Exit.FAILED
    assert "changes.jsonl:1: a CloudEvent in a recording needs a time" in capsys.readouterr().err
