"""Seeded random histories of histograms and summaries, as senders grow, rescale, reset and break them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    AggregationTemporality,
    Metric,
)

from tests.unit.detectors.wire.requests import NOW

STEP = 10 * 10**9
_SCALES = (-10, -1, 0, 2, 3, 8, 20)
_EDGES = (0, -7, 30, 2**31 - 200, -(2**31), 2**31 - 1)


@dataclass
class Sender:
    """One series of each form, whose points follow each other through the requests."""

    rng: random.Random
    temporality: AggregationTemporality.ValueType = AGGREGATION_TEMPORALITY_CUMULATIVE
    at: int = NOW - 1000 * STEP
    start: int = NOW - 2000 * STEP
    counts: list[int] = field(default_factory=list)
    bounds: list[float] = field(default_factory=list)
    scale: int = 3
    offset: int = 0
    threshold: float = 0.0
    above: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)
    zero: int = 0
    total: int = 0
    sum: float = 0.0

    def request(self) -> ExportMetricsServiceRequest:
        """The next request: each form once or twice."""
        made = ExportMetricsServiceRequest()
        metrics = made.resource_metrics.add().scope_metrics.add().metrics
        for _ in range(self.rng.choice([1, 1, 2])):
            self._advance()
            for write in self.rng.sample([self._explicit, self._exponential, self._summary], 3):
                if self.rng.random() < 0.9:
                    write(metrics.add())
        return made

    def _advance(self) -> None:
        rng = self.rng
        self.at += rng.choice([STEP, STEP, STEP, 0, -STEP])
        if rng.random() < 0.15 or not self.counts:
            self.bounds = sorted(rng.sample([-3.0, 0.0, 0.1, 0.5, 1.0, 2.5, 10.0], rng.randrange(0, 6)))
            self.counts = [0] * (len(self.bounds) + 1)
        if rng.random() < 0.1:
            self.start += rng.choice([STEP, 0])
            self.counts = [0] * len(self.counts)
            self.above, self.below, self.zero, self.total, self.sum = [], [], 0, 0, 0.0
        self.counts = [count + rng.choice([0, 0, 1, 5, 1000]) for count in self.counts]
        self._reshape()
        self.above = [count + rng.randrange(4) for count in self.above]
        self.below = [count + rng.randrange(2) for count in self.below]
        self.zero += rng.randrange(3)
        self.total += rng.randrange(5)
        self.sum += rng.choice([0.0, 0.5, 12.25])

    def _reshape(self) -> None:
        """Other scale, offset, threshold or number of buckets of the exponential histogram."""
        rng = self.rng
        if rng.random() < 0.2:
            self._merge()
        if rng.random() < 0.1:
            self.scale = rng.choice(_SCALES)
        if rng.random() < 0.1:
            self.offset = rng.choice(_EDGES)
        if rng.random() < 0.1:
            self.threshold = rng.choice([0.0, 0.0, 1e-6, 0.3, 7.0])
        if rng.random() < 0.4:
            self.above += [0] * rng.randrange(6)
        if rng.random() < 0.1:
            self.below += [0] * rng.randrange(3)

    def _merge(self) -> None:
        """Halves the resolution, as an SDK does when its buckets no longer cover what it sees."""
        first, self.scale = self.offset >> 1, self.scale - 1
        for side in (self.above, self.below):
            merged = [0] * (((self.offset + len(side) - 1) >> 1) - first + 1 if side else 0)
            for place, count in enumerate(side):
                merged[((self.offset + place) >> 1) - first] += count
            side[:] = merged
        self.offset = first

    def _point(self, point: Any) -> None:
        point.time_unix_nano, point.start_time_unix_nano = self.at, self.start
        point.count, point.sum = self.total, self.rng.choice([self.sum, self.sum, self.sum, float("nan")])

    def _explicit(self, metric: Metric) -> None:
        metric.name, metric.unit = "latency", "s"
        metric.histogram.aggregation_temporality = self.temporality
        point = metric.histogram.data_points.add()
        self._point(point)
        point.explicit_bounds.extend(self.bounds)
        point.bucket_counts.extend(self.counts)

    def _exponential(self, metric: Metric) -> None:
        metric.name, metric.unit = "size", "By"
        metric.exponential_histogram.aggregation_temporality = self.temporality
        point = metric.exponential_histogram.data_points.add()
        self._point(point)
        point.scale, point.zero_count, point.zero_threshold = self.scale, self.zero, self.threshold
        point.positive.offset, point.negative.offset = self.offset, self.offset
        point.positive.bucket_counts.extend(self.above)
        point.negative.bucket_counts.extend(self.below)

    def _summary(self, metric: Metric) -> None:
        metric.name = "wait"
        point = metric.summary.data_points.add()
        self._point(point)
        for quantile in self.rng.choice([(), (0.5, 0.99), (0.5, 0.9, 0.999)]):
            point.quantile_values.add(quantile=quantile, value=self.rng.choice([0.0, 1.5, float("nan")]))
