"""State of a slot: ``python -m tests.benchmarks.slot_state [--series 100000] [--hours 24.5] [--snapshots 130]``.

First the resident memory a series after a day of one point a minute, everything counted. Then a live fleet of senders
with 100 series each, which export every 60 s at different times, and a snapshot every 10 s: pause of ingestion, bytes
written, and the time to restore the slot.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from aiops.adapters.snapshots.folder import FolderFiles
from aiops.adapters.snapshots.store import ChainedSnapshotStore
from aiops.agents.monitoring import MonitoringAgent
from aiops.model.durations import SECOND
from aiops.model.records import TopicPartition
from aiops.settings import Settings
from detectors.wire.batch import PointBatch
from detectors.wire.identity import SeriesIdentity

START = 1_750_000_000 * SECOND
SENDER = 100
"""Series of a sender."""
_PART = 5000
"""Points of a record."""


def settings_for(series: int) -> Settings:
    """One slot with room for so many series."""
    made = Settings()
    data = {"series_limit": series + 1000, "entity_series_limit": series + 1000}
    return made.model_copy(
        update={
            "kafka": made.kafka.model_copy(update={"partitions": 1}),
            "data": made.data.model_copy(update=data),
        }
    )


class Fleet:
    """An agent with one slot, and the series of a fleet."""

    def __init__(self, series: int) -> None:
        self.settings = settings_for(series)
        self.agent = MonitoringAgent(self.settings)
        self.agent.adopt(0, 1)
        self.place = TopicPartition(self.settings.topics.metrics_arrow, 0)
        self.rng = np.random.default_rng(0)
        table, parts = self.agent.table(0), []
        for begin in range(0, series, _PART):
            found = table.add([_identity(number) for number in range(begin, min(begin + _PART, series))])
            table.remember(self.rng.integers(1, 2**63, len(found)).astype(np.uint64), found)
            parts.append(found)
        self.series = np.concatenate(parts)

    def send(self, series: Any, at: int) -> None:
        """One point of each of these series."""
        for begin in range(0, len(series), _PART):
            part = series[begin : begin + _PART]
            count = len(part)
            zeros, places = np.zeros(count, np.int64), np.zeros(count, np.int32)
            values = self.rng.normal(100, 3, count)
            kinds = np.zeros(count, np.uint8)
            batch = PointBatch(
                part, np.full(count, at), values, zeros, places, kinds, [], 0, np.array([count])
            )  # fmt: skip
            self.agent.take_points(self.place, batch, at)


def _identity(number: int) -> SeriesIdentity:
    sender = number // SENDER
    return SeriesIdentity(f"svc{sender // 5}", f"m{number % SENDER}", (("k8s.pod.name", f"pod{sender}"),))


def resident() -> int:
    """Memory of this process, bytes, after what is free was given back."""
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


def memory(series: int, hours: float) -> float:
    """Resident bytes a series after so many hours of one point a minute."""
    before = resident()
    fleet = Fleet(series)
    for minute in range(round(hours * 60)):
        fleet.send(fleet.series, START + minute * 60 * SECOND)
    return (resident() - before) / series


def snapshots(series: int, count: int, folder: Path) -> dict[str, float]:
    """Figures of a live fleet with a snapshot every 10 s; the first twelve, at its start, are left out."""
    fleet, store = Fleet(series), ChainedSnapshotStore(FolderFiles(folder))
    phases = fleet.rng.integers(0, 6, series // SENDER + 1)[np.arange(series) // SENDER]
    groups = [fleet.series[phases == phase] for phase in range(6)]
    wall, cpu, size = [], [], []
    for number in range(count):
        fleet.send(groups[number % 6], START + number * 10 * SECOND)
        began, used = time.perf_counter(), time.thread_time()
        taken = fleet.agent.snapshot(0)
        wall.append((time.perf_counter() - began) * 1e3)
        cpu.append((time.thread_time() - used) * 1e3)
        size.append(sum(array.nbytes for part in taken.parts.values() for array in part.values()) / 1e6)
        store.write(taken)
    began, used = time.perf_counter(), time.process_time()
    chain = store.newest(0)
    MonitoringAgent(fleet.settings).adopt(0, 2, chain)
    return {
        "pause_ms_median": float(np.median(wall[12:])),
        "pause_ms_longest": max(wall[12:]),
        "pause_cpu_ms_median": float(np.median(cpu[12:])),
        "pause_cpu_ms_longest": max(cpu[12:]),
        "mb_a_second": sum(size[12:]) / len(size[12:]) / 10,
        "restore_snapshots": len(chain),
        "restore_seconds": time.perf_counter() - began,
        "restore_cpu_seconds": time.process_time() - used,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=100_000)
    parser.add_argument("--hours", type=float, default=24.5)
    parser.add_argument("--snapshots", type=int, default=130)
    options = parser.parse_args()
    memory(2000, 0.1)  # loads the compiled functions
    if options.hours:
        print(
            f"{memory(options.series, options.hours):.0f} resident bytes a series after {options.hours} h", flush=True
        )
    with tempfile.TemporaryDirectory() as folder:
        for name, figure in snapshots(options.series, options.snapshots, Path(folder)).items():
            print(f"{name:22} {figure:10.2f}")


if __name__ == "__main__":
    main()
