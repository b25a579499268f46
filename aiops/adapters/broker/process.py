"""A process that outlives its parent: known by its id and its start, so that a reused id is never taken for it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from aiops.adapters.atomic_files import replace_file

_POLL_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Process:
    """A process of this machine.

    Args:
        pid: its id, which the system gives away again after its end.
        started: clock ticks from boot to its start (field 22 of /proc/PID/stat), which tell it from a later owner.
        boot: the boot that the ticks count from.
    """

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> Self | None:
        """The process that has this id now; None if none has, or it is dead and only waits to be reaped."""
        try:
            # The second field is the name in brackets, which may itself hold spaces and brackets.
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        except (OSError, ValueError):
            return None
        if fields[0] in {"Z", "X"}:
            return None
        return cls(pid, int(fields[19]), _boot())

    @property
    def is_alive(self) -> bool:
        return Process.of(self.pid) == self

    @property
    def memory_bytes(self) -> int:
        """Resident memory; 0 if it is dead."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="utf-8").split()[1])
        except OSError:
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, if it is still the same process."""
        if self.is_alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def ended_within(self, seconds: float) -> bool:
        """Wait for its end; whether it came in time."""
        deadline = time.monotonic() + seconds
        while self.is_alive:
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SECONDS)
        return True


def launch(command: Sequence[str], folder: Path, output: Path) -> Process | None:
    """Start a command in a session of its own, its words going to `output`; None if it ended at once."""
    with output.open("wb") as words:
        child = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            close_fds=True,
        )
    threading.Thread(target=child.wait, daemon=True).start()  # reaps it, should it end before we do
    return Process.of(child.pid)


def remember(process: Process, path: Path) -> None:
    """Write a pid file, all of it or nothing."""
    replace_file(path, [json.dumps(asdict(process)).encode()])


def remembered(path: Path) -> Process | None:
    """The process of a pid file, if it is alive; a broken file counts as none."""
    try:
        process = Process(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return process if process.is_alive else None


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    except OSError:
        return ""
