"""A fleet that replaces all its pods every hour: ``python -m tests.benchmarks.fleet churn``.

Each minute one sixtieth of the pods is replaced, so every pod lives for one hour. All pods export once a minute: most
as Arrow, a few as OTLP with a cumulative histogram. The records go through one slot, with snapshots as in a shard.
Prints, for every simulated hour, the series that live and what they cost, and at the end how much memory moved once the
first hours are over: the ring of recent values has six hours, and its blocks of 16,384 series are filled one by one.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from aiops.agents.monitoring import MonitoringAgent
from aiops.model.durations import MINUTE
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.settings import Kafka, Settings
from detectors.wire.arrow_encoding import PointEncoder
from detectors.wire.identity import SeriesIdentity
from detectors.wire.series import SeriesTable

T0 = 28_333_334 * MINUTE
LIFE = 60
"""Minutes that a pod lives."""
SERVICES = 50
FLAT = 0.1
"""Memory that moves by no more than this share is flat."""
_METRICS = ("container.cpu.usage", "container.memory.usage", "http.server.active_requests", "queue.length")


@dataclass(frozen=True, slots=True)
class Fleet:
    """A fleet and for how long it is watched."""

    pods: int = 5_000
    otlp_pods: int = 50
    """Pods beside them that send OTLP."""
    hours: int = 72
    settled: int = 12
    """Hours after which memory must be flat."""
    seed: int = 4921


@dataclass(frozen=True, slots=True)
class Hour:
    """Figures at the end of a simulated hour."""

    hour: int
    live: int
    """Series that live."""
    rows: int
    """Highest number of a series, plus 1."""
    aliases: int
    distributions: int
    """Histograms whose last point is remembered."""
    snapshot_bytes: int
    """Of a full snapshot."""
    resident_bytes: int
    """Of the process, which also simulates the fleet."""
    points: int
    dead_letters: int
    cpu_seconds: float


@dataclass(slots=True)
class Senders:
    """What the pods export."""

    fleet: Fleet
    _table: SeriesTable = field(default_factory=SeriesTable)
    _rng: np.random.Generator = field(init=False)
    _uids: random.Random = field(init=False)
    _numbers: np.ndarray = field(init=False)
    _names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.fleet.seed)
        self._uids = random.Random(self.fleet.seed)
        self._numbers = np.full((self.fleet.pods, len(_METRICS)), -1, np.int32)
        self._names = [""] * self.fleet.otlp_pods

    def arrow(self, minute: int) -> bytes:
        """One export of all pods that send Arrow."""
        which = [pod for pod in range(self.fleet.pods) if minute == 0 or pod % LIFE == minute % LIFE]
        gone = self._numbers[which].reshape(-1)
        if minute:
            self._table.reclaim(np.sort(gone))
        made = [identity for pod in which for identity in self._pod(pod)]
        self._numbers[which] = self._table.add(made).reshape(-1, len(_METRICS))
        self._table.since(self._table.version)  # drops the log of changes
        series = self._numbers.reshape(-1)
        values = series % 97 + self._rng.normal(0.0, 3.0, len(series))
        return PointEncoder(self._table).encode(series, np.full(len(series), T0 + minute * MINUTE), values)

    def _pod(self, pod: int) -> list[SeriesIdentity]:
        uid = f"{self._uids.getrandbits(64):016x}"
        name = (("k8s.pod.name", f"svc-{pod % SERVICES}-{uid[:5]}"), ("k8s.pod.uid", uid))
        return [SeriesIdentity(f"svc-{pod % SERVICES}", metric, name, "1") for metric in _METRICS]

    def otlp(self, minute: int) -> bytes:
        """One export of all pods that send OTLP."""
        request = ExportMetricsServiceRequest()
        at = T0 + minute * MINUTE
        for pod in range(self.fleet.otlp_pods):
            if minute == 0 or pod % LIFE == minute % LIFE:
                self._names[pod] = f"{self._uids.getrandbits(64):016x}"
            resource = request.resource_metrics.add()
            named = (("service.name", f"svc-{pod % SERVICES}"), ("service.version", f"1.{minute // LIFE}"))
            for key, value in (*named, ("k8s.pod.uid", self._names[pod])):
                resource.resource.attributes.add(key=key).value.string_value = value
            histogram = (
                resource.scope_metrics.add().metrics.add(name="http.server.request.duration", unit="s").histogram
            )
            histogram.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
            calls = 10 + 10 * ((minute - pod) % LIFE)
            histogram.data_points.add(
                time_unix_nano=at, count=calls, sum=calls / 20, explicit_bounds=[0.1, 1.0],
                bucket_counts=[calls - 1, 1, 0], start_time_unix_nano=at - ((minute - pod) % LIFE + 1) * MINUTE,
            )  # fmt: skip
        return request.SerializeToString()


def watch(fleet: Fleet) -> Iterator[Hour]:
    """Runs the fleet; figures of every hour."""
    settings = Settings(kafka=Kafka(partitions=1))
    topics, senders = settings.topics, Senders(fleet)
    agent = MonitoringAgent(settings)
    agent.adopt(0, 1)
    letters: Counter[str] = Counter()
    spent, points = 0.0, 0
    for minute in range(60 * fleet.hours):
        at = T0 + minute * MINUTE
        made = [(topics.metrics_arrow, senders.arrow(minute)), (topics.otlp_metrics, senders.otlp(minute))]
        before = time.process_time()
        for topic, value in made:
            source = TopicPartition(topic, 0)
            out = agent.handle([FetchedRecords(source, (minute,), (value,), (None,), (at,))], at)
            letters.update(letter.reason.value for letter in out.dead_letters)
        spent += time.process_time() - before
        points += len(_METRICS) * fleet.pods + 3 * fleet.otlp_pods
        last = minute % 60 == 59
        snapshot = agent.snapshot(0, full=last) if minute % 10 == 9 else None
        if last and snapshot is not None:
            size = sum(array.nbytes for part in snapshot.parts.values() for array in part.values())
            yield _hour(agent, minute // 60, size, told=(points, letters.total(), spent))


def _hour(agent: MonitoringAgent, hour: int, size: int, *, told: tuple[int, int, float]) -> Hour:
    memory = agent._of(0).slot.memory
    points, dead, spent = told
    return Hour(
        hour=hour,
        live=memory.table.live,
        rows=len(memory.table),
        aliases=len(memory.table.aliases),
        distributions=len(memory.histograms),
        snapshot_bytes=size,
        resident_bytes=int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096,
        points=points,
        dead_letters=dead,
        cpu_seconds=round(spent, 3),
    )


def growth(hours: Sequence[Hour], settled: int, figure: str) -> float:
    """By which share a figure rose, at most, after the first hours."""
    values = [getattr(hour, figure) for hour in hours[settled:]]
    return float(max(values) / values[0] - 1.0)


def main(arguments: Sequence[str]) -> int:
    """Prints a line an hour; exit code 1 where memory is not flat or a dead letter was written."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.fleet churn", description=__doc__)
    standard = Fleet()
    for name in ("pods", "otlp_pods", "hours", "settled", "seed"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(standard, name))
    parser.add_argument("--out", type=Path)
    given = vars(parser.parse_args(arguments))
    out = given.pop("out")
    fleet = Fleet(**given)
    if fleet.hours < fleet.settled + 2:
        parser.error("--hours must be at least two more than --settled")
    hours = []
    for hour in watch(fleet):
        hours.append(hour)
        print(
            f"hour {hour.hour:3}  live {hour.live:8,}  rows {hour.rows:8,}  aliases {hour.aliases:8,}  "
            f"snapshot {hour.snapshot_bytes / 1e6:7.1f} MB  resident {hour.resident_bytes / 1e6:7.1f} MB  "
            f"dead letters {hour.dead_letters}  {hour.points / max(hour.cpu_seconds, 1e-9) / 1e6:.2f} M points/cpu-s",
            flush=True,
        )
    grown = {name: growth(hours, fleet.settled, name) for name in ("live", "snapshot_bytes", "resident_bytes")}
    print("rise after the first hours:", ", ".join(f"{name} {share:+.1%}" for name, share in grown.items()))
    if out is not None:
        out.write_text(json.dumps({**asdict(fleet), "hours_seen": [asdict(hour) for hour in hours]}), encoding="utf-8")
    return int(max(grown.values()) > FLAT or hours[-1].dead_letters > 0)
