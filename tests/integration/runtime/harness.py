"""A whole runtime in a process of its own on a real broker, and a producer with a manifest, to be killed at will."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from aiops.adapters import watchdog
from aiops.adapters.bundle.configuration import load_settings
from aiops.adapters.bundle.loading import SHIPPED, approve_runbooks
from aiops.adapters.fail_points import arm
from aiops.adapters.journal.engine import sqlite_url
from aiops.adapters.journal.journal import SqlJournal
from aiops.adapters.journal.reader import SqlJournalReader
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.adapters.status_file import read_status
from aiops.model import cloudevents
from aiops.model.entities import Criticality, Edge, Item
from aiops.model.records import OutRecord
from aiops.settings import Settings
from detectors.wire.arrow_encoding import PointEncoder
from detectors.wire.identity import SeriesIdentity, SeriesKind
from detectors.wire.series import SeriesTable
from detectors.wire.slots import slot_of

SECOND = 1_000_000_000


def until(what: str, reached: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait for a condition; its last value, or a failure that says what did not come."""
    deadline = time.monotonic() + seconds
    value: Any = None
    while time.monotonic() < deadline:
        value = reached()
        if value:
            return value
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s: {what}; last seen: {value!r}")


@dataclass
class Manifest:
    """What was sent, by whoever sent it: the truth that the ledger is held against."""

    points: int = 0
    records: int = 0


class Points:
    """Writes metric points of many entities as Arrow records keyed to their slots."""

    def __init__(self, producer: KafkaPythonProducer, settings: Settings, entities: list[str], seed: int = 7) -> None:
        self._producer, self._settings = producer, settings
        self._random = np.random.default_rng(seed)
        self.manifest = Manifest()
        self.table = SeriesTable(1_000_000)
        slots = settings.kafka.partitions
        self._of_slot: dict[int, list[int]] = {slot: [] for slot in range(slots)}
        self._number: dict[tuple[str, str], int] = {}
        for entity in entities:
            for metric in METRICS:
                identity = SeriesIdentity(entity, metric, (), "1", SeriesKind.GAUGE, None)
                number = int(self.table.add([identity])[0])
                self._number[entity, metric] = number
                self._of_slot[slot_of(entity, slots)].append(number)
        self._encoder = PointEncoder(self.table)

    def send(self, begin: int, steps: int, step: int = SECOND, *, bad: dict[str, float] | None = None) -> None:
        """``steps`` points of each series from ``begin``; entities in ``bad`` use so much more memory and are slow."""
        hurt = {self._number[entity, metric]: 1.0 + by for entity, by in (bad or {}).items() for metric in LEAKING}
        records = []
        for slot, series in self._of_slot.items():
            if not series:
                continue
            block = max(1, 8192 // len(series))
            for first in range(0, steps, block):
                count = min(block, steps - first)
                index = np.tile(np.array(series, np.int32), count)
                at = np.repeat(begin + step * np.arange(first, first + count, dtype=np.int64), len(series))
                value = 10.0 + self._random.normal(0.0, 0.3, len(index))
                for number, factor in hurt.items():
                    value[index == number] *= factor
                records.append(
                    OutRecord(
                        self._settings.topics.metrics_arrow, None, self._encoder.encode(index, at, value), (), slot
                    )
                )
                self.manifest.points += len(index)
        self._producer.send(records)
        self._producer.flush()
        self.manifest.records += len(records)


METRICS = (
    "http.server.errors",
    "http.server.latency",
    "http.server.requests",
    "process.cpu.utilization",
    "process.memory.usage",
)
LEAKING = ("process.memory.usage", "http.server.latency")
"""What a leak shows."""


@dataclass
class Running:
    """A runtime process and everything around it."""

    folder: Path
    settings: Settings
    process: subprocess.Popen[bytes] | None = None
    log: Path = field(default_factory=Path)
    python: str = sys.executable
    """Interpreter of the environment that it runs in."""

    def start(self) -> None:
        """Begin ``aiops up`` and wait until shards and orchestrator answer."""
        self.log = self.folder / "up.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.python, "-m", "aiops.cli.main", "up", "--config", str(self.folder / "aiops.yaml")],
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        begun = time.time_ns()
        until("the runtime is up\n" + self.tail(), lambda: self._up(begun), 90)

    def _up(self, begun: int) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"the runtime ended with {self.process.returncode}:\n{self.tail()}")
        status = read_status(self.settings.state)
        if status is None or status["at"] < begun:
            return False
        owned = {int(slot) for shard in status["shards"] for slot in shard.get("slots", {})}
        return len(owned) == self.settings.kafka.partitions and status["orchestration"].get("epoch", 0) > 0

    def stop(self) -> None:
        """End it cleanly, and if it will not, all of it at once."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """SIGKILL of every process of the runtime at once."""
        assert self.process is not None
        for pid in [self.process.pid, *descendants(self.process.pid)]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait(10)

    def forget(self) -> None:
        """End what outlives the runtime on purpose."""
        watchdog.stop(self.settings.state)

    def status(self) -> dict[str, Any]:
        """The newest status."""
        return read_status(self.settings.state) or {}

    def lines(self) -> list[dict[str, Any]]:
        """Ledger lines of all shards."""
        return [line for shard in self.status().get("shards", []) for line in shard.get("ledger", [])]

    def counted(self, topic: str) -> int:
        """Items of a topic that were taken."""
        return sum(line["items"] for line in self.lines() if line["topic"] == topic)

    def difference(self) -> int:
        """Units that ended nowhere or twice, and records that were skipped, over all lines."""
        total = 0
        for line in self.lines():
            total += abs(line["items"] - sum(line["endings"].values()) - line["forwarded"])
            total += abs(line["next_offset"] - line["first_offset"] - line["lost_offsets"] - line["records"])
        return total

    def arm(self, point: str, number: int = 1) -> None:
        """Let the process that next passes ``point`` die there."""
        arm(self.settings.state / "fail-points", point, number)

    def armed(self, point: str) -> bool:
        """Whether nobody has died there yet."""
        return (self.settings.state / "fail-points" / point).exists()

    def reader(self) -> SqlJournalReader:
        """The journal, for looking."""
        return SqlJournalReader(SqlJournal(self.settings.control.journal or sqlite_url(self.settings.state)).engine)

    def tail(self) -> str:
        """The end of the runtime's log."""
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""


def descendants(pid: int) -> Iterator[int]:
    """All processes below ``pid``, as /proc has them."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        children.setdefault(parent, []).append(int(entry.name))
    waiting = [pid]
    while waiting:
        for child in children.get(waiting.pop(), []):
            yield child
            waiting.append(child)


def configure(folder: Path, broker: str, name: str, **over: Any) -> Settings:
    """Settings of one test: topics, state and journal of its own; quick rhythms."""
    topics = {
        field_: f"{name}.{default}"
        for field_, default in Settings().topics.model_dump().items()
        if isinstance(default, str)
    }
    values: dict[str, Any] = {
        "state": str(folder / "state"),
        "fail_points": True,
        "topics": {**topics, "keyed_by_entity": [topics["metrics_arrow"]]},
        "kafka": {"bootstrap": broker, "partitions": 4},
        "data": {"shards": 2, "snapshot_seconds": 2.0, "clear_seconds": 3.0, "ring_step_seconds": 1.0},
        "control": {"gather_seconds": 4.0, "checkpoint_seconds": 2.0},
        "bundle": str(quick_bundle(folder)),
        "paging": {"levels": [[f"file://{folder / 'pages.jsonl'}"]]},
        "console": {"port": 0, "metrics_port": 0},
    }
    for group, fields in over.items():
        values[group] = {**values.get(group, {}), **fields} if isinstance(fields, dict) else fields
    file = folder / "aiops.yaml"
    file.write_text(yaml.safe_dump(values))
    return load_settings(file)


def quick_bundle(folder: Path) -> Path:
    """The shipped bundle with short waits, so that a healing takes seconds."""
    bundle = folder / "quick-bundle"
    shutil.copytree(SHIPPED, bundle)
    for file in (bundle / "runbooks").glob("*.yaml"):
        runbook = yaml.safe_load(file.read_text())
        for step in runbook.get("steps", ()):
            step |= {"settle_seconds": 2.0, "timeout_seconds": 10.0}
        if "steps" in runbook:
            runbook |= {"verify_window_seconds": 4.0, "verify_deadline_seconds": 180.0}
            file.write_text(yaml.safe_dump(runbook))
    approve_runbooks(bundle / "runbooks")
    return bundle


def describe(producer: KafkaPythonProducer, settings: Settings, items: list[tuple[Item, tuple[Edge, ...]]]) -> None:
    """Tell the CMDB's topic of items."""
    now = time.time_ns()
    producer.send(
        OutRecord(settings.topics.cmdb, item.id.encode(), cloudevents.encode(cloudevents.of_item(item, edges, now)))
        for item, edges in items
    )
    producer.flush()


def service(name: str, *needs: str) -> tuple[Item, tuple[Edge, ...]]:
    """A small service that may be restarted unattended."""
    item = Item(name, owner="team", criticality=Criticality.LOW, replicas=3, value_per_minute=1.0)
    return item, tuple(Edge(name, target) for target in needs)


def incidents(running: Running) -> list[dict[str, Any]]:
    """All incidents, open and closed."""
    reader = running.reader()
    found = {**reader.documents("incident"), **reader.archived("incident")}
    return [json.loads(body) for body in found.values()]
