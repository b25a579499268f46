"""Input ten times faster than a shard takes it, for a minute: lag, memory, and the account at the end.

No producer on the same machine is ten times faster than its shard, so the shard is slowed instead, with all its code as
it is: SIGSTOP and SIGCONT let it run for a hundredth of the time. When the flood is over it runs freely and drains.

    python -m tests.benchmarks.backpressure [--seconds 60] [--out FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from aiops.adapters.broker.embedded import EmbeddedBroker
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.model.records import OutRecord
from aiops.settings import Settings
from detectors.wire.arrow_encoding import PointEncoder
from detectors.wire.identity import SeriesIdentity, SeriesKind
from detectors.wire.series import SeriesTable
from tests.integration.runtime.harness import Running, configure, until

SECOND = 1_000_000_000
SERIES = 4096
POINTS = 8192
"""Points a record."""
ON_SECONDS, OFF_SECONDS = 0.008, 0.792
"""The shard runs a hundredth of the time."""
MOST_RATE = 1_500_000
"""Points a second that are offered at most, so that a minute of them fits on a small disk."""
CHUNK = 32
"""Records that are sent at once."""
POLL_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Flood:
    """What was seen."""

    settings: Settings
    seconds: float
    sent: int
    """Points."""
    counted: int
    offered: float
    """Points a second that the producer wrote."""
    taken_while_offered: float
    """Points a second that the shard took meanwhile."""
    most_lag: int
    """Records behind, at most."""
    lag_after: int
    drained_seconds: float
    bytes_before: int
    """Resident memory of the shard's process, with all its series, before the flood."""
    most_bytes: int
    dead_letters: int
    difference: int


def bound(settings: Settings) -> int:
    """What a flood may add to a shard's memory, bytes.

    A poll in hand and one that the client fetched ahead, each as bytes off the wire, as records of their own, and as
    decoded arrays (about four times the bytes: 48 a point of 12 on the wire), so twelve polls; a snapshot's copy while
    it is written; and what the allocator keeps. It does not grow with the length of the flood.
    """
    return 12 * settings.kafka.poll_bytes + 96 * 1024 * 1024


def resident(pid: int) -> int:
    """Resident memory of a process, bytes."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


class Records:
    """Records of one entity's series, a second of all of them in two records; made once and sent once."""

    def __init__(self, seed: int = 7) -> None:
        self._random = np.random.default_rng(seed)
        table = SeriesTable(SERIES)
        names = [SeriesIdentity("flooded", f"metric.{n}", (), "1", SeriesKind.GAUGE, None) for n in range(SERIES)]
        self._series = np.tile(table.add(names), POINTS // SERIES)
        self._encoder = PointEncoder(table)

    def make(self, begin: int, count: int) -> list[bytes]:
        """``count`` records from ``begin`` on, a point a series each 100 ms."""
        made = []
        for number in range(count):
            first = begin + number * (POINTS // SERIES) * SECOND // 10
            at = np.repeat(first + SECOND // 10 * np.arange(POINTS // SERIES, dtype=np.int64), SERIES)
            made.append(self._encoder.encode(self._series, at, self._random.normal(10.0, 0.3, POINTS)))
        return made


@contextmanager
def slowed(pid: int) -> Iterator[threading.Event]:
    """Let a process run a hundredth of the time; it runs freely once the event is set, and after the block."""
    free = threading.Event()

    def work() -> None:
        while not free.is_set():
            os.kill(pid, signal.SIGSTOP)
            free.wait(OFF_SECONDS)
            os.kill(pid, signal.SIGCONT)
            free.wait(ON_SECONDS)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield free
    finally:
        free.set()
        thread.join(5)
        os.kill(pid, signal.SIGCONT)


def run(broker: str, folder: Path, seconds: float) -> Flood:
    """Flood one shard with one slot of a runtime of its own."""
    settings = configure(
        folder,
        broker,
        f"flood-{os.getpid()}",
        kafka={"partitions": 1, "poll_bytes": POLL_BYTES},
        data={"shards": 1, "snapshot_seconds": 5.0, "ring_step_seconds": 60.0},
        control={"shadow": True},
    )
    running, producer = Running(folder, settings), KafkaPythonProducer(broker)
    try:
        running.start()
        return _flood(running, producer, seconds)
    finally:
        running.stop()
        running.forget()
        producer.close()


def _flood(running: Running, producer: KafkaPythonProducer, seconds: float) -> Flood:
    topic, source = running.settings.topics.metrics_arrow, Records()
    begin = time.time_ns() - 3600 * SECOND

    def send(values: list[bytes]) -> None:
        producer.send(OutRecord(topic, None, value, (), 0) for value in values)
        producer.flush()

    warm = source.make(begin, 100)  # all series, learned, and a first snapshot
    send(warm)
    sent = len(warm) * POINTS
    until("the series are known", lambda: running.counted(topic) == sent, 60)
    time.sleep(6.0)
    (pid,) = running.status()["pids"]["shard"]
    before = most = resident(pid)
    begin += len(warm) * (POINTS // SERIES) * SECOND // 10
    span = CHUNK * (POINTS // SERIES) * SECOND // 10
    counted_before = counted = running.counted(topic)
    most_lag = 0
    with slowed(pid) as free:
        started = time.monotonic()
        while (elapsed := time.monotonic() - started) < seconds:
            if sent - counted_before > elapsed * MOST_RATE:
                time.sleep(0.01)
                continue
            send(source.make(begin, CHUNK))
            sent += CHUNK * POINTS
            begin += span
            counted = max(counted, running.counted(topic))  # a shard that did not answer in time is not in the status
            most, most_lag = max(most, resident(pid)), max(most_lag, (sent - counted) // POINTS)
        offered, taken = (sent - counted_before) / elapsed, (counted - counted_before) / elapsed
        free.set()
        drained = time.monotonic()
        while running.counted(topic) < sent and time.monotonic() - drained < 10 * seconds + 60:
            most = max(most, resident(pid))
            time.sleep(0.1)
    drained_seconds = time.monotonic() - drained
    time.sleep(2.0)
    lines = running.lines()
    return Flood(
        settings=running.settings,
        seconds=elapsed,
        sent=sent,
        counted=running.counted(topic),
        offered=offered,
        taken_while_offered=taken,
        most_lag=most_lag,
        lag_after=(sent - running.counted(topic)) // POINTS,
        drained_seconds=drained_seconds,
        bytes_before=before,
        most_bytes=most,
        dead_letters=sum(line["endings"].get("dead-letter", 0) for line in lines),
        difference=running.difference(),
    )


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        broker = EmbeddedBroker(Path(name) / "broker")
        try:
            found = run(broker.start(), Path(name), options.seconds)
        finally:
            broker.stop()
    rows = {
        "offered, points/s": f"{found.offered:,.0f}",
        "taken meanwhile, points/s": f"{found.taken_while_offered:,.0f}",
        "times as much": f"{found.offered / max(1.0, found.taken_while_offered):.1f}",
        "most lag, records": f"{found.most_lag:,}",
        "drained in, s": f"{found.drained_seconds:.1f}",
        "memory before, MB": f"{found.bytes_before / 1e6:,.0f}",
        "memory at most, MB": f"{found.most_bytes / 1e6:,.0f}",
        "it may grow by, MB": f"{bound(found.settings) / 1e6:,.0f}",
        "points lost": f"{found.sent - found.counted:,}",
        "difference": str(found.difference),
    }
    for what, figure in rows.items():
        sys.stdout.write(f"{what:<28}{figure:>16}\n")
    if options.out:
        figures = {key: value for key, value in asdict(found).items() if key != "settings"}
        options.out.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
