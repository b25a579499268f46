"""Points a second from Kafka to scored, state kept: ``python -m tests.benchmarks.throughput``.

A real embedded Kafka; topics are filled before anything is timed; each case is a process of its own on the last core,
the broker (and whoever fills) on the first. Every record holds 8,192 points. Series are known and warm when the clock
starts: what it costs to see them for the first time is a row of its own. Beside the product, on the same topics in the
same run: polling only, polling and decoding, and two peers with a river detector a series (extra ``peers``).

``M/s`` is by the wall, first poll to last point scored. ``M/cpu-s`` divides by the CPU time of the whole process
(client threads and snapshot writer with it): what one core gives when nobody else uses the machine. Rows of the shard
are medians of ``--runs``. Two shards are two processes on two cores, which the broker then has to share: their sum by
the wall, the mean of each by its CPU time.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from aiops.adapters.broker.embedded import EmbeddedBroker
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.adapters.kafka.topics import KafkaTopics
from aiops.model.records import OutRecord
from tests.benchmarks.throughput_case import Case, run
from tests.benchmarks.throughput_rows import records_of

_POINTS = {
    "arrow": 12_000_000, "gauges": 6_000_000, "histograms": 2_000_000, "exponential": 500_000, "summaries": 2_000_000,
    "json": 1_000_000, "logs": 1_000_000, "spans": 1_500_000,
}  # fmt: skip
"""Timed points a topic; several passes where the series are a million."""
_PEER_POINTS = {"bytewax": 1_000_000, "quixstreams": 1_000_000}
_PEER_SECONDS = 30.0


@contextmanager
def broker(core: int) -> Iterator[str]:
    """A Kafka of one's own on one core; its address."""
    os.sched_setaffinity(0, {core})
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the broker ends with us
    with tempfile.TemporaryDirectory(prefix="throughput-") as folder:
        server = EmbeddedBroker(Path(folder) / "broker", heap_mb=512)
        try:
            yield server.start()
        finally:
            server.stop()


def fill(bootstrap: str, case: Case, points: int) -> Case:
    """Makes the topic of a case and fills all its partitions."""
    topics = KafkaTopics(bootstrap)
    names = case.settings.topics
    wanted = dict.fromkeys((*names.telemetry, names.keyed), 2)  # some are read by every case
    config = {"max.message.bytes": str(8 << 20), "retention.bytes": "-1", "segment.bytes": str(1 << 30)}
    topics.create({name: (count, config) for name, count in wanted.items()})
    topics.create({names.anomalies: (1, {}), names.dead_letters: (1, {})})
    topics.close()
    producer = KafkaPythonProducer(bootstrap)
    first = records = 0
    for partition in range(case.partitions):
        made = records_of(case.series, case.encoding, partition)
        first, records = made.a_pass, made.a_pass
        for value in made.first():
            producer.send([OutRecord(case.topic, None, value, partition=partition)])
        for value in made.timed(max(points, case.series)):
            producer.send([OutRecord(case.topic, None, value, partition=partition)])
            records += 1
            if records % 256 == 0:
                producer.flush(60.0)
        producer.flush(60.0)
    producer.close()
    return replace(case, first=first, records=records)


def started(case: Case, core: int) -> subprocess.Popen[str]:
    """The case in a process of its own on one core."""
    command = [sys.executable, "-m", "tests.benchmarks.throughput", "--core", str(core), "--case"]
    return subprocess.Popen([*command, json.dumps(asdict(case))], stdout=subprocess.PIPE, text=True)


def finished(child: subprocess.Popen[str]) -> dict[str, Any]:
    """What a case found."""
    told, _ = child.communicate(timeout=600)
    if child.returncode:
        raise SystemExit(f"a case failed with code {child.returncode}")
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


def measured(case: Case, core: int, runs: int) -> list[dict[str, Any]]:
    """The case, so many times."""
    return [finished(started(case, core)) for _ in range(runs)]


def row(name: str, found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Medians of the runs of a case; prints the line."""
    case = found[0]
    wall = statistics.median(one["points_per_second"] for one in found)
    cpu = statistics.median(one["points_per_cpu_second"] for one in found)
    doors = ""
    if "cpu_seconds_by_door" in case:
        doors = "  ".join(f"{door} {_each(found, door):.0f}" for door in ("poll", "handle", "snapshot"))
        doors += f" ns; {case['snapshots']} snapshots, pause {case['longest_ms'].get('snapshot', 0.0):.0f} ms"
        doors += f", difference {sum(one['difference'] for one in found)}"
    print(
        f"{case['series']:>9,} {case['encoding']:<11} {case['client']:<13} {name:<14} "
        f"{wall / 1e6:7.2f} {cpu / 1e6:8.2f}"
        f"  {doors}",
        flush=True,
    )
    return {"name": name, "wall": wall, "cpu": cpu, "runs": list(found)}


def _each(found: Sequence[dict[str, Any]], door: str) -> float:
    """CPU nanoseconds a point that the shard's thread spends behind a door."""
    return 1e9 * float(statistics.median(one["cpu_seconds_by_door"].get(door, 0.0) / one["points"] for one in found))


def ours(case: Case, core: int, given: argparse.Namespace) -> list[dict[str, Any]]:
    """First sight, fetch, decode and the shard for every client."""
    rows = [row("first sight", measured(replace(case, kind="prime"), core, 1))]
    for client in given.clients:
        for kind in ("fetch", "decode", "shard"):
            chosen = replace(case, kind=kind, client=client)
            rows.append(row(kind, measured(chosen, core, given.runs if kind == "shard" else 1)))
    return rows


def two(case: Case, given: argparse.Namespace, points: int) -> list[dict[str, Any]]:
    """Two shards at once, on two partitions and two cores, for every client."""
    case = fill(case.bootstrap, replace(case, partitions=2, topic=f"{case.topic}.two"), points // 2)
    for child in [started(replace(case, kind="prime", partition=number), number) for number in range(2)]:
        finished(child)
    return [_both(replace(case, kind="shard", client=client)) for client in given.clients]


def _both(case: Case) -> dict[str, Any]:
    children = [started(replace(case, partition=number), number) for number in range(2)]
    found = [finished(child) for child in children]
    total = dict(found[0])
    total["points_per_second"] = sum(one["points_per_second"] for one in found)
    total["points_per_cpu_second"] = statistics.mean(one["points_per_cpu_second"] for one in found)
    total["difference"] = sum(one["difference"] for one in found)
    return row("two shards", [total])


def peers(case: Case, core: int, python: str) -> list[dict[str, Any]]:
    """The peers over the same topic."""
    rows = []
    for name, points in _PEER_POINTS.items():
        arguments = [case.bootstrap, case.topic, str(points), str(_PEER_SECONDS), str(core)]
        script = str(Path(__file__).with_name("throughput_peers.py"))
        child = subprocess.run([python, script, name, *arguments], stdout=subprocess.PIPE, text=True, check=False)
        if child.returncode:
            print(f"{name}: skipped, it ended with code {child.returncode}")
            continue
        found = {**asdict(case), **json.loads(child.stdout.splitlines()[-1]), "client": "its own"}
        rows.append(row(name, [found]))
    return rows


def all_cases(given: argparse.Namespace, bootstrap: str, folder: str) -> list[dict[str, Any]]:
    """Every row of the table."""
    rows: list[dict[str, Any]] = []
    core = max(os.sched_getaffinity(os.getppid()))
    for series in given.series:
        for encoding in given.encodings:
            name = f"{encoding}.{series}"
            case = Case("prime", bootstrap, name, encoding, series, f"{folder}/{name}", 0, 0)
            points = given.points or _POINTS[encoding]
            case = replace(fill(bootstrap, case, points), snapshot_seconds=given.snapshot_seconds)
            rows += ours(case, core, given)
            if given.two:
                rows += two(case, given, points)
            if encoding == "arrow" and series <= 10_000 and given.peers:
                rows += peers(case, core, given.peers)
            given.out.write_text(json.dumps(rows, indent=1))
    return rows


def memory_line(rows: Sequence[dict[str, Any]]) -> str:
    """Bytes a series, from how much a process grew when it saw the least and the most series for the first time."""
    grown: dict[int, int] = {}
    for one in (one for found in rows if found["name"] == "first sight" for one in found["runs"]):
        grown[one["series"]] = max(grown.get(one["series"], 0), one["grown_bytes"])
    least, most = min(grown), max(grown)
    if least == most:
        return "memory a series: needs two numbers of series"
    each = (grown[most] - grown[least]) / (most - least)
    return f"memory a series: {each:,.0f} bytes, its part of snapshots in the making with it"


def main() -> None:
    """Run, print, write; with ``--case`` be the process of one case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--encodings", nargs="+", default=list(_POINTS), choices=list(_POINTS))
    parser.add_argument("--clients", nargs="+", default=["kafka-python", "confluent"])
    parser.add_argument("--points", type=int, help="timed points a topic")
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--snapshot-seconds", type=float, default=3.0, help="more often than the default of 10")
    parser.add_argument("--two", action=argparse.BooleanOptionalAction, default=True, help="two shards as well")
    parser.add_argument("--peers", default=sys.executable, help="a Python with the extra peers; empty: none")
    parser.add_argument("--out", type=Path, default=Path("results/throughput.json"))
    parser.add_argument("--case", help=argparse.SUPPRESS)
    parser.add_argument("--core", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.case:
        os.sched_setaffinity(0, {given.core})
        print(json.dumps(run(Case(**json.loads(given.case)))))
        return
    if given.peers == sys.executable and not (find_spec("bytewax") and find_spec("quixstreams")):
        print(
            "peers: skipped, bytewax and quixstreams are not installed: pip install 'aiops[peers]', or --peers PYTHON"
        )
        given.peers = ""
    if "confluent" in given.clients and not find_spec("confluent_kafka"):
        print("confluent: skipped, confluent-kafka is not installed: pip install 'aiops[fast]'")
        given.clients.remove("confluent")
    print(f"{'series':>9} {'record':<11} {'client':<13} {'what':<14} {'M/s':>7} {'M/cpu-s':>8}  cpu ns a point by door")
    given.out.parent.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="throughput-") as folder, broker(0) as bootstrap:
        rows = all_cases(given, bootstrap, folder)
    print(memory_line(rows))
    print(f"took {(time.monotonic() - begun) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
