"""Data points a CPU-second through the monitoring agent, from bytes: ``python -m tests.benchmarks.monitor``.

The quick figure of ``throughput``: the same records and the same agent without broker, client, producer and snapshots
in the background. One slot, one thread. Each case reads the first pass, in which every series is new, and a history;
the first pass is a column of its own. A data point of a histogram is three values to the bank, one of a summary five.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aiops.adapters.allocation import keep_freed_memory
from aiops.agents.monitoring import MonitoringAgent
from aiops.model.records import FetchedRecords, TopicPartition
from tests.benchmarks.decode import POINTS
from tests.benchmarks.throughput_case import Case
from tests.benchmarks.throughput_records import T0, Records
from tests.benchmarks.throughput_templates import MAKERS

POLL = 4
"""Records a poll."""
_NOW = T0 + 10**15


def measure(series: int, encoding: str, points: int) -> dict[str, Any]:
    """Figures of one case; ``points`` are timed."""
    case = Case("decode", "", "telemetry", encoding, series, "", 0, 0)
    agent = MonitoringAgent(case.settings)
    agent.adopt(0, 1)
    made = Records(series, encoding)
    offset, first, spent, longest, told = 0, 0.0, 0.0, 0.0, 0
    for values, kind in _polls(made, points):
        batch = FetchedRecords(
            TopicPartition(case.topic, 0),
            range(offset, offset + len(values)),
            values,
            [None] * len(values),
            [_NOW] * len(values),
        )
        offset += len(values)
        begun = time.process_time()
        told += len(agent.handle([batch], _NOW).episodes)
        elapsed = time.process_time() - begun
        first += elapsed if kind == "first" else 0.0
        if kind == "timed":
            spent, longest = spent + elapsed, max(longest, elapsed)
    begun = time.process_time()
    agent.snapshot(0)
    timed = -(-points // POINTS) * POINTS
    return {
        "series": series,
        "encoding": encoding,
        "points_per_cpu_second": round(timed / spent),
        "first_points_per_cpu_second": round(made.a_pass * POINTS / first),
        "table": len(agent.table(0)),
        "longest_poll_ms": round(1000 * longest, 1),
        "full_snapshot_ms": round(1000 * (time.process_time() - begun), 1),
        "episodes": told,
        "difference": agent.ledger()[0].difference,
    }


def _polls(made: Records, points: int) -> Iterator[tuple[list[bytes], str]]:
    """Polls with what they are for; what is timed is made before, so that caches are as they are in production."""
    for kind, records in (("first", made.first()), ("warm", made.warming()), ("timed", made.timed(points))):
        waiting: list[bytes] = []
        for value in records:
            waiting.append(value)
            if len(waiting) == POLL:
                yield waiting, kind
                waiting = []
        if waiting:
            yield waiting, kind


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, nargs="*", default=[1_000, 100_000])
    parser.add_argument("--encodings", nargs="*", default=["arrow", *MAKERS], choices=["arrow", *MAKERS])
    parser.add_argument("--points", type=int, default=500_000, help="timed data points a case")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    keep_freed_memory()  # as the shard's process does
    results = []
    for encoding in given.encodings:
        for series in given.series:
            found = measure(series, encoding, given.points)
            results.append(found)
            print("  ".join(f"{key}={value}" for key, value in found.items()), flush=True)
    if given.out:
        given.out.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
