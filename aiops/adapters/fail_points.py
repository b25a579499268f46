"""Named points at which a test may kill the process it is in. Inactive unless ``settings.fail_points`` is set.

A test arms a point by writing a number to ``FOLDER/NAME``; the process that passes the point that many times
removes the file and kills itself. The restarted process survives.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from aiops.settings import Settings


class FailPoints:
    """Callable with a point's name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._passed: dict[str, int] = {}

    def __call__(self, name: str) -> None:
        """Kill this process with SIGKILL if the point is armed and its number is reached."""
        armed = self._folder / name
        if not armed.exists():
            return
        self._passed[name] = self._passed.get(name, 0) + 1
        if self._passed[name] >= int(armed.read_text() or "1"):
            armed.unlink(missing_ok=True)
            os.kill(os.getpid(), signal.SIGKILL)


def open_fail_points(settings: Settings) -> Callable[[str], None]:
    """The fail points if the settings enable them, else a function that does nothing."""
    if not settings.fail_points:
        return lambda _: None
    return FailPoints(settings.state / "fail-points")


def arm(folder: Path, name: str, number: int = 1) -> None:
    """Arm a point: the process that passes ``name`` for the ``number``-th time from now on kills itself."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(str(number))
