"""Named points at which a test may kill the process it is in. Inactive unless ``settings.fail_points`` is set.

A test arms a point by writing a number to ``FOLDER/NAME``; the process that passes it for that many-th time removes
the file and kills itself, so whoever starts again lives.
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
        """Dies here by SIGKILL when the point is armed and its number is reached."""
        armed = self._folder / name
        if not armed.exists():
            return
        self._passed[name] = self._passed.get(name, 0) + 1
        if self._passed[name] >= int(armed.read_text() or "1"):
            armed.unlink(missing_ok=True)
            os.kill(os.getpid(), signal.SIGKILL)


def open_fail_points(settings: Settings) -> Callable[[str], None]:
    """Only where a test asked for them."""
    if not settings.fail_points:
        return lambda _: None
    return FailPoints(settings.state / "fail-points")


def arm(folder: Path, name: str, number: int = 1) -> None:
    """The process that passes ``name`` for the ``number``-th time from now on dies there."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(str(number))
