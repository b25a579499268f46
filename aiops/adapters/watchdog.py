"""The watchdog: a plain process outside Ray, Kafka and the journal that pages when the runtime's heartbeat is old.

The runtime calls ``beat`` every second. After 30 s without a beat the watchdog sends a page through the runtime's
channels and spool, once per outage, and another page when the outage is over. During an outage it also sends the
undelivered pages of the spool. ``start`` starts it. It survives its parent. One watchdog runs per state folder.

The age of the heartbeat is measured by the watchdog's monotonic clock since the heartbeat last changed. A jump of the
wall clock is not an outage.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from aiops.adapters.outage import STALE_SECONDS, Beat, Climbing, Now, OutageWatch
from aiops.adapters.paging.channels import open_levels
from aiops.adapters.paging.pager import SpoolingPager
from aiops.adapters.paging.spool import Spool, spool_folder
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.errors import AiopsError, PermanentError
from aiops.settings import Paging

_LOG = structlog.get_logger(__name__)
_CODE = Path(__file__).parents[2]
"""Folder of the packages, for a checkout that is not installed."""
_HEARTBEAT, _CONFIGURATION, _LOCK = "heartbeat.json", "watchdog.json", "watchdog.lock"


class Configuration(BaseModel):
    """The watchdog's configuration. Its file has mode 0600, because channels contain tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    paging: Paging
    domain: str = MAIN_DOMAIN


# ------------------------------------------------------------------------------------------------ for the runtime


def beat(folder: Path, at: int) -> None:
    """Write a heartbeat; the runtime calls this every second. ``at``: ns UTC."""
    _write(folder / _HEARTBEAT, Beat(at=at).model_dump_json())


def rest(folder: Path, at: int) -> None:
    """Write that the runtime was stopped on purpose; the watchdog then reports no outage. ``at``: ns UTC."""
    _write(folder / _HEARTBEAT, Beat(at=at, resting=True).model_dump_json())


def start(folder: Path, configuration: Configuration, *, options: Sequence[str] = ()) -> int:
    """Start a watchdog in its own session, replace a running one, and return its process id.

    Raises:
        PermanentError: a channel cannot be opened.
    """
    open_levels(configuration.paging.levels, _WallClock())
    folder.mkdir(parents=True, exist_ok=True)
    stop(folder)
    beat(folder, time.time_ns())
    _write(folder / _CONFIGURATION, configuration.model_dump_json())
    command = [sys.executable, "-m", "aiops.adapters.watchdog", "--state", str(folder.resolve()), *options]
    with (folder / "watchdog.log").open("ab") as log:
        # Standard error is used only if it is a terminal; a pipe would stay open.
        errors = None if sys.stderr.isatty() else log
        process = subprocess.Popen(
            command, start_new_session=True, stdin=subprocess.DEVNULL, stdout=log, stderr=errors, cwd=_CODE
        )
    return process.pid


def stop(folder: Path, timeout_seconds: float = 10.0) -> bool:
    """Stop the watchdog of this folder. False: none was running."""
    deadline, found = time.monotonic() + timeout_seconds, False
    while (pid := _running(folder)) is not None and time.monotonic() < deadline:
        found = True
        if pid:
            os.kill(pid, signal.SIGTERM)
        time.sleep(0.02)
    return found


# ---------------------------------------------------------------------------------------------------- the process


class _WallClock:
    def now(self) -> int:
        return time.time_ns()


def watch(folder: Path, stop_: threading.Event, *, stale_seconds: float, every_seconds: float) -> None:
    """Check the heartbeat every ``every_seconds`` until ``stop_`` is set or the state folder is removed.

    Raises:
        PermanentError: there is no valid configuration.
    """
    try:
        configuration = Configuration.model_validate_json((folder / _CONFIGURATION).read_bytes())
    except (OSError, ValidationError) as error:
        raise PermanentError(f"the watchdog has no configuration in {folder}: aiops up writes it") from error
    clock, paging = _WallClock(), configuration.paging
    spool = Spool(spool_folder(folder))
    pager = SpoolingPager(paging, open_levels(paging.levels, clock), spool, clock=clock)
    climbing = Climbing(pager, len(paging.levels), again_seconds=max(60.0, paging.retry_seconds))
    watching = OutageWatch(Now(time.monotonic(), clock.now()), stale_seconds, configuration.domain)
    while not stop_.wait(every_seconds) and (folder / _CONFIGURATION).exists():  # a removed folder needs no watchdog
        now = Now(time.monotonic(), clock.now())
        try:
            page = watching.check(_read(folder), now)
            if page is not None:
                climbing.send(page, now.monotonic)
            if watching.out:
                for left in spool.undelivered():
                    climbing.send(left, now.monotonic)
        except Exception:  # noqa: BLE001 - an actor's loop: it must continue after any error
            _LOG.exception("watchdog_failed")
    pager.close()


def _read(folder: Path) -> Beat | None:
    try:
        return Beat.model_validate_json((folder / _HEARTBEAT).read_bytes())
    except (OSError, ValidationError):
        return None  # nothing new: the last heartbeat ages


def _write(file: Path, text: str) -> None:
    """Replace a file atomically, mode 0600: a reader never sees a part of it."""
    fresh = file.with_suffix(f".{os.getpid()}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)
    fresh.replace(file)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    with (folder / _LOCK).open("a+b") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PermanentError(f"a watchdog runs already for {folder}") from error
        lock.truncate(0)
        lock.write(str(os.getpid()).encode())
        lock.flush()
        yield
        lock.truncate(0)


def _running(folder: Path) -> int | None:
    """Process id of the folder's watchdog; 0 until it has written it; None if none runs."""
    try:
        with (folder / _LOCK).open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read() or b"0")
    except FileNotFoundError:
        pass
    return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the watchdog of one state folder."""
    parser = argparse.ArgumentParser(prog="aiops.adapters.watchdog", description=main.__doc__)
    parser.add_argument("--state", type=Path, required=True, help="state folder of the runtime")
    parser.add_argument(
        "--stale-seconds", type=float, default=STALE_SECONDS, help="age of the heartbeat that is an outage"
    )
    parser.add_argument("--every-seconds", type=float, default=1.0, help="seconds between two checks")
    options = parser.parse_args(arguments)
    stop_ = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop_.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        with _only_one(options.state):
            watch(options.state, stop_, stale_seconds=options.stale_seconds, every_seconds=options.every_seconds)
    except AiopsError as error:
        _LOG.error("watchdog_over", reason=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
