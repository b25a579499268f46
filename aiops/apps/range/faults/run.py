"""One fault from its begin to its end: the truth is written, it happens, it is undone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiops.apps.range.estate import Estate
from aiops.apps.range.faults.acts import ACTS, obstacle
from aiops.apps.range.faults.scene import Act, Scene
from aiops.model.errors import AiopsError, PermanentError
from aiops.model.reports import Change
from simulations.range.faults.registry import kind_of
from simulations.range.faults.targets import checked
from simulations.range.faults.truth import FaultEnd, FaultTruth, line, truth_of

_TICK_SECONDS: Final = 1.0
Announce = Callable[[Change], None]


@dataclass(frozen=True, slots=True)
class Inflicted:
    """A fault that happens."""

    truth: FaultTruth
    act: Act
    file: Path
    begun: float
    """Monotonic time after which it had begun, seconds."""

    def tick(self) -> None:
        """To be called each second."""
        self.act.tick(time.monotonic() - self.begun)

    def end(self) -> FaultEnd:
        """Undo what is left of it, and write its end."""
        healed = self.act.end()
        ended = FaultEnd(self.truth.id, time.time_ns(), healed)
        _append(self.file, line(ended))
        return ended


def begin(estate: Estate, name: str, target: str = "", *, seconds: float | None, announce: Announce) -> Inflicted:
    """Write the truth about a fault, and make it happen.

    Args:
        estate: one that runs.
        name: of the kind.
        target: what it happens to; empty: the first that is possible.
        seconds: how long; None: as long as usual.
        announce: publishes the change that comes with it.

    Raises:
        PermanentError: there is no such kind, it cannot happen to the target, or not on this machine; nothing happened.
    """
    kind = kind_of(name)
    target = checked(kind, target, estate.plan)
    why = obstacle(kind, target, estate.plan)
    if why:
        raise PermanentError(f"skipped: {why}")
    length = kind.seconds if seconds is None else seconds
    truth = truth_of(kind, target, estate.plan, onset=time.time_ns(), seconds=length)
    act = ACTS[kind.name](Scene(estate, truth, announce))
    _append(estate.folder.truth, line(truth))
    inflicted = Inflicted(truth, act, estate.folder.truth, time.monotonic())
    try:
        act.begin()
    except AiopsError:
        inflicted.end()
        raise
    return inflicted


def wait_out(inflicted: Inflicted, stop: Callable[[float], bool]) -> FaultEnd:
    """Let a fault last for its time, and end it, whatever happens.

    Args:
        inflicted: what happens.
        stop: waits for some seconds; True: the fault is to end now.
    """
    try:
        while (left := inflicted.begun + inflicted.truth.seconds - time.monotonic()) > 0:
            if stop(min(_TICK_SECONDS, left)):
                break
            inflicted.tick()
    finally:
        ended = inflicted.end()
    return ended


def _append(file: Path, text: str) -> None:
    with file.open("a", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
