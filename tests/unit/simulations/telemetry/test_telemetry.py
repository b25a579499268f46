"""What the world emits: consistent with its flows, the same every time, readable as OTLP."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from simulations.faults.registry import make
from simulations.telemetry import otlp
from simulations.telemetry.emission import Emission, Emitted
from simulations.telemetry.frames import MetricKind
from simulations.world.estate import load
from simulations.world.world import World

ESTATE = load()


def emitted(fault: str = "none", seconds: int = 120, *, light: bool = False) -> tuple[Emission, list[Emitted]]:
    """Everything a world with a fault at second 30 emits."""
    world = World(ESTATE, 3)
    emission = Emission(world, light=light)
    world.inject(make(fault), 30)
    found = []
    for _ in range(seconds):
        world.step()
        if (now := emission.collect()) is not None:
            found.append(now)
    return emission, found


def test_interval_is_kept() -> None:
    """Two minutes at fifteen seconds are eight emissions."""
    assert len(emitted()[1]) == 8


def test_light_metrics_are_the_same_bits() -> None:
    """Leaving out logs and spans changes no metric."""
    for full, light in zip(emitted("crash")[1], emitted("crash", light=True)[1], strict=True):
        assert full.metrics.value.tobytes() == light.metrics.value.tobytes()
        assert full.metrics.counts.tobytes() == light.metrics.counts.tobytes()
        assert light.logs is None


def test_same_seed_gives_the_same_telemetry() -> None:
    """Encoded bytes of two runs are equal."""
    runs = []
    for _ in range(2):
        emission, found = emitted("bad-deploy-errors", 60)
        last = found[-1]
        assert last.logs is not None
        assert last.spans is not None
        requests = (
            otlp.metrics(emission.metrics, last.metrics), otlp.logs(emission.metrics, last.logs),
            otlp.spans(emission.metrics, last.spans),
        )  # fmt: skip
        runs.append([request.SerializeToString(deterministic=True) for request in requests])
    assert runs[0] == runs[1]


def test_kinds_and_entities_are_all_there() -> None:
    """Gauges, sums and histograms; services, hosts and probes; each series once."""
    emission, _ = emitted()
    series = emission.metrics.series
    assert {info.kind for info in series} == set(MetricKind)
    spoken = {info.entity for info in series}
    assert spoken >= {"web", "orders-db", "catalog-cache", "order-events", "order-worker", "host-a1"}
    keys = [(info.resource, info.metric, info.attributes) for info in series]
    assert len(set(keys)) == len(keys)


def test_sums_never_fall() -> None:
    """Counters and histogram counts only grow while nothing restarts."""
    emission, found = emitted()
    sums = np.array([info.kind is MetricKind.SUM for info in emission.metrics.series])
    for earlier, later in pairwise(found):
        a, b = (np.full(len(sums), np.nan) for _ in range(2))
        a[earlier.metrics.index], b[later.metrics.index] = earlier.metrics.value, later.metrics.value
        assert not (b[sums] < a[sums]).any()
        assert (later.metrics.counts >= earlier.metrics.counts).all()


def test_histogram_counts_the_requests_served() -> None:
    """The buckets of web's instances add up to what they served."""
    emission, found = emitted()
    last, emitter = found[-1].metrics, emission.metrics
    of_web = np.array(
        [
            emitter.series[n].entity == "web" and emitter.series[n].metric == "http.server.request.duration"
            for n in last.histogram
        ]
    )
    world = emitter.world
    web = world.instances("web")
    ended = (world.seen.ok_sum + world.seen.failed_sum)[web].sum()
    assert last.counts[of_web].sum() == pytest.approx(ended, rel=0.01)


def test_dead_instances_are_silent() -> None:
    """After a crash of all instances of a service, their own series stop and the service's pods are zero."""
    emission, found = emitted("crash")
    speaking = {emission.metrics.series[n].resource for n in found[-1].metrics.index}
    instances = [
        n for n, r in enumerate(emission.metrics.resources) if r.entity == "pricing" and len(r.attributes) == 4
    ]
    assert instances
    assert not speaking & set(instances)


def test_spans_make_trees_that_fit() -> None:
    """Every parent is in the same trace and, queues apart, begins before its child and ends after it begins."""
    _, found = emitted()
    spans = found[-1].spans
    assert spans is not None
    assert len(spans) > 100
    at = {int(span): n for n, span in enumerate(spans.span)}
    assert len(at) == len(spans)
    for n in np.flatnonzero(spans.parent):
        up = at[int(spans.parent[n])]
        assert spans.trace[n].tobytes() == spans.trace[up].tobytes()
        assert spans.start[n] >= spans.start[up]
        if spans.kind[n] == 2 and spans.kind[up] == 3 and not spans.failed[up]:
            assert spans.start[n] + spans.duration[n] <= spans.start[up] + spans.duration[up] + 1_000_000


def test_spans_agree_with_flows() -> None:
    """The share of failed roots and their mean duration follow the world's own figures."""
    emission, found = emitted("bad-deploy-errors", 1200)
    layout = emission.metrics.world.layout
    payment = layout.index["payment"]
    fails, seconds, web = [], [], layout.index["web"]
    for now in found[10:]:
        assert now.spans is not None
        mine = (now.spans.operation == payment) & (now.spans.kind == 2)
        fails += now.spans.failed[mine].tolist()
        roots = (now.spans.operation == web) & (now.spans.kind == 2)
        seconds += (now.spans.duration[roots] / 1e9).tolist()
    world = emission.metrics.world
    assert np.mean(fails) == pytest.approx(1 - world.state.ok_share[payment], abs=0.12)
    assert np.mean(seconds) == pytest.approx(world.seen.users[0, 2], rel=0.3)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("crash", "connection refused"), ("certificate-expiry", "certificate has expired"),
        ("bad-deploy-errors", "null reference"),
        ("bad-configuration", "authentication to orders-db failed"), ("poison-message", "worker died"),
    ],
)  # fmt: skip
def test_error_templates_come_with_their_fault(fault: str, says: str) -> None:
    """The words are not in the healthy log, and are in the faulty one, as errors."""
    healthy = [body for now in emitted()[1] if now.logs is not None for body in now.logs.bodies]
    assert len(healthy) > 200
    assert not any(says in body for body in healthy)
    rows = [
        (s, b)
        for now in emitted(fault, 240)[1]
        if now.logs is not None
        for s, b in zip(now.logs.severity, now.logs.bodies, strict=True)
    ]
    assert any(says in body and severity == 17 for severity, body in rows)


def test_otlp_is_complete_both_ways() -> None:
    """Protobuf holds each point once; JSON has ids as hexadecimal and parses."""
    emission, found = emitted()
    last = found[-1]
    request = ExportMetricsServiceRequest.FromString(otlp.metrics(emission.metrics, last.metrics).SerializeToString())
    points = sum(
        len(getattr(metric, str(metric.WhichOneof("data"))).data_points)
        for group in request.resource_metrics
        for scope in group.scope_metrics
        for metric in scope.metrics
    )
    assert points == len(last.metrics)
    assert last.spans is not None
    tree = json.loads(otlp.to_json(otlp.spans(emission.metrics, last.spans)))
    span = tree["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    assert len(bytes.fromhex(span["traceId"])) == 16
    assert len(bytes.fromhex(span["spanId"])) == 8
