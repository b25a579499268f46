"""A slow disk: a cgroup bounds the block I/O of the database. Needs root; cgroup v1 (blkio) or v2 (io).

Source: Linux, Documentation/admin-guide/cgroup-v1/blkio-controller.rst and cgroup-v2.rst.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from aiops.apps.range.faults import databases
from aiops.apps.range.faults.scene import Scene
from aiops.model.errors import PermanentError
from simulations.range.estate_plan import POSTGRESQL

ROOT: Final = Path("/sys/fs/cgroup")
BYTES: Final = 16 * 1024
OPERATIONS: Final = 4
_SYSTEM_DEVICES: Final = Path("/sys/dev/block")


@dataclass(frozen=True, slots=True)
class Controller:
    """The controller of block I/O of this machine."""

    parent: Path
    """Folder in which a group can be made."""
    unified: bool
    """cgroup v2."""

    def limits(self, device: str) -> dict[str, str]:
        """Files of a group and what is written to each."""
        if self.unified:
            words = f"rbps={BYTES} wbps={BYTES} riops={OPERATIONS} wiops={OPERATIONS}"
            return {"io.max": f"{device} {words}"}
        wanted = {"bps": BYTES, "iops": OPERATIONS}
        return {
            f"blkio.throttle.{way}_{unit}_device": f"{device} {number}"
            for way in ("read", "write")
            for unit, number in wanted.items()
        }


def controller(root: Path = ROOT) -> Controller | None:
    """The controller; None: the machine has none."""
    if (root / "blkio").is_dir():
        return Controller(root / "blkio", unified=False)
    listed = root / "cgroup.subtree_control"
    if listed.exists() and "io" in listed.read_text(encoding="utf-8").split():
        return Controller(root, unified=True)
    return None


def device_of(file: Path, devices: Path = _SYSTEM_DEVICES) -> str:
    """``major:minor`` of the disk that a file is on; of a partition, the disk that has it."""
    number = file.stat().st_dev
    place = (devices / f"{os.major(number)}:{os.minor(number)}").resolve()
    if (place / "partition").exists():
        return (place.parent / "dev").read_text(encoding="utf-8").strip()
    return f"{os.major(number)}:{os.minor(number)}"


class SlowDisk:
    """The processes of the database are in a group with limits; the end lets them go.

    Args:
        scene: where.
        root: of the cgroups.
    """

    def __init__(self, scene: Scene, root: Path = ROOT) -> None:
        self._scene = scene
        self._found = controller(root)
        self._data = scene.estate.folder.data(POSTGRESQL)

    def begin(self) -> None:
        """Make the group, and put the server and its sessions into it; what they start is in it as well."""
        if self._found is None:
            raise PermanentError("slow-disk needs a cgroup controller for block I/O")
        try:
            self._group.mkdir(exist_ok=True)
            for name, text in self._found.limits(device_of(self._data)).items():
                (self._group / name).write_text(text, encoding="utf-8")
            for pid in self._pids():
                with suppress(ProcessLookupError):
                    (self._group / "cgroup.procs").write_text(str(pid), encoding="utf-8")
        except OSError as error:
            raise PermanentError(f"the group {self._group} cannot be made: {error}") from error

    def tick(self, elapsed: float) -> None:
        """It stays slow."""

    def end(self) -> bool:
        """Put them back, and remove the group."""
        if self._found is None or not self._group.exists():
            return True
        for pid in (self._group / "cgroup.procs").read_text(encoding="utf-8").split():
            with suppress(ProcessLookupError):
                (self._found.parent / "cgroup.procs").write_text(pid, encoding="utf-8")
        self._group.rmdir()
        return False

    @property
    def _group(self) -> Path:
        assert self._found is not None
        return self._found.parent / f"aiops-range-{self._scene.plan.seed}"

    def _pids(self) -> list[int]:
        """The server, its helpers and the sessions."""
        (server,) = (one.pid for one in self._scene.processes([POSTGRESQL]))
        with suppress(psycopg.Error), databases.connected(self._scene) as connection:
            rows = connection.execute("SELECT pid FROM pg_stat_activity").fetchall()
            return [server, *(int(row[0]) for row in rows)]
        return [server]
