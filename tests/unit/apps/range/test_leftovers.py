"""Processes of an estate, found by their mark."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aiops.apps.range import leftovers
from simulations.range.configuration.supervisord import MARK


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process with the mark of this folder, ready."""
    command = [sys.executable, "-c", "import sys, time; print(1, flush=True); time.sleep(60)"]
    with subprocess.Popen(command, env={**os.environ, MARK: str(tmp_path)}, stdout=subprocess.PIPE) as started:
        assert started.stdout is not None
        started.stdout.readline()
        yield started
        started.kill()


def test_a_process_is_known_by_its_mark(process: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """Of this estate, and of no other."""
    assert [found.pid for found in leftovers.processes(tmp_path)] == [process.pid]
    assert leftovers.processes(tmp_path / "other") == []


def test_what_is_left_is_killed_even_if_it_is_stopped(process: subprocess.Popen[bytes], tmp_path: Path) -> None:
    """A stopped process would not hear another signal."""
    process.send_signal(signal.SIGSTOP)
    assert leftovers.end(tmp_path) == 1
    assert process.wait(5) == -signal.SIGKILL
    assert leftovers.end(tmp_path) == 0
