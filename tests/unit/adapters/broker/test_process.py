"""A remembered process is that process and no other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aiops.adapters.broker.process import Process, launch, remember, remembered


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits until it is told to end."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as popen:
        yield popen
        popen.kill()


def test_a_living_process_is_remembered(child: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """What was written to the pid file is found again while it lives."""
    process = Process.of(child.pid)
    assert process is not None
    remember(process, tmp_path / "pid.json")

    assert remembered(tmp_path / "pid.json") == process
    assert process.memory_bytes > 0


def test_a_dead_process_is_not_remembered(child: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """A killed process counts as dead even before its parent has reaped it."""
    process = Process.of(child.pid)
    assert process is not None
    remember(process, tmp_path / "pid.json")
    process.signal(signal.SIGKILL)

    assert process.ended_within(10)
    assert remembered(tmp_path / "pid.json") is None


def test_a_reused_id_is_another_process(child: subprocess.Popen[bytes]) -> None:
    """The same id with another start, or from another boot, is neither alive nor signalled."""
    process = Process.of(child.pid)
    assert process is not None

    for stranger in (replace(process, started=process.started - 1), replace(process, boot="another boot")):
        stranger.signal(signal.SIGKILL)
        assert not stranger.is_alive

    assert child.poll() is None


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"pid": 1}', '{"pid": "x", "started": 0, "boot": ""}'])
def test_a_broken_pid_file_remembers_nothing(tmp_path: Path, content: str | None) -> None:
    """A pid file that is missing, cut or of another shape is no process."""
    path = tmp_path / "pid.json"
    if content is not None:
        path.write_text(content)

    assert remembered(path) is None


def test_a_launched_process_has_a_session_and_an_output_of_its_own(tmp_path: Path) -> None:
    """It does not die with our terminal, and its words go to the file, which each start begins anew."""
    output = tmp_path / "words"
    output.write_text("old words")
    program = "import os, sys; print(os.getsid(0), flush=True); sys.stdin.read(); import time; time.sleep(60)"
    process = launch([sys.executable, "-c", program], tmp_path, output)
    assert process is not None
    while not (words := output.read_text()).endswith("\n"):
        os.sched_yield()
    process.signal(signal.SIGKILL)

    assert words == f"{process.pid}\n"
    assert process.ended_within(10)
