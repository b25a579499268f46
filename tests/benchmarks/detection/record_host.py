"""Records metrics of this machine as a wide table: ``python -m tests.benchmarks.detection.record_host OUT.csv``.

A row every ten seconds from Linux's /proc: load, processor shares, context switches, memory, disk and network rates,
processes. It ends after ``--hours`` or at Ctrl-C. The file is for ``--recorded`` of the benchmark.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

PROC = Path("/proc")
INTERVAL_SECONDS = 10.0
_CPU = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_MEMORY = ("MemAvailable", "Buffers", "Cached", "Dirty", "AnonPages", "Slab", "PageTables")
_TOTALS = ("ctxt", "processes", "intr")
Numbers = dict[str, float]


def totals(proc: Path) -> Numbers:
    """Counters: seconds of processor states, switches, sectors, bytes."""
    found: Numbers = {}
    for line in (proc / "stat").read_text(encoding="ascii").splitlines():
        name, *rest = line.split()
        if name == "cpu":
            found |= {f"cpu_{state}": float(value) for state, value in zip(_CPU, rest, strict=False)}
        elif name in _TOTALS:
            found[name] = float(rest[0])
    for line in (proc / "diskstats").read_text(encoding="ascii").splitlines():
        fields = line.split()
        if not fields[2].startswith(("loop", "ram")):
            _add(found, {"disk_reads": fields[3], "disk_read_sectors": fields[5], "disk_writes": fields[7]})
            _add(found, {"disk_written_sectors": fields[9]})
    for line in (proc / "net" / "dev").read_text(encoding="ascii").splitlines()[2:]:
        fields = line.replace(":", " ").split()
        if fields[0] != "lo":
            _add(found, {"net_received": fields[1], "net_sent": fields[9]})
    return found


def levels(proc: Path) -> Numbers:
    """Gauges: load, runnable processes, memory in kB."""
    load = (proc / "loadavg").read_text(encoding="ascii").split()
    runnable, _, existing = load[3].partition("/")
    memory = dict(line.split(":", 1) for line in (proc / "meminfo").read_text(encoding="ascii").splitlines())
    found = {"load_1": float(load[0]), "load_5": float(load[1])}
    found |= {"runnable": float(runnable), "tasks": float(existing)}
    return found | {name: float(memory[name].split()[0]) for name in _MEMORY if name in memory}


def row(before: Mapping[str, float], now: Mapping[str, float], seconds: float) -> Numbers:
    """Counters as rates per second; a counter that fell has no value."""
    return {
        name: (value - before[name]) / seconds
        for name, value in now.items()
        if name in before and value >= before[name] and seconds > 0
    }


def record(target: Path, rows: int, *, proc: Path = PROC, wait: Callable[[float], None] = time.sleep) -> None:
    """Writes a number of rows, each as soon as it is there."""
    before, then = totals(proc), time.monotonic()
    with target.open("w", newline="", encoding="utf-8") as file:
        columns = ["timestamp", *levels(proc), *before]
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        for _ in range(rows):
            wait(INTERVAL_SECONDS)
            now, at = totals(proc), time.monotonic()
            stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
            writer.writerow({"timestamp": stamp} | levels(proc) | row(before, now, at - then))
            file.flush()
            before, then = now, at


def main(arguments: Sequence[str]) -> int:
    """0, also when it is interrupted: the rows so far are in the file."""
    parser = argparse.ArgumentParser(prog="record_host", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--hours", type=float, default=6.0)
    options = parser.parse_args(arguments)
    try:
        record(options.out, round(options.hours * 3600 / INTERVAL_SECONDS))
    except KeyboardInterrupt:
        print(f"interrupted; the rows so far are in {options.out}", file=sys.stderr)
    return 0


def _add(found: Numbers, more: Mapping[str, str]) -> None:
    for name, value in more.items():
        found[name] = found.get(name, 0.0) + float(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
