"""Seeded random OTLP metric requests of every kind, with all that real and broken senders put into them."""

from __future__ import annotations

import random
from collections.abc import MutableSequence
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

NOW = 1_700_000_000_000_000_000
_TIMES = (0, 1, NOW + 10**15, 2**63 + 5, 2**64 - 1, 10**17)
_VALUES = (float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 1e308, 5e-324)


def request(rng: random.Random) -> ExportMetricsServiceRequest:
    """A request with up to three resources, scopes and metrics each."""
    made = ExportMetricsServiceRequest()
    for _ in range(rng.randrange(4)):
        resource_metrics = made.resource_metrics.add()
        if rng.random() < 0.9:
            attributes(rng, resource_metrics.resource.attributes)
            if rng.random() < 0.6:
                name = resource_metrics.resource.attributes.add(key="service.name")
                name.value.string_value = rng.choice(["cart", "pay", ""])
        for _ in range(rng.randrange(4)):
            scope_metrics = resource_metrics.scope_metrics.add()
            if rng.random() < 0.7:
                scope_metrics.scope.name = rng.choice(["", "otel.http", "lib"])
                scope_metrics.scope.version = rng.choice(["", "1.2"])
            for _ in range(rng.randrange(4)):
                metric(rng, scope_metrics.metrics.add())
    return made


def metric(rng: random.Random, made: Metric) -> None:
    """Fills one metric of any kind, with any kind of fault."""
    made.name = rng.choice(["http.server.duration", "cpu", "größe", ""] if rng.random() < 0.2 else ["a", "b"])
    made.unit = rng.choice(["", "ms", "By"])
    made.description = rng.choice(["", "what it is"])
    kind = rng.choice(["gauge", "sum", "sum", "histogram", "exponential_histogram", "summary", "none"])
    if kind == "none":
        return
    data = getattr(made, kind)
    data.SetInParent()
    if kind not in ("gauge", "summary"):
        data.aggregation_temporality = rng.choice([0, 1, 2, 2, 2, 3])
    if kind == "sum":
        data.is_monotonic = rng.random() < 0.5
    for step in range(rng.randrange(5)):
        point = data.data_points.add()
        attributes(rng, point.attributes)
        point.time_unix_nano = rng.choice(_TIMES) if rng.random() < 0.15 else NOW + step * 10**9
        point.start_time_unix_nano = rng.choice([0, NOW - 10**12, NOW - 10**12, 2**64 - 1])
        point.flags = rng.choice([0, 0, 0, 0, 0, 1, 2, 3])
        _FILL[kind](rng, point)


def attributes(rng: random.Random, made: MutableSequence[Any]) -> None:
    """Up to three attributes of any type; names may repeat."""
    for _ in range(rng.randrange(4)):
        pair = made.add()  # type: ignore[attr-defined]
        pair.key = rng.choice(["k", "route", "peer.service", "server.address", "host.name", "", "é"])
        value(rng, pair.value, depth=2)


def value(rng: random.Random, made: AnyValue, depth: int) -> None:
    """A value of any type."""
    kinds = ["string", "string", "int", "double", "bool", "bytes", "none"] + ["array", "kvlist"] * (depth > 0)
    match rng.choice(kinds):
        case "string":
            made.string_value = rng.choice(["", "x", "ü" * 30, "GET", "a" * 9000 if rng.random() < 0.02 else "y"])
        case "int":
            made.int_value = rng.choice([0, 1, -1, 2**62])
        case "double":
            made.double_value = rng.choice([0.5, float("nan"), 1e300])
        case "bool":
            made.bool_value = rng.random() < 0.5
        case "bytes":
            made.bytes_value = rng.randbytes(3)
        case "array":
            made.array_value.SetInParent()
            for _ in range(rng.randrange(3)):
                value(rng, made.array_value.values.add(), depth - 1)
        case "kvlist":
            made.kvlist_value.SetInParent()
            for _ in range(rng.randrange(3)):
                pair = made.kvlist_value.values.add(key=rng.choice(["a", "b"]))
                value(rng, pair.value, depth - 1)
        case _:
            pass


def _number(rng: random.Random, point: Any) -> None:
    choice = rng.random()
    if choice < 0.5:
        point.as_double = rng.choice(_VALUES) if rng.random() < 0.2 else rng.gauss(0, 100)
    elif choice < 0.95:
        point.as_int = rng.choice([0, 1, -5, 2**63 - 1, -(2**63)])
    if rng.random() < 0.2:
        exemplar = point.exemplars.add()
        exemplar.as_double = 1.0
        exemplar.trace_id = bytes(16)


def _histogram(rng: random.Random, point: Any) -> None:
    bounds = rng.choice([[], [1.0], [0.0, 5.0, 10.0], [-5.0, 5.0], [5.0, 1.0], [1.0, float("inf")]])
    counts = [rng.randrange(10) for _ in range(len(bounds) + rng.choice([1, 1, 1, 1, 0]))]
    if rng.random() < 0.05:
        counts = [2**64 - 1] * len(counts)
    point.explicit_bounds.extend(bounds)
    point.bucket_counts.extend(counts)
    point.count = min(sum(counts), 2**64 - 1)
    point.sum = rng.choice([1.0, float("nan")])


def _exponential(rng: random.Random, point: Any) -> None:
    point.scale = rng.choice([0, 1, 3, -2, 20, -11, 2**31 - 1])
    point.zero_count = rng.randrange(3)
    point.zero_threshold = rng.choice([0.0, 0.1, float("nan")])
    for side in (point.positive, point.negative):
        if rng.random() < 0.6:
            side.offset = rng.choice([0, -3, 7, 2**31 - 1])
            side.bucket_counts.extend(rng.randrange(5) for _ in range(rng.randrange(6)))
    point.count = point.zero_count + sum(point.positive.bucket_counts) + sum(point.negative.bucket_counts)


def _summary(rng: random.Random, point: Any) -> None:
    point.count = rng.randrange(100)
    for quantile in rng.choice([[], [0.5, 0.99], [0.0, 1.0, 2.0]]):
        point.quantile_values.add(quantile=quantile, value=rng.choice([1.0, float("nan")]))


_FILL = {
    "gauge": _number,
    "sum": _number,
    "histogram": _histogram,
    "exponential_histogram": _exponential,
    "summary": _summary,
}
