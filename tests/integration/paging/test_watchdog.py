"""The watchdog as a process, beside a runtime that is killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aiops.adapters.paging.spool import Spool, spool_folder
from aiops.adapters.watchdog import Configuration, beat, rest, start, stop
from aiops.model.incidents import Priority
from aiops.model.pages import Page
from aiops.model.prose import NOTHING, Prose
from aiops.settings import Paging

_ROOT = Path(__file__).parents[3]
_QUICK = ("--stale-seconds", "1.5", "--every-seconds", "0.05")
_RUNTIME = """
import sys, time
from pathlib import Path
from aiops.model.errors import AiopsError
from aiops.settings import Paging
from aiops.adapters.watchdog import Configuration, beat, start
folder = Path(sys.argv[1])
if len(sys.argv) > 2:
    start(folder, Configuration(paging=Paging(levels=((sys.argv[2],),))), options=sys.argv[3:])
while True:
    beat(folder, time.time_ns())
    time.sleep(0.1)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    stop(tmp_path)


def runtime(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", _RUNTIME, str(folder), *arguments], cwd=_ROOT)


def pages(folder: Path) -> list[dict[str, Any]]:
    file = folder / "told.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def wait_for(what: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_a_killed_runtime_is_paged_once_and_its_return_is_told(folder: Path) -> None:
    """SIGKILL of the runtime that started it: the watchdog lives on, pages once, and gives the all-clear."""
    first = runtime(folder, (folder / "told.jsonl").as_uri(), *_QUICK)
    wait_for(lambda: (folder / "watchdog.lock").exists() and (folder / "watchdog.lock").read_text().isdigit())
    time.sleep(2.5)
    assert pages(folder) == []
    first.send_signal(signal.SIGKILL)
    first.wait()
    wait_for(lambda: len(pages(folder)) == 1)
    time.sleep(1.0)
    assert [page["priority"] for page in pages(folder)] == ["P1"]
    again = runtime(folder)
    try:
        wait_for(lambda: len(pages(folder)) == 2)
        assert "back" in pages(folder)[1]["title"]
    finally:
        again.kill()
        again.wait()
    wait_for(lambda: len(pages(folder)) == 3)
    assert len({page["key"] for page in pages(folder)}) == 3


def test_pages_that_nobody_sent_are_sent_by_the_watchdog(folder: Path) -> None:
    """The runtime spooled a page and died before it was sent: the watchdog sends it, next level included."""
    page = Page(
        key="incident-1/stuck/0",
        work_item="incident-1",
        level=0,
        at=0,
        priority=Priority.P2,
        title=Prose("checkout is abnormal"),
        broken=Prose("checkout"),
        matters=NOTHING,
        affected=(),
        causes=(),
        tried=(),
        asks=Prose("look"),
    )
    Spool(spool_folder(folder)).add(page)
    levels = (((folder / "missing" / "file").as_uri(),), ((folder / "told.jsonl").as_uri(),))
    start(folder, Configuration(paging=Paging(levels=levels, retry_seconds=0.1, attempts=2)), options=_QUICK)
    wait_for(lambda: {told["key"] for told in pages(folder)} >= {page.key} and len(pages(folder)) == 2)
    assert {told["level"] for told in pages(folder)} == {1}
    wait_for(lambda: Spool(spool_folder(folder)).undelivered() == [])
    time.sleep(0.5)
    assert len(pages(folder)) == 2


def test_only_one_watchdog_runs_a_folder(folder: Path) -> None:
    """A second process for the same folder ends at once; ``start`` puts a new one in the old one's place."""
    configuration = Configuration(paging=Paging(levels=(((folder / "told.jsonl").as_uri(),),)))
    one = start(folder, configuration)
    wait_for(lambda: (folder / "watchdog.lock").exists() and (folder / "watchdog.lock").read_text() == str(one))
    command = [sys.executable, "-m", "aiops.adapters.watchdog", "--state", str(folder)]
    second = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 1
    assert "runs already" in second.stdout + second.stderr
    other = start(folder, configuration)
    wait_for(lambda: (folder / "watchdog.lock").read_text() == str(other))
    assert stop(folder)
    assert not stop(folder)


def test_a_watchdog_that_was_killed_leaves_nothing_in_the_way(folder: Path) -> None:
    """SIGKILL of the watchdog: the next one starts, and its configuration is for the owner's eyes only."""
    configuration = Configuration(paging=Paging(levels=(((folder / "told.jsonl").as_uri(),),)))
    one = start(folder, configuration)
    wait_for(lambda: (folder / "watchdog.lock").exists() and (folder / "watchdog.lock").read_text() == str(one))
    os.kill(one, signal.SIGKILL)
    os.waitpid(one, 0)
    other = start(folder, configuration)
    wait_for(lambda: (folder / "watchdog.lock").read_text() == str(other))
    assert (folder / "watchdog.json").stat().st_mode & 0o077 == 0


def test_a_watchdog_ends_with_its_folder(tmp_path: Path) -> None:
    """The state folder was removed: there is nothing left to watch, and no process stays behind."""
    folder = tmp_path / "state"
    pid = start(folder, Configuration(paging=Paging(levels=(((tmp_path / "told.jsonl").as_uri(),),))), options=_QUICK)
    wait_for(lambda: (folder / "watchdog.lock").exists() and (folder / "watchdog.lock").read_text() == str(pid))
    shutil.rmtree(folder)
    wait_for(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid)


def test_a_runtime_at_rest_is_left_in_peace(folder: Path) -> None:
    """Stopped on purpose: nobody is paged; the next beat and silence after it count again."""
    start(folder, Configuration(paging=Paging(levels=(((folder / "told.jsonl").as_uri(),),))), options=_QUICK)
    rest(folder, time.time_ns())
    time.sleep(4.0)
    assert pages(folder) == []
    beat(folder, time.time_ns())
    wait_for(lambda: len(pages(folder)) == 1)
