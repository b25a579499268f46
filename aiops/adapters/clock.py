"""The clocks of the runtime."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path

from aiops.ports import Clock
from aiops.settings import Settings

_FORM = struct.Struct("<q")


class SystemClock:
    """``Clock`` of the operating system."""

    def now(self) -> int:
        """Nanoseconds since 1970 UTC."""
        return time.time_ns()


class RecordedClock:
    """``Clock`` of a replay: reads the time that the replay last wrote to a file of eight bytes on this machine."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDONLY)

    def now(self) -> int:
        """Nanoseconds since 1970 UTC, of the recording."""
        return int(_FORM.unpack(os.pread(self._file, _FORM.size, 0))[0])


class RecordedTime(RecordedClock):
    """The writing side of ``RecordedClock``, for the replay."""

    def __init__(self, path: Path, at: int) -> None:
        self._out = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self.set(at)
        super().__init__(path)

    def set(self, at: int) -> None:
        """Set the time to ``at``, ns UTC."""
        os.pwrite(self._out, _FORM.pack(at), 0)


def open_clock(settings: Settings) -> Clock:
    """The system's clock, or in a replay the recording's clock."""
    return SystemClock() if settings.clock is None else RecordedClock(settings.clock)
