"""What the world emits in one interval, as arrays: points, log lines and spans."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Index = NDArray[np.int32]


class MetricKind(StrEnum):
    """OTLP's kinds of metric that the world uses."""

    GAUGE = "gauge"
    SUM = "sum"
    """Cumulative, monotonic."""
    HISTOGRAM = "histogram"
    """Cumulative, explicit bounds."""


@dataclass(frozen=True, slots=True)
class SeriesInfo:
    """Who a series is. Resource attributes name the sender, point attributes the rest."""

    entity: str
    """As the runtime names it: the service, host, agent or site."""
    metric: str
    kind: MetricKind
    unit: str
    resource: int
    """Number of the resource (sender) in the emitter's list."""
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class MetricFrame:
    """One interval's points: scalars (gauges and sums) and histograms; indices point into the emitter's ``series``."""

    at: int
    """Event time of all points, ns UTC."""
    start: int
    """Start of all cumulative points."""
    index: Index
    value: Floats
    histogram: Index
    """Indices of the histogram points."""
    counts: NDArray[np.int64]
    """[n, bounds + 1] cumulative."""
    sums: Floats
    """[n] cumulative, in the series' unit."""

    def __len__(self) -> int:
        return len(self.index) + len(self.histogram)


@dataclass(frozen=True, slots=True)
class LogFrame:
    """One interval's log lines, ordered by time."""

    at: Ints
    resource: Index
    severity: Index
    """OTLP severity number: 9 info, 13 warn, 17 error."""
    template: Index
    """Into ``logs.TEMPLATES``."""
    bodies: list[str]
    trace: NDArray[Any]
    """[n] 16 bytes, all zero where a line belongs to no trace."""

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, slots=True)
class SpanFrame:
    """One interval's sampled spans; those of one trace are together, parents first."""

    trace: NDArray[Any]
    """[n] 16 bytes"""
    span: NDArray[np.uint64]
    parent: NDArray[np.uint64]
    """0: a root."""
    resource: Index
    operation: Index
    """Service called or serving, into the layout's ``ids``."""
    kind: Index
    """OTLP span kind: 2 server, 3 client, 4 producer, 5 consumer."""
    start: Ints
    duration: Ints
    """ns"""
    failed: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.start)


@dataclass(frozen=True, slots=True)
class Resource:
    """A sender of telemetry and its OTLP resource attributes."""

    entity: str
    attributes: tuple[tuple[str, str], ...]
