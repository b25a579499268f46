"""Counts the processes of a shard that died soon after their start, one after the other, over their deaths."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Final

import structlog

from aiops.adapters.atomic_files import replace_file

_LOG = structlog.get_logger(__name__)
LONG_SECONDS: Final = 60.0
"""A process that lives this long did not die of what it read first."""


def short_lives(file: Path, long_seconds: float = LONG_SECONDS) -> int:
    """How many processes before this one died within ``long_seconds``; call it once, at the start.

    A file that cannot be read or written counts as none.
    """
    count = _read(file)
    _write(file, count + 1)
    timer = threading.Timer(long_seconds, _write, (file, 0))
    timer.daemon = True
    timer.start()
    return count


def _read(file: Path) -> int:
    try:
        return max(0, int(file.read_text()))
    except (OSError, ValueError):
        return 0


def _write(file: Path, count: int) -> None:
    try:
        replace_file(file, [str(count).encode()])
    except OSError as error:
        _LOG.warning("short_lives_not_noted", reason=str(error))
