"""How fast the journal commits, and how soon an orchestrator decides again on a long one.

``python -m tests.benchmarks.journal [--rows N] [--url URL] [--json FILE]``
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from aiops.adapters.journal.engine import sqlite_url
from aiops.adapters.journal.journal import SqlJournal
from aiops.model.effects import Publish
from aiops.model.journal import HaltState, InboxRow, JournalEntry, Put, Remove, TimerRow, Transaction
from aiops.model.records import TopicPartition
from tests.servers import running_postgresql

ROLE = "orchestrator"
GROUPS = (1, 32, 256)
_BODY = json.dumps({"entity": "cart", "signals": [{"series": "errors", "value": 0.5}] * 4, "story": "x" * 400})


def event(number: int) -> tuple[JournalEntry, Put, TimerRow, Publish]:
    """About what one episode leads to: 1 KB of entry, one document, one timer, one effect."""
    return (
        JournalEntry(f"event-{number}", number, "episode", f"incident-{number % 500}", "", _BODY, '["opened"]'),
        Put("incident", f"incident-{number % 500}", _BODY),
        TimerRow(f"timer-{number % 500}", number, "settle", f"incident-{number % 500}"),
        Publish(f"publish-{number}", "aiops.incidents", "k", {"n": number}),
    )


def group(epoch: int, first: int, size: int) -> Transaction:
    entries, puts, timers, effects = zip(*(event(first + place) for place in range(size)), strict=True)
    return Transaction(
        "main",
        epoch,
        entries,
        documents=tuple({put.key: put for put in puts}.values()),
        timers_set=tuple({timer.id: timer for timer in timers}.values()),
        effects=effects,
        effects_done=tuple(f"publish-{number}" for number in range(first - size, first)),
        positions={TopicPartition("aiops.anomalies", 0): first},
        inbox=first,
    )


def commits(journal: SqlJournal, seconds: float) -> list[dict[str, Any]]:
    """Commit for some seconds with each size of group."""
    rows, number = [], 10**8
    epoch = journal.claim(ROLE, "benchmark")
    for size in GROUPS:
        taken: list[float] = []
        deadline = time.perf_counter() + seconds
        while time.perf_counter() < deadline:
            number += size
            transaction = group(epoch, number, size)
            began = time.perf_counter()
            journal.commit([transaction])
            taken.append(time.perf_counter() - began)
        p50, p99 = np.percentile(np.array(taken) * 1000, [50, 99])
        rows.append(
            {
                "group": size,
                "commits_per_second": len(taken) / sum(taken),
                "events_per_second": size * len(taken) / sum(taken),
                "p50_ms": float(p50),
                "p99_ms": float(p99),
            }
        )
    return rows


def others(journal: SqlJournal, times: int = 200) -> dict[str, float]:
    """What executors wait for: an attempt row, the halt state, a halt; p50 and p99 in ms."""
    actions = {
        "append": lambda n: journal.append(InboxRow(f"a/{n}", n, "attempt", "{}", "x")),
        "halt_state": lambda _: journal.halt_state(),
        "set_halt": lambda n: journal.set_halt(HaltState(0, halted=False, at=n)),
    }
    found: dict[str, float] = {}
    for name, action in actions.items():
        taken = []
        for number in range(times):
            began = time.perf_counter()
            action(number)
            taken.append((time.perf_counter() - began) * 1000)
        found[f"{name}_p50_ms"], found[f"{name}_p99_ms"] = map(float, np.percentile(taken, [50, 99]))
    return found


def fill(journal: SqlJournal, rows: int) -> float:
    """Bring entries and archive to ``rows`` each, through the journal itself; seconds."""
    epoch, began = journal.claim(ROLE, "filler"), time.perf_counter()
    step = 5000
    for first in range(0, rows, step):
        names = [f"old-{first + place}" for place in range(step)]
        journal.commit(
            [
                Transaction(
                    "main",
                    epoch,
                    tuple(JournalEntry(name, 1, "episode", name, "", _BODY, "[]") for name in names),
                    documents=tuple(
                        change
                        for name in names
                        for change in (Put("incident", name, _BODY), Remove("incident", name, archive=True))
                    ),
                )
            ]
        )
    journal.commit([group(epoch, number * 500, 500) for number in range(1, 3)])
    return time.perf_counter() - began


def start(url: str) -> dict[str, float]:
    """Open, claim, recover and commit the first decision; seconds each."""
    times = [time.perf_counter()]
    journal = SqlJournal(url)
    times.append(time.perf_counter())
    epoch = journal.claim(ROLE, "next")
    times.append(time.perf_counter())
    recovered = journal.recover()
    times.append(time.perf_counter())
    journal.commit([group(epoch, recovered.sequence, 1)])
    times.append(time.perf_counter())
    journal.close()
    names = ("open", "claim", "recover", "first_commit")
    return dict(zip(names, map(float, np.diff(times)), strict=True)) | {"total": times[-1] - times[0]}


def measure(url: str, rows: int, seconds: float) -> dict[str, Any]:
    journal = SqlJournal(url)
    found: dict[str, Any] = {"empty": commits(journal, seconds), "others": others(journal)}
    found["fill_seconds"] = fill(journal, rows)
    journal.close()
    found["rows"], found["start_seconds"] = rows, start(url)
    journal = SqlJournal(url)
    found["full"] = commits(journal, seconds)
    journal.close()
    return found


def show(name: str, found: dict[str, Any]) -> None:
    print(f"\n{name}")
    for state in ("empty", "full"):
        for row in found[state]:
            print(
                f"  {state:5} group {row['group']:>3}: {row['commits_per_second']:7.0f} commits/s "
                f"{row['events_per_second']:8.0f} events/s  p50 {row['p50_ms']:6.2f} ms  p99 {row['p99_ms']:6.2f} ms"
            )
    print("  " + "  ".join(f"{name} {value:.2f}" for name, value in found["others"].items()))
    start_ = found["start_seconds"]
    print(f"  start with {found['rows']:,} rows: " + "  ".join(f"{k} {v:.2f} s" for k, v in start_.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--folder", type=Path, help="where SQLite's file is made; a temporary one by default")
    parser.add_argument("--no-postgresql", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    results: dict[str, Any] = {}
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        results["sqlite"] = measure(sqlite_url(folder), options.rows, options.seconds)
        show("SQLite, WAL, synchronous=FULL", results["sqlite"])
        if not options.no_postgresql:
            url = stack.enter_context(running_postgresql())
            results["postgresql"] = measure(url, options.rows, options.seconds)
            show("PostgreSQL, fsync on, local", results["postgresql"])
    if options.json:
        options.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
