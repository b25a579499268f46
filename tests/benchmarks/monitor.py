"""Points a second through the monitoring agent, from bytes that are there: ``python -m tests.benchmarks.monitor``.

One slot, one thread; records of 8,192 points, each series every ten seconds of event time. Each case runs
once to warm up (compilation, first sight of every series) and is then timed over fresh event times.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from aiops.agents.monitoring import MonitoringAgent
from aiops.ports import FetchedRecords, TopicPartition
from aiops.settings import DataPlane, Kafka, Settings
from detectors.wire.arrow_encoding import PointEncoder
from detectors.wire.identity import SeriesIdentity
from detectors.wire.series import SeriesTable

SECOND = 1_000_000_000
T0 = 1_800_000_000 * SECOND
POINTS = 8192
POLL = 16
"""Records a poll."""


class Source:
    """Records of a number of series, every series in turn every ten seconds."""

    def __init__(self, series: int) -> None:
        self.series = series
        self.table = SeriesTable()
        names = [SeriesIdentity(f"service-{n // 100}", f"metric{n % 100}") for n in range(series)]
        self.numbers = self.table.add(names)
        self.encoder = PointEncoder(self.table)
        self.rng = np.random.default_rng(1)

    def part(self, record: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        places = np.arange(record * POINTS, (record + 1) * POINTS, dtype=np.int64)
        at = T0 + places // self.series * 10 * SECOND
        return self.numbers[places % self.series], at, self.rng.normal(10, 1, POINTS)

    def arrow(self, record: int) -> bytes:
        return self.encoder.encode(*self.part(record))

    def otlp(self, record: int) -> bytes:
        request = ExportMetricsServiceRequest()
        entities: dict[str, dict[str, Any]] = {}
        scopes = {}
        for number, at, value in zip(*self.part(record), strict=True):
            identity = self.table.identity(int(number))
            if identity.entity not in entities:
                resource = request.resource_metrics.add()
                attribute = resource.resource.attributes.add()
                attribute.key, attribute.value.string_value = "service.name", identity.entity
                entities[identity.entity], scopes[identity.entity] = {}, resource.scope_metrics.add()
            metrics = entities[identity.entity]
            if identity.metric not in metrics:
                metrics[identity.metric] = scopes[identity.entity].metrics.add(name=identity.metric).gauge
            metrics[identity.metric].data_points.add(time_unix_nano=int(at), as_double=float(value))
        return request.SerializeToString()


def measure(series: int, encoding: str, seconds: float) -> dict[str, object]:
    """Points a second of one case."""
    settings = Settings(kafka=Kafka(partitions=1), data=DataPlane(series_limit=max(series, 1000) + 1000))
    topic = settings.topics.metrics_arrow if encoding == "arrow" else settings.topics.otlp_metrics
    agent = MonitoringAgent(settings)
    agent.adopt(0, 1)
    source = Source(series)
    make = source.arrow if encoding == "arrow" else source.otlp
    warm = max(POLL, -(-2 * series // POINTS) if encoding == "arrow" else -(-series // POINTS) + 1)
    record, timed, spent, longest, told = 0, 0, 0.0, 0.0, 0
    while spent < seconds and (record < warm or timed < 200 * POLL):
        values = [make(number) for number in range(record, record + POLL)]
        fetched = FetchedRecords(
            TopicPartition(topic, 0), list(range(record, record + POLL)), values, [None] * POLL, [T0] * POLL
        )
        begin = time.perf_counter()
        told += len(agent.handle([fetched], T0).episodes)
        elapsed = time.perf_counter() - begin
        record += POLL
        if record > warm:
            spent, timed, longest = spent + elapsed, timed + POLL, max(longest, elapsed)
    begin = time.perf_counter()
    agent.snapshot(0)
    full = time.perf_counter() - begin
    line = agent.ledger()[0]
    return {
        "series": series,
        "encoding": encoding,
        "points_per_second": round(timed * POINTS / spent),
        "longest_batch_ms": round(1000 * longest, 1),
        "full_snapshot_ms": round(1000 * full, 1),
        "episodes": told,
        "difference": line.difference,
    }


def main() -> None:
    """Run, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, nargs="*", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    results = []
    for encoding in ("arrow", "otlp"):
        for series in given.series:
            found = measure(series, encoding, given.seconds)
            results.append(found)
            print("  ".join(f"{key}={value}" for key, value in found.items()), flush=True)
    if given.out:
        given.out.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
