"""The watchdog: a plain process outside Ray, Kafka and the journal that pages when the runtime's heartbeat is old.

The runtime calls ``beat`` every second. When it has not for 30 s, somebody is paged, once an outage, through the same
channels and spool, and told again when it is over. While the runtime is out the watchdog also sends what the spool
holds and nobody received. It is started by ``start``, survives its parent, and runs once a state folder.

Age is measured by the watchdog's own monotonic clock since the heartbeat last changed, so that a wall clock that jumps
is no outage.
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
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from aiops.adapters.paging.channels import open_levels
from aiops.adapters.paging.pager import SpoolingPager
from aiops.adapters.paging.spool import Spool, spool_folder
from aiops.model.entities import MAIN_DOMAIN, RUNTIME_ENTITY
from aiops.model.errors import AiopsError, PermanentError
from aiops.model.incidents import Priority
from aiops.model.pages import Delivery, Page
from aiops.model.prose import Prose
from aiops.model.times import rfc3339
from aiops.settings import Paging

_LOG = structlog.get_logger(__name__)
STALE_SECONDS = 30.0
_CODE = Path(__file__).parents[2]
"""Where the packages are, for a checkout that is not installed."""
_HEARTBEAT, _CONFIGURATION, _LOCK = "heartbeat.json", "watchdog.json", "watchdog.lock"


class Beat(BaseModel):
    """What the runtime says of itself."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: int
    """When it was alive, ns UTC."""
    resting: bool = False
    """It was stopped on purpose: silence is no outage until the next beat."""


class Configuration(BaseModel):
    """What the watchdog needs to know, in a file that only its owner reads: channels hold tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    paging: Paging
    domain: str = MAIN_DOMAIN


# ------------------------------------------------------------------------------------------------ for the runtime


def beat(folder: Path, at: int) -> None:
    """The runtime is alive; call it every second."""
    _write(folder / _HEARTBEAT, Beat(at=at).model_dump_json())


def rest(folder: Path, at: int) -> None:
    """The runtime is stopped on purpose."""
    _write(folder / _HEARTBEAT, Beat(at=at, resting=True).model_dump_json())


def start(folder: Path, configuration: Configuration, *, options: Sequence[str] = ()) -> int:
    """Start a watchdog of its own session, in place of one that runs; its process id. From now on silence counts.

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
        # A console is of use only where somebody looks; a pipe would be held open for ever.
        errors = None if sys.stderr.isatty() else log
        process = subprocess.Popen(
            command, start_new_session=True, stdin=subprocess.DEVNULL, stdout=log, stderr=errors, cwd=_CODE
        )
    return process.pid


def stop(folder: Path, timeout_seconds: float = 10.0) -> bool:
    """End the watchdog of this folder; False: none was running."""
    deadline, found = time.monotonic() + timeout_seconds, False
    while (pid := _running(folder)) is not None and time.monotonic() < deadline:
        found = True
        if pid:
            os.kill(pid, signal.SIGTERM)
        time.sleep(0.02)
    return found


# ------------------------------------------------------------------------------------------------------- its core


@dataclass(frozen=True, slots=True)
class Now:
    """Both clocks at one moment."""

    monotonic: float
    at: int


class OutageWatch:
    """When somebody must be told. Pure: beats and times in, pages out."""

    def __init__(self, began: Now, stale_seconds: float = STALE_SECONDS, domain: str = MAIN_DOMAIN) -> None:
        self._stale_seconds, self._domain = stale_seconds, domain
        self._last: Beat | None = None
        self._changed, self._began = began.monotonic, began.at
        self._paged: Beat | None = None
        self.out = False

    def look(self, found: Beat | None, now: Now) -> Page | None:
        """The page to be sent now, if any: at the beginning of an outage and at its end."""
        if found is not None and found != self._last:
            # One that was there before us counts as new as well: a runtime that starts beside us needs its time.
            self._last, self._changed = found, now.monotonic
        age = now.monotonic - self._changed
        out = age > self._stale_seconds and not (self._last is not None and self._last.resting)
        if out == self.out:
            return None
        self.out = out
        if out:
            self._paged = self._last
            return self._outage(age, now)
        return self._all_clear(now)

    def _outage(self, age: float, now: Now) -> Page:
        last = self._paged
        seen = f"last seen alive at {rfc3339(last.at)}" if last is not None else "never seen alive"
        return self._page(
            "outage",
            now,
            Priority.P1,
            f"the self-healing runtime has been silent for {age:.0f} s",
            broken=f"The runtime of domain {self._domain} is {seen}.",
            matters="Nothing watches the fleet now: troubles are neither found, healed nor escalated.",
            asks="Look at its host, then: aiops doctor, aiops up. Until then watch the fleet yourself.",
        )

    def _all_clear(self, now: Now) -> Page:
        return self._page(
            "clear",
            now,
            Priority.P4,
            "the self-healing runtime is back",
            broken="Nothing any more: the runtime's heart beats again, or it was stopped on purpose.",
            matters="What happened in the fleet meanwhile is read from the topics now.",
            asks="Nothing; aiops incidents shows what it found.",
        )

    def _page(self, what: str, now: Now, priority: Priority, title: str, **told: str) -> Page:
        last = self._began if self._paged is None else self._paged.at
        return Page(
            key=f"watchdog/{self._domain}/{what}/{last}",
            work_item=RUNTIME_ENTITY,
            level=0,
            at=now.at,
            priority=priority,
            title=Prose(title),
            broken=Prose(told["broken"]),
            matters=Prose(told["matters"]),
            affected=(Prose(RUNTIME_ENTITY),),
            causes=(),
            tried=(),
            asks=Prose(told["asks"]),
            domain=self._domain,
        )


class Climbing:
    """Sends a page level by level until somebody has it; after the last level it begins again later."""

    def __init__(self, pager: SpoolingPager, levels: int, again_seconds: float) -> None:
        self._pager, self._levels, self._again_seconds = pager, levels, again_seconds
        self._lock = threading.Lock()
        self._climbing: dict[str, Page] = {}
        self._not_before: dict[str, float] = {}

    def send(self, page: Page, now: float) -> None:
        """Send it unless it is on its way, or was not to be tried again so soon. ``now``: monotonic, seconds."""
        with self._lock:
            if page.key in self._climbing or now < self._not_before.get(page.key, now):
                return
            if page.key in self._not_before:
                page = replace(page, level=0)
            self._climbing[page.key] = page
        self._pager.page(page, lambda delivery: self._reported(delivery, now))

    def _reported(self, delivery: Delivery, now: float) -> None:
        with self._lock:
            page = self._climbing[delivery.key]
            higher = replace(page, level=page.level + 1)
            if delivery.delivered or higher.level >= self._levels:
                del self._climbing[delivery.key]
                self._not_before[delivery.key] = now + self._again_seconds
                return
            self._climbing[delivery.key] = higher
        self._pager.page(higher, lambda again: self._reported(again, now))


# ---------------------------------------------------------------------------------------------------- the process


class _WallClock:
    def now(self) -> int:
        return time.time_ns()


def watch(folder: Path, stop_: threading.Event, *, stale_seconds: float, every_seconds: float) -> None:
    """Look again and again until ``stop_``, or until the state folder is removed.

    Raises:
        PermanentError: it cannot even begin.
    """
    try:
        configuration = Configuration.model_validate_json((folder / _CONFIGURATION).read_bytes())
    except (OSError, ValidationError) as error:
        raise PermanentError(f"the watchdog has no configuration in {folder}: aiops up writes it") from error
    clock, paging = _WallClock(), configuration.paging
    spool = Spool(spool_folder(folder))
    pager = SpoolingPager(paging, open_levels(paging.levels, clock), spool, clock)
    climbing = Climbing(pager, len(paging.levels), again_seconds=max(60.0, paging.retry_seconds))
    watching = OutageWatch(Now(time.monotonic(), clock.now()), stale_seconds, configuration.domain)
    while not stop_.wait(every_seconds) and (folder / _CONFIGURATION).exists():  # a removed folder needs no watchdog
        now = Now(time.monotonic(), clock.now())
        try:
            page = watching.look(_read(folder), now)
            if page is not None:
                climbing.send(page, now.monotonic)
            if watching.out:
                for left in spool.undelivered():
                    climbing.send(left, now.monotonic)
        except Exception:  # noqa: BLE001 - an actor's loop: whatever fails, it must look again
            _LOG.exception("watchdog_failed")
    pager.close()


def _read(folder: Path) -> Beat | None:
    try:
        return Beat.model_validate_json((folder / _HEARTBEAT).read_bytes())
    except (OSError, ValidationError):
        return None  # nothing new: it ages as if nobody had written


def _write(file: Path, text: str) -> None:
    """Replace a file at once, so that no reader ever sees half of it; only its owner may read it."""
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
    """Process id of the folder's watchdog, 0 while it has not said it, None when none runs."""
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
    parser.add_argument("--stale-seconds", type=float, default=STALE_SECONDS, help="age that is an outage")
    parser.add_argument("--every-seconds", type=float, default=1.0, help="how often to look")
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
