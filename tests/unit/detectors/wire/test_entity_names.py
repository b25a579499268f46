"""Names of entities from resource attributes and addresses."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from aiops.model.entity_names import is_loopback, peer_name
from detectors.wire import logs, otlp_walker, spans
from detectors.wire.entity_names import EntityNaming, MetricScope, metric_scope
from detectors.wire.memory import WireMemory
from detectors.wire.otlp_json import metrics_protobuf

NOW = 1_770_000_000 * 10**9
Attributes = Mapping[str, str]
NAMED: list[tuple[Attributes, str]] = [
    ({"service.name": "checkout"}, "checkout"),
    ({"service.name": "team/checkout"}, "team/checkout"),
    ({"service.name": "checkout", "deployment.environment.name": "prod"}, "prod/checkout"),
    ({"service.name": "checkout", "deployment.environment": "staging"}, "staging/checkout"),
    ({"service.name": "checkout", "service.namespace": "shop"}, "shop/checkout"),
    ({"service.name": "checkout", "k8s.namespace.name": "shop"}, "shop/checkout"),
    ({"service.name": "checkout", "service.namespace": "shop", "k8s.namespace.name": "x"}, "shop/checkout"),
    (
        {
            "service.name": "checkout",
            "service.namespace": "shop",
            "k8s.cluster.name": "eu",
            "deployment.environment.name": "prod",
        },
        "prod/eu/shop/checkout",
    ),
    ({"k8s.deployment.name": "api", "k8s.namespace.name": "team-a"}, "team-a/api"),
    ({"k8s.deployment.name": "api", "k8s.namespace.name": "team-b"}, "team-b/api"),
    ({"k8s.statefulset.name": "db", "k8s.pod.name": "db-0"}, "db"),
    (
        {"k8s.pod.name": "api-7", "k8s.namespace.name": "shop", "deployment.environment.name": "prod"},
        "shop/api-7",
    ),
    ({"host.name": "web-1"}, "web-1"),
    ({"host.name": "web-1", "deployment.environment.name": "prod", "k8s.namespace.name": "otel"}, "web-1"),
    ({"host.name": "web-1", "k8s.cluster.name": "eu"}, "eu/web-1"),
    ({"k8s.node.name": "web-1"}, "web-1"),
    ({"process.executable.name": "nginx", "process.pid": "7", "host.name": "web-1"}, "web-1/nginx"),
    ({"process.executable.name": "nginx"}, "nginx"),
    ({"container.name": "cache", "host.name": "web-1"}, "web-1/cache"),
    ({"aiops.entity": "a/b", "service.name": "c", "deployment.environment.name": "prod"}, "a/b"),
    ({"service.name": "a/b%", "service.namespace": "n/m"}, "n%2Fm/a%2Fb%25"),
    ({"service.name": "unknown_service:java", "k8s.deployment.name": "api"}, "api"),
    ({"service.name": "unknown_service:java", "host.name": "web-1"}, "web-1"),
    ({"service.name": "unknown_service:java"}, "unknown_service:java"),
    ({"host.name": "localhost", "k8s.node.name": "web-1"}, "web-1"),
    ({"host.name": "127.0.0.1"}, "127.0.0.1"),
    ({"process.pid": "7"}, "unknown"),
    ({"deployment.environment.name": "prod"}, "unknown"),
    ({}, "unknown"),
]


@pytest.mark.parametrize(("attributes", "expected"), NAMED)
def test_a_resource_is_named_by_scope_and_name(attributes: Attributes, expected: str) -> None:
    """The order of attributes does not matter."""
    backwards = dict(reversed(list(attributes.items())))
    assert EntityNaming().entity(attributes) == expected
    assert EntityNaming().entity(backwards) == expected


@pytest.mark.parametrize(("attributes", "expected"), NAMED)
def test_metrics_logs_and_spans_of_one_resource_have_one_entity(attributes: Attributes, expected: str) -> None:
    """In protobuf and in JSON."""
    resource = _resource(attributes)
    metrics = ExportMetricsServiceRequest()
    points = metrics.resource_metrics.add(resource=resource).scope_metrics.add().metrics.add(name="heap").gauge
    points.data_points.add(time_unix_nano=NOW, as_double=1.0)
    lines = ExportLogsServiceRequest()
    lines.resource_logs.add(resource=resource).scope_logs.add().log_records.add(time_unix_nano=NOW)
    calls = ExportTraceServiceRequest()
    span = calls.resource_spans.add(resource=resource).scope_spans.add().spans.add(name="get", kind=2)
    span.start_time_unix_nano = span.end_time_unix_nano = NOW
    requests = metrics, lines, calls
    for values in ([one.SerializeToString() for one in requests], [_json(one) for one in requests]):
        memory = WireMemory()
        otlp_walker.decode([metrics_protobuf(values[0], 1 << 20)], memory, NOW)
        found = logs.decode([values[1]], NOW).entities, spans.decode([values[2]], NOW).words[:1]
        assert (memory.table.entities, *found) == ([expected], [expected], [expected])


def _resource(attributes: Attributes) -> Resource:
    resource = Resource()
    for key, value in attributes.items():
        pair = resource.attributes.add(key=key)
        pair.value.string_value = value
    return resource


def _json(request: object) -> bytes:
    return json.dumps(json_format.MessageToDict(request)).encode()  # type: ignore[arg-type]


def test_without_a_scope_names_are_bare() -> None:
    """A fleet may switch environment, cluster and namespace off."""
    naming = EntityNaming(scope=())
    assert naming.entity({"service.name": "checkout", "deployment.environment.name": "prod"}) == "checkout"


def test_any_attribute_may_be_part_of_the_scope() -> None:
    """Also of hosts and pods."""
    naming = EntityNaming(scope=(("tenant",), ("k8s.namespace.name",)))
    assert naming.entity({"service.name": "checkout", "tenant": "acme"}) == "acme/checkout"
    assert naming.entity({"host.name": "web-1", "tenant": "acme"}) == "acme/web-1"


def test_the_infrastructure_of_a_pod_is_its_own_and_what_an_sdk_sends_is_the_services() -> None:
    """Both metrics come with the same resource attributes."""
    pod = {
        "service.name": "checkout",
        "k8s.pod.name": "checkout-7d9",
        "k8s.namespace.name": "shop",
        "k8s.node.name": "node-1",
        "deployment.environment.name": "prod",
    }
    found = {
        metric: EntityNaming().entity(pod, metric_scope(metric))
        for metric in ("http.server.request.duration", "container.cpu.usage", "k8s.pod.memory.usage", "k8s.node.uptime")
    }
    assert list(found.values()) == ["prod/shop/checkout", "shop/checkout-7d9", "shop/checkout-7d9", "node-1"]


def test_infrastructure_without_a_pods_name_stays_with_who_sends_it() -> None:
    """A container outside Kubernetes has no pod."""
    assert EntityNaming().entity({"service.name": "checkout"}, MetricScope.POD) == "checkout"
    assert EntityNaming().entity({"aiops.entity": "x", "k8s.pod.name": "p"}, MetricScope.POD) == "x"


def test_the_walk_names_a_pods_series_and_a_services_series_of_one_resource() -> None:
    """One resource, two entities, each with its own attributes."""
    metrics = ExportMetricsServiceRequest()
    resource = _resource({"service.name": "checkout", "k8s.pod.name": "c-1", "k8s.namespace.name": "shop"})
    scope = metrics.resource_metrics.add(resource=resource).scope_metrics.add()
    for name in ("queue.length", "container.cpu.usage"):
        scope.metrics.add(name=name).gauge.data_points.add(time_unix_nano=NOW, as_double=1.0)
    memory = WireMemory()
    otlp_walker.decode([metrics.SerializeToString()], memory, NOW)
    service, pod = (memory.table.identity(number) for number in range(2))
    assert (service.entity, dict(service.attributes)["k8s.pod.name"]) == ("shop/checkout", "c-1")
    assert (pod.entity, dict(pod.attributes)["service.name"]) == ("shop/c-1", "checkout")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("checkout", "checkout"),
        ("checkout:8080", "checkout"),
        ("checkout.prod.svc.cluster.local", "prod/checkout"),
        ("checkout.prod.svc.cluster.local:8080", "prod/checkout"),
        ("checkout.prod.svc.cluster.local.", "prod/checkout"),
        ("checkout.prod.svc", "prod/checkout"),
        ("db-0.db.prod.svc.cluster.local", "prod/db"),
        ("checkout.prod", "checkout.prod"),
        ("api.example.com:443", "api.example.com"),
        ("10.0.0.7:5432", "10.0.0.7"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("svc", "svc"),
        ("..svc", "..svc"),
        ("localhost:8080", ""),
        ("127.0.0.1", ""),
        ("[::1]:80", ""),
        ("::ffff:127.0.0.1", ""),
        ("", ""),
    ],
)
def test_an_address_becomes_the_name_of_an_entity(address: str, expected: str) -> None:
    """Kubernetes names say which namespace; a loopback address says nothing."""
    assert peer_name(address) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [("localhost", True), ("LocalHost:80", True), ("app.localhost", True), ("127.8.9.1:1", True), ("0.0.0.0", True),
     ("127.example.com", False), ("localhost-db", False), ("::2", False), ("10.0.0.1", False)],
)  # fmt: skip
def test_loopback_addresses_are_told_from_names_that_look_alike(address: str, *, expected: bool) -> None:
    """A name may begin with 127."""
    assert is_loopback(address) is expected


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "LOCALHOST:5432", "::1", "[::1]:5432"])
def test_a_loopback_address_gives_way_to_the_name_of_the_database(address: str) -> None:
    """The compiled walk passes over it."""
    assert _peer({"server.address": address, "db.system.name": "postgresql", "db.namespace": "orders"}) == "orders"


def test_names_that_begin_like_a_loopback_address_are_names() -> None:
    """Of attributes that name the other end the best counts."""
    assert _peer({"server.address": "localhost-db", "db.namespace": "orders"}) == "localhost-db"


def test_a_client_span_of_a_loopback_address_alone_names_nobody() -> None:
    """So its callee is found by joining spans."""
    assert _peer({"server.address": "127.0.0.1"}) is None


def _peer(attributes: Attributes) -> str | None:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add(resource=_resource({"service.name": "web"})).scope_spans.add().spans.add(kind=3)
    span.start_time_unix_nano = span.end_time_unix_nano = NOW
    span.attributes.extend(_resource(attributes).attributes)
    found = spans.decode([request.SerializeToString()], NOW)
    return found.words[int(found.peer[0])] if found.peer[0] >= 0 else None
