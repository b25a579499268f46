"""Faults of processes: killed, stopped, restarted, and others that take their processors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress

from aiops.apps.range.faults.scene import UP, Scene, wait
from simulations.range.configuration.supervisord import MARK
from simulations.range.estate_plan import COLLECTOR, POSTGRESQL

_DOWN_SECONDS = 8.0
_NOTICED = 5.0
"""Seconds in which supervisord notices the end of a process."""
_BUSY = "while True: pass"


class Killed:
    """SIGKILL for some programs; the end starts those that nobody started."""

    def __init__(self, scene: Scene, names: Sequence[str]) -> None:
        self._scene, self._names = scene, tuple(names)
        self._killed: dict[str, int] = {}

    def begin(self) -> None:
        """Kill."""
        for one in self._scene.processes(self._names):
            if one.pid:
                os.kill(one.pid, signal.SIGKILL)
                self._killed[one.name] = one.pid

    def tick(self, elapsed: float) -> None:
        """They stay dead."""

    def end(self) -> bool:
        """Start what is dead, once supervisord has noticed that it is."""
        wait(lambda: all(one.pid != self._killed.get(one.name) for one in self._scene.processes(self._names)), _NOTICED)
        return not self._scene.start_dead(self._names)


class Stopped:
    """SIGSTOP: sockets stay open, and nothing answers."""

    def __init__(self, scene: Scene, names: Sequence[str]) -> None:
        self._scene, self._names = scene, tuple(names)
        self._stopped: dict[str, int] = {}

    def begin(self) -> None:
        """Stop."""
        for one in self._scene.processes(self._names):
            if one.pid:
                os.kill(one.pid, signal.SIGSTOP)
                self._stopped[one.name] = one.pid

    def tick(self, elapsed: float) -> None:
        """They hang."""

    def end(self) -> bool:
        """Let those go on that were not replaced."""
        left = [one for one in self._scene.processes(self._names) if self._stopped.get(one.name) == one.pid]
        for one in left:
            with suppress(ProcessLookupError):
                os.kill(one.pid, signal.SIGCONT)
        self._stopped.clear()
        return not left


class HogBeside:
    """Processes of nobody's that use every processor. They end with the estate at the latest."""

    def __init__(self, scene: Scene) -> None:
        self._root = scene.estate.folder.root
        self._hogs: list[subprocess.Popen[bytes]] = []

    def begin(self) -> None:
        """Start eight for each processor; root's come before those of the services."""
        environment = {MARK: str(self._root), "PATH": os.environ.get("PATH", "")}
        command = [sys.executable, "-S", "-c", _BUSY]
        if os.geteuid() == 0:
            command = ["nice", "-n", "-5", *command]
        for _ in range(8 * (os.cpu_count() or 1)):
            hog = subprocess.Popen(command, env=environment, cwd="/")
            self._hogs.append(hog)

    def tick(self, elapsed: float) -> None:
        """They go on."""

    def end(self) -> bool:
        """End those that still run."""
        left = [hog for hog in self._hogs if hog.poll() is None]
        for hog in self._hogs:
            hog.kill()
            hog.wait()
        self._hogs.clear()
        return not left


class DatabaseRestarted:
    """The primary ends, with all connections, and starts again after 8 s."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def begin(self) -> None:
        """Stop it."""
        self._scene.estate.supervisord.stop(POSTGRESQL)

    def tick(self, elapsed: float) -> None:
        """Start it when it is time."""
        if elapsed >= _DOWN_SECONDS and self._scene.processes([POSTGRESQL])[0].pid == 0:
            self._scene.start_dead([POSTGRESQL])

    def end(self) -> bool:
        """See that it runs; a server that is just stopping is waited for."""
        stopped = [one for one in self._scene.processes([POSTGRESQL]) if one.state not in UP]
        wait(lambda: self._scene.processes([POSTGRESQL])[0].pid == 0 or not stopped, _DOWN_SECONDS)
        return not self._scene.start_dead([POSTGRESQL])


def killed(scene: Scene) -> Killed:
    """All instances of a service."""
    return Killed(scene, [instance.id for instance in scene.instances])


def stopped(scene: Scene) -> Stopped:
    """All instances of a service."""
    return Stopped(scene, [instance.id for instance in scene.instances])


def collector_killed(scene: Scene) -> Killed:
    """The Collector."""
    return Killed(scene, [COLLECTOR])
