"""One case of the throughput benchmark, in a process of its own on a core of its own.

``prime`` reads the first pass, in which all series are new, warms them up and leaves a snapshot. The others go on from
there over the same records: ``fetch`` only polls, ``decode`` polls and decodes to arrays, ``shard`` is the product: the
shard as the runtime makes it, with its agent, its producer and its snapshots.
"""

from __future__ import annotations

import resource
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from aiops.adapters.allocation import keep_freed_memory
from aiops.adapters.clock import SystemClock
from aiops.adapters.encryption import open_seal
from aiops.adapters.kafka.consumer_factory import open_consumer
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.adapters.monitoring_records import PublishingAgent
from aiops.adapters.shard import Shard
from aiops.adapters.shard_parts import ShardParts, ShardRhythm
from aiops.adapters.snapshots.folder import FolderFiles
from aiops.adapters.snapshots.store import ChainedSnapshotStore
from aiops.agents.monitoring import MonitoringAgent
from aiops.model.records import FetchedRecords, OutRecord, SlotSnapshot, TopicPartition
from aiops.ports import TelemetryConsumer
from aiops.settings import DataPlane, Kafka, Settings
from aiops.topic_names import Topics
from detectors.wire import arrow, logs, metrics, spans
from detectors.wire.batch import PointBatch
from detectors.wire.memory import WireMemory
from tests.benchmarks.decode import POINTS
from tests.benchmarks.throughput_records import STEP, T0, WARM_PASSES, Records
from tests.benchmarks.throughput_rows import ROWS

_PIECE = 262_144
_TOPICS = {"arrow": "metrics_arrow", "logs": "otlp_logs", "spans": "otlp_spans"}
_SERIES_A_POINT = {"histograms": 3, "exponential": 3, "summaries": 5}
"""Counts, quantiles and means."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured."""

    kind: str
    """``prime``, ``fetch``, ``decode`` or ``shard``."""
    bootstrap: str
    topic: str
    encoding: str
    series: int
    folder: str
    """Of the snapshots that ``prime`` leaves and ``shard`` begins with."""
    first: int
    """Records of the first pass."""
    records: int
    """All records of a partition."""
    client: str = "kafka-python"
    partition: int = 0
    partitions: int = 1
    snapshot_seconds: float = 3.0

    @property
    def settings(self) -> Settings:
        """Settings of the runtime, the topic in the place of its own."""
        name = _TOPICS.get(self.encoding, "otlp_metrics")
        return Settings(
            state=Path(self.folder),
            kafka=Kafka(partitions=self.partitions, client=self.client),
            data=DataPlane(series_limit=self.series_limit, snapshot_seconds=self.snapshot_seconds),
            topics=Topics.model_validate({name: self.topic, "keyed_by_entity": (self.topic,)}),
        )

    @property
    def series_limit(self) -> int:
        """Room for what is derived as well."""
        return max(_SERIES_A_POINT.get(self.encoding, 1) * self.series + 1_000, 10_000)

    @property
    def place(self) -> TopicPartition:
        """The partition that is read."""
        return TopicPartition(self.topic, self.partition)


@dataclass(slots=True)
class Spent:
    """Seconds of a span of work: wall, the calling thread's CPU, the process's CPU."""

    begun: float = field(default_factory=time.perf_counter)
    thread: float = field(default_factory=time.thread_time)
    process: float = field(default_factory=time.process_time)

    def figures(self, points: int) -> dict[str, float]:
        """Points a second by each clock."""
        wall, process = time.perf_counter() - self.begun, time.process_time() - self.process
        return {
            "points_per_second": points / wall,
            "points_per_cpu_second": points / process,
            "seconds": wall,
            "cpu_seconds": process,
            "points": points,
        }


def run(case: Case) -> dict[str, Any]:
    """Figures of the case."""
    keep_freed_memory()  # as the shard's process does
    work = {"prime": _prime, "fetch": _fetch, "decode": _decode, "shard": _shard}[case.kind]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = work(case)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    return {**asdict(case), **found, "grown_bytes": grown * 1024}


def _consumer(case: Case, begin: int) -> TelemetryConsumer:
    consumer = open_consumer(case.settings, case.bootstrap, "throughput")
    consumer.assign({case.place: begin})
    return consumer


def _polled(case: Case, begin: int, end: int) -> Any:
    """Polls of the records [begin, end) of the case's partition."""
    consumer = _consumer(case, begin)
    seen = begin
    while seen < end:
        for fetched in consumer.poll(1.0, case.settings.kafka.poll_bytes):
            seen += len(fetched.offsets)
            yield fetched
    consumer.close()


def _prime(case: Case) -> dict[str, Any]:
    settings = case.settings
    agent = MonitoringAgent(settings)
    agent.adopt(case.partition, 1)
    spent = Spent()
    for fetched in _polled(case, 0, case.first):
        left = case.first - fetched.offsets[0]
        if left > 0:
            agent.handle([_part(fetched, left)], time.time_ns())
    figures = spent.figures(case.first * POINTS)
    source = TopicPartition(settings.topics.otlp_logs, case.partition)  # its own account stays that of the topic
    made = Records(case.series, case.encoding, 100 + case.partition)
    if case.encoding not in ROWS:  # lines and spans make their own series
        (_warm_by_records if case.encoding in _SERIES_A_POINT else _warm_by_points)(agent, source, made)
    ChainedSnapshotStore(FolderFiles(settings.state / "snapshots")).write(agent.snapshot(case.partition))
    return figures


def _warm_by_records(agent: MonitoringAgent, source: TopicPartition, made: Records) -> None:
    """Gives a history to histograms and summaries: their last points must be remembered too."""
    memory = agent._of(source.partition).slot.memory
    for value in made.warming():
        agent.take_points(source, metrics.decode_otlp([value], memory, time.time_ns()), time.time_ns())


def _warm_by_points(agent: MonitoringAgent, source: TopicPartition, made: Records) -> None:
    """Gives a history to gauges."""
    series = np.arange(len(agent.table(source.partition)), dtype=np.int32)
    for step in range(WARM_PASSES):
        for begin in range(0, len(series), _PIECE):
            piece = series[begin : begin + _PIECE]
            at = np.full(len(piece), T0 + (made.steps + step) * STEP, np.int64)
            zeros = np.zeros(len(piece), np.int64)
            batch = PointBatch(
                piece, at, made.values(piece.astype(np.int64)), zeros, zeros.astype(np.int32),
                np.ones(len(piece), np.uint8), [], 0, np.array([len(piece)]),
            )  # fmt: skip
            agent.take_points(source, batch, time.time_ns())


def _part(fetched: FetchedRecords, count: int) -> FetchedRecords:
    return FetchedRecords(
        fetched.source, fetched.offsets[:count], fetched.values[:count], fetched.keys[:count],
        fetched.appended_at[:count],
    )  # fmt: skip


def _fetch(case: Case) -> dict[str, Any]:
    return _timed(case, lambda fetched: len(fetched.offsets) * POINTS)


def _timed(case: Case, work: Callable[[FetchedRecords], int]) -> dict[str, Any]:
    """Figures of work over the timed records; as with the shard, the clock starts when the partition is assigned."""
    consumer = _consumer(case, case.first)
    spent, points, seen = Spent(), 0, case.first
    while seen < case.records:
        for fetched in consumer.poll(0.1, case.settings.kafka.poll_bytes):
            seen += len(fetched.offsets)
            points += work(fetched)
    figures = spent.figures(points)
    consumer.close()
    return figures


def _decode(case: Case) -> dict[str, Any]:
    memory, now = WireMemory(case.series_limit), time.time_ns()
    decode: Any = arrow.decode if case.encoding == "arrow" else metrics.decode_otlp
    if case.encoding in ROWS:
        module = logs if case.encoding == "logs" else spans

        def decode(values: Sequence[bytes], _: WireMemory, at: int) -> Any:
            return module.decode(values, at, memory.settings, origins=memory.origins)

    for fetched in _polled(case, 0, case.first):
        decode(fetched.values, memory, now)

    def work(fetched: FetchedRecords) -> int:
        parts = range(0, len(fetched.values), 4)
        return sum(int(decode(fetched.values[begin : begin + 4], memory, now).items.sum()) for begin in parts)

    return _timed(case, work)


@dataclass(slots=True)
class _Watched:
    """Consumer and agent of a shard, with a stopwatch at each door."""

    consumer: TelemetryConsumer
    agent: PublishingAgent
    wanted: int
    """Records to handle."""
    done: threading.Event = field(default_factory=threading.Event)
    spent: Spent | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    """CPU seconds of the shard's thread by door."""
    longest: dict[str, float] = field(default_factory=dict)
    """Longest wall time of a call."""
    records: int = 0
    said: int = 0

    def _timed(self, name: str, work: Any) -> Any:
        begun, wall = time.thread_time(), time.perf_counter()
        found = work()
        if self.spent is not None and not self.done.is_set():
            self.seconds[name] = self.seconds.get(name, 0.0) + time.thread_time() - begun
            self.longest[name] = max(self.longest.get(name, 0.0), time.perf_counter() - wall)
        return found

    def poll(self, timeout_seconds: float, max_bytes: int) -> list[FetchedRecords]:
        if self.spent is None and self.consumer.positions():
            self.spent = Spent()
        found: list[FetchedRecords] = self._timed("poll", lambda: self.consumer.poll(timeout_seconds, max_bytes))
        return found

    def handle(self, batch: Sequence[FetchedRecords], received_at: int) -> list[OutRecord]:
        said: list[OutRecord] = self._timed("handle", lambda: self.agent.handle(batch, received_at))
        self.records += sum(len(fetched.offsets) for fetched in batch)
        self.said += len(said)
        if self.records >= self.wanted and self.spent is not None and not self.done.is_set():
            self.figures = self.spent.figures(self.records * POINTS)
            self.figures["shard_thread_seconds"] = time.thread_time() - self.spent.thread
            self.done.set()
        return said

    def snapshot(self, slot: int, positions: Mapping[TopicPartition, int]) -> SlotSnapshot:
        found: SlotSnapshot = self._timed("snapshot", lambda: self.agent.snapshot(slot, positions))
        return found

    def __getattr__(self, name: str) -> Any:
        for inner in (object.__getattribute__(self, "consumer"), object.__getattribute__(self, "agent")):
            if hasattr(inner, name):
                return getattr(inner, name)
        raise AttributeError(name)


def _shard(case: Case) -> dict[str, Any]:
    settings, clock = case.settings, SystemClock()
    own = settings.state / f"run-{time.time_ns()}"
    shutil.copytree(settings.state / "snapshots", own)
    agent = MonitoringAgent(settings, case.partition)
    speaking = PublishingAgent(agent, settings, open_seal(settings.state), clock=clock)
    consumer = open_consumer(settings, case.bootstrap, "throughput")
    watched: Any = _Watched(consumer, speaking, case.records - case.first)
    producer = KafkaPythonProducer(case.bootstrap)
    parts = ShardParts(watched, producer, ChainedSnapshotStore(FolderFiles(own)), watched, clock)
    rhythm = ShardRhythm(snapshot_seconds=case.snapshot_seconds, poll_bytes=settings.kafka.poll_bytes)
    shard = Shard(case.partition, parts, (*settings.topics.telemetry, settings.topics.keyed), rhythm=rhythm)
    shard.start()
    shard.own({case.partition: 1}, 300.0)
    if not watched.done.wait(180.0):
        raise TimeoutError(f"only {watched.records} of {watched.wanted} records after 180 s: {shard.status().error}")
    snapshots = shard.status().snapshots
    shard.stop(120.0)
    consumer.close()
    producer.close()
    shutil.rmtree(own)
    [line] = [line for line in agent.ledger() if line.topic == case.topic]
    return {
        **watched.figures,
        "difference": line.difference,
        "cpu_seconds_by_door": watched.seconds,
        "longest_ms": {name: 1000 * seconds for name, seconds in watched.longest.items()},
        "snapshots": snapshots,
        "said": watched.said,
        "endings": {str(ending): count for ending, count in line.endings.items() if count},
    }
