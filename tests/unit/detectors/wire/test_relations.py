"""Edges that resource attributes state."""

from __future__ import annotations

import numpy as np
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from aiops.model.durations import MINUTE
from aiops.model.entities import Edge, EdgeKind
from detectors.wire import logs, otlp_walker
from detectors.wire.entity_names import EntityNaming
from detectors.wire.memory import WireMemory
from detectors.wire.relations import Relations, relations_of

PART, RUNS = EdgeKind.PART_OF, EdgeKind.RUNS_ON
HOUR = 60 * MINUTE
T0 = 1_770_000_000 * 10**9 // HOUR * HOUR + 30 * MINUTE
"""Half past an hour: resources are not read again."""
POD = {
    "service.name": "checkout",
    "deployment.environment.name": "prod",
    "k8s.namespace.name": "shop",
    "k8s.deployment.name": "checkout-api",
    "k8s.pod.name": "checkout-7d9",
    "k8s.node.name": "node-1",
    "host.name": "checkout-7d9",
    "service.instance.id": "6f1c",
}


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (
            POD,
            [
                ("prod/shop/checkout-api", "prod/shop/checkout", PART),
                ("shop/checkout-7d9", "prod/shop/checkout", PART),
                ("shop/checkout-7d9", "prod/shop/checkout-api", PART),
                ("shop/checkout-7d9", "node-1", RUNS),
            ],
        ),
        ({"service.name": "web", "host.name": "h"}, [("web", "h", RUNS)]),
        (
            {"service.name": "web", "host.name": "h", "service.instance.id": "web-1"},
            [("web-1", "web", PART), ("web-1", "h", RUNS)],
        ),
        (
            {"service.name": "web", "service.namespace": "shop", "service.instance.id": "web-1"},
            [("shop/web-1", "shop/web", PART)],
        ),
        ({"service.name": "web", "service.instance.id": "10.0.0.1:80"}, [("web/10.0.0.1:80", "web", PART)]),
        ({"k8s.pod.name": "p", "k8s.node.name": "n"}, [("p", "n", RUNS)]),
        ({"process.executable.name": "nginx", "host.name": "h"}, [("h/nginx", "h", RUNS)]),
        ({"host.name": "h", "k8s.cluster.name": "eu"}, []),
        ({"service.name": "web"}, []),
        ({"service.name": "web", "host.name": "localhost"}, []),
        ({"service.name": "h", "host.name": "h"}, []),
        ({"service.name": "unknown_service"}, []),
        ({"process.pid": "7"}, []),
    ],
)
def test_a_resource_states_what_runs_where(attributes: dict[str, str], expected: list[object]) -> None:
    """Nothing is an edge to itself, to a cluster or to a placeholder."""
    assert list(relations_of(attributes, EntityNaming())) == expected


def _resource(attributes: dict[str, str]) -> Resource:
    resource = Resource()
    for key, value in attributes.items():
        pair = resource.attributes.add(key=key)
        pair.value.string_value = value
    return resource


def _metrics(*resources: dict[str, str]) -> bytes:
    request = ExportMetricsServiceRequest()
    for attributes in resources:
        scope = request.resource_metrics.add(resource=_resource(attributes)).scope_metrics.add()
        for name in ("a", "b"):
            scope.metrics.add(name=name).gauge.data_points.add(time_unix_nano=T0, as_double=1.0)
    return request.SerializeToString()


WEB = {"service.name": "web", "host.name": "h"}


def test_the_first_sight_of_a_series_tells_its_resources_edges_once() -> None:
    """A second poll of known series tells nothing."""
    memory = WireMemory()
    memory.relations.advance(T0)
    otlp_walker.decode([_metrics(WEB)], memory, T0)
    assert memory.relations.taken() == [Edge("web", "h", RUNS, "resources", T0)]
    otlp_walker.decode([_metrics(WEB)], memory, T0)
    assert memory.relations.taken() == []


def test_all_resources_are_read_again_at_the_beginning_of_an_hour() -> None:
    """What is still there is told again; what has gone is not."""
    memory = WireMemory()
    memory.relations.advance(T0)
    otlp_walker.decode([_metrics(WEB, WEB | {"host.name": "gone"})], memory, T0)
    memory.relations.taken()
    for minute in (31, 32):
        memory.relations.advance(T0 + minute * MINUTE)
        otlp_walker.decode([_metrics(WEB), _metrics(WEB)], memory, T0)
    told = memory.relations.taken()
    assert told == [Edge("web", "h", RUNS, "resources", T0 + 31 * MINUTE)]


def test_logs_state_edges_too() -> None:
    """A sender of logs alone has a host."""
    request = ExportLogsServiceRequest()
    request.resource_logs.add(resource=_resource(WEB)).scope_logs.add().log_records.add(time_unix_nano=T0)
    memory = WireMemory()
    for hour in range(3):
        memory.relations.advance(T0 + 30 * MINUTE + hour * HOUR)
        logs.decode([request.SerializeToString()], T0, origins=memory.origins)
        assert len(memory.relations.taken()) == 1


def test_a_broken_resource_states_nothing() -> None:
    """Its record becomes a dead letter elsewhere."""
    relations = Relations(EntityNaming())
    relations.read(b"\xff\xff\xff", np.array([[0, 3], [0, 0]]))
    assert relations.taken() == []
