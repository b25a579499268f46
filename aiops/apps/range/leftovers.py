"""Processes of an estate, found by the mark in their environment, whoever started them."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Final

from aiops.adapters.broker.process import Process
from simulations.range.configuration.supervisord import MARK

_PROC: Final = Path("/proc")


def processes(root: Path) -> list[Process]:
    """All processes of the estate in this run folder."""
    mark = f"{MARK}={root}".encode()
    found = []
    for entry in _PROC.iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:  # it has ended, or it is another user's
            continue
        if mark in environment and (process := Process.of(int(entry.name))) is not None:
            found.append(process)
    return found


def end(root: Path) -> int:
    """Kill what is left of an estate, stopped processes too; the number of processes."""
    found = processes(root)
    for process in found:
        process.signal(signal.SIGKILL)
    for process in found:
        process.ended_within(5.0)
    return len(found)
