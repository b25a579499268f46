"""A fleet whose clocks are wrong: ``python -m tests.benchmarks.fleet skew``.

Every sender is a service that exports three metrics once a minute, with jitter and delay, through a Collector that
writes a record a second. Clocks are off by -10 to +60 minutes, steadily, in both directions in turn; those of one in a
hundred jump by up to an hour and back. Some services die for good. Halfway our own shard is down for 95 seconds and
then catches up from its snapshot. Prints the share of well-behaved senders' points that were late, the healthy services
that were called silent, and after how many export intervals each dead one was found.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, ResourceMetrics

from aiops.agents.monitoring import MonitoringAgent
from aiops.model.durations import SECOND
from aiops.model.episodes import Episode, SignalDirection
from aiops.model.ledger import Ending
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.settings import DataPlane, Kafka, Settings
from detectors.bank.layout import Ended

T0 = 1_800_000_000 * SECOND
EXPORT = 60
"""Seconds between two exports."""
METRICS = ("queue.length", "process.cpu.utilization", "requests")
DOWN = 95
"""Seconds for which our own shard is down."""
JUMPING = 0.01


@dataclass(frozen=True, slots=True)
class Shape:
    """A fleet and its faults."""

    senders: int = 1000
    hours: float = 3.0
    dead: int = 20
    """Senders that die in the last third."""
    seed: int = 1
    ahead: bool = False
    """Clocks are up to an hour ahead and ten minutes behind, instead of the other way round."""


@dataclass(slots=True)
class Figures:
    """What came of one fleet."""

    points: int = 0
    """Of well-behaved senders."""
    late: int = 0
    lost: int = 0
    """Points of well-behaved senders that are dead letters or duplicates."""
    healthy_silent: list[str] = field(default_factory=list)
    found: dict[str, float] = field(default_factory=dict)
    """Export intervals from the last export of a dead service to its episode."""
    missed: list[str] = field(default_factory=list)
    difference: int = 0
    seconds: float = 0.0

    @property
    def share(self) -> float:
        """Late points as a share of all of well-behaved senders."""
        return (self.late + self.lost) / max(1, self.points)


class Fleet:
    """Clocks, exports and deaths of the senders; index 0 to ``jumpers`` jump."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.rng = rng = np.random.default_rng(shape.seed)
        count, self.end = shape.senders, int(3600 * shape.hours)
        self.jumpers = max(1, int(JUMPING * count))
        self.skew = rng.uniform(-600, 3600, count) * (1 if shape.ahead else -1)
        self.phase = rng.uniform(0, EXPORT, count)
        self.dies = np.full(count, np.inf)
        self.dies[rng.choice(np.arange(self.jumpers, count), shape.dead, replace=False)] = rng.uniform(
            0.67 * self.end, self.end - 4 * EXPORT, shape.dead
        )
        self.last = np.zeros(count)
        self.jumped = np.zeros(count)

    def exports(self) -> Iterator[tuple[int, list[bytes], list[int]]]:
        """For each second: exports that the Collector received in it, and who sent each."""
        rng = self.rng
        due = self.phase.copy()
        arrivals: list[list[tuple[int, float]]] = [[] for _ in range(self.end + 60)]
        for second in range(self.end):
            for sender in np.flatnonzero(due <= second).tolist():
                moment = float(due[sender])
                due[sender] = (
                    EXPORT * round((moment - self.phase[sender]) / EXPORT + 1) + self.phase[sender] + rng.uniform(-2, 2)
                )
                if moment < self.dies[sender]:
                    arrivals[second + int(rng.exponential(0.7))].append((sender, moment))
                    self.last[sender] = moment
            if second % 600 == 0:
                for sender in range(self.jumpers):
                    self.jumped[sender] = 0.0 if self.jumped[sender] else float(rng.uniform(-3600, 3600))
            ready = arrivals[second]
            yield second, [self._export(*one) for one in ready], [sender for sender, _ in ready]

    def _export(self, sender: int, moment: float) -> bytes:
        made = ExportMetricsServiceRequest()
        resource: ResourceMetrics = made.resource_metrics.add()
        resource.resource.attributes.add(key="service.name").value.string_value = f"s{sender}"
        scope = resource.scope_metrics.add()
        at = T0 + int((moment + self.skew[sender] + self.jumped[sender]) * SECOND)
        for number, name in enumerate(METRICS):
            metric = scope.metrics.add(name=name)
            if name == "requests":
                metric.sum.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
                metric.sum.is_monotonic = True
                metric.sum.data_points.add(time_unix_nano=at, as_int=int(50 * moment))
            else:
                value = 10 + number + float(self.rng.normal(0, 0.3))
                metric.gauge.data_points.add(time_unix_nano=at, as_double=value)
        return made.SerializeToString()


class Reader:
    """Our shard: reads the topic, ticks once a second, and is down once."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet, self.figures = fleet, Figures()
        data = DataPlane(series_limit=8 * fleet.shape.senders)
        self.settings = Settings(kafka=Kafka(partitions=1), data=data)
        self.source = TopicPartition(self.settings.topics.otlp_metrics, 0)
        self.agent = MonitoringAgent(self.settings)
        self.agent.adopt(0, 1)
        self.kept: list[tuple[int, bytes]] = []
        """Records of the topic, with their second of receipt."""
        self.read = 0
        self._watch()

    def _watch(self) -> None:
        """Count the points of well-behaved senders by how they end."""
        detection = self.agent._owned[0].slot.detection
        feed = detection.feed

        def counted(points, records, appended):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202 (as ``feed``)
            codes = feed(points, records, appended)
            names = [detection.table.entities[code] for code in detection.table.entity[points.series].tolist()]
            good = np.array([int(name[1:]) >= self.fleet.jumpers for name in names], np.bool_)
            self.figures.points += int(good.sum())
            self.figures.late += int(np.count_nonzero(codes[good] == int(Ended.LATE)))
            self.figures.lost += int(np.isin(codes[good], (int(Ended.DUPLICATE), int(Ended.REFUSED))).sum())
            return codes

        detection.feed = counted  # type: ignore[method-assign]

    def catch_up(self, second: int) -> list[Episode]:
        """Read what is there; the lag is small then."""
        told: list[Episode] = []
        now = T0 + second * SECOND
        fresh = self.kept[self.read :]
        for begin in range(0, len(fresh), 500):
            part = fresh[begin : begin + 500]
            offsets = range(self.read + begin, self.read + begin + len(part))
            none = (None,) * len(part)
            at = [T0 + received * SECOND for received, _ in part]
            fetched = FetchedRecords(self.source, offsets, [value for _, value in part], none, at)
            told += self.agent.handle([fetched], now).episodes
        self.read = len(self.kept)
        return told + self.agent.tick(now, lag_is_small=True).episodes

    def restart(self) -> None:
        """Continue from a snapshot in a new process."""
        snapshot = self.agent.snapshot(0, full=True)
        self.agent = MonitoringAgent(self.settings)
        self.agent.adopt(0, 2, [snapshot])
        self._watch()


def simulate(shape: Shape) -> Figures:
    """Run one fleet."""
    begun = time.process_time()
    fleet = Fleet(shape)
    reader = Reader(fleet)
    figures = reader.figures
    down = range(fleet.end // 2, fleet.end // 2 + DOWN)
    for second, values, _ in fleet.exports():
        reader.kept += [(second, value) for value in values]
        if second == down.stop:
            reader.restart()
            reader.figures = figures
        if second not in down:
            _grade(figures, fleet, reader.catch_up(second), second)
    dead = np.flatnonzero(np.isfinite(fleet.dies)).tolist()
    figures.missed = [f"s{sender}" for sender in dead if f"s{sender}" not in figures.found]
    (line,) = reader.agent.ledger()
    figures.lost += line.endings.get(Ending.DEAD_LETTER, 0)
    figures.difference = line.difference
    figures.seconds = round(time.process_time() - begun, 1)
    return figures


def _grade(figures: Figures, fleet: Fleet, told: Sequence[Episode], second: int) -> None:
    for episode in told:
        silent = any(signal.direction is SignalDirection.SILENT for signal in episode.signals)
        if not silent or not episode.entity.startswith("s"):
            continue
        sender = int(episode.entity[1:])
        if second > fleet.dies[sender]:
            figures.found.setdefault(episode.entity, (second - float(fleet.last[sender])) / EXPORT)
        elif sender >= fleet.jumpers and episode.entity not in figures.healthy_silent:
            figures.healthy_silent.append(episode.entity)


def main(arguments: Sequence[str]) -> int:
    """Run, print, write."""
    parser = argparse.ArgumentParser(
        prog="tests.benchmarks.fleet skew", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--senders", type=int, default=1000)
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--dead", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args(arguments)
    results = {}
    for ahead in (False, True):
        found = simulate(Shape(given.senders, given.hours, given.dead, given.seed, ahead))
        name = "clocks -10 to +60 min" if ahead else "clocks -60 to +10 min"
        results[name] = asdict(found)
        worst = max(found.found.values(), default=0.0)
        print(
            f"{name}: {found.points:,} points of well-behaved senders, {found.share:.3%} late or lost; "
            f"{len(found.healthy_silent)} healthy called silent; {len(found.found)} dead found after at most "
            f"{worst:.2f} export intervals, {len(found.missed)} missed; ledger difference {found.difference}; "
            f"{found.seconds} s of CPU",
            flush=True,
        )
    if given.out:
        given.out.write_text(json.dumps(results, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
