"""What doctor says about names of entities."""

from __future__ import annotations

import json

import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from aiops.apps.doctor_entities import EntityCheck
from aiops.apps.doctor_findings import Level
from detectors.wire.entity_names import EntityNaming


def _metrics(*resources: dict[str, str], metric: str = "queue.length") -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    for attributes in resources:
        one = request.resource_metrics.add()
        for key, value in attributes.items():
            pair = one.resource.attributes.add(key=key)
            pair.value.string_value = value
        one.scope_metrics.add().metrics.add(name=metric)
    return request


def _check() -> EntityCheck:
    return EntityCheck(EntityNaming())


@pytest.mark.parametrize(
    ("attributes", "metric", "attribute", "where"),
    [
        ({"service.name": "unknown_service:java"}, "jvm.memory.used", "service.name", "OTEL_SERVICE_NAME"),
        ({"os.type": "linux"}, "system.cpu.time", "host.name", "resourcedetection in service.pipelines.metrics"),
        ({}, "process.memory.virtual", "host.name", "detectors: [env, system]"),
        ({"k8s.namespace.name": "shop"}, "queue.length", "k8s.pod.name", "{k8sattributes: {}}"),
        ({"cloud.region": "eu"}, "queue.length", "service.name", "{key: service.name, value: NAME, action: upsert}"),
    ],
)
def test_a_nameless_resource_is_reported_with_the_attribute_and_the_configuration_that_adds_it(
    attributes: dict[str, str], metric: str, attribute: str, where: str
) -> None:
    """For a Collector, or for the service itself."""
    value = _metrics(attributes, metric=metric).SerializeToString()
    (found,) = _check().topic("otlp_metrics", "otlp-metrics", [value])
    assert (found.level, found.about) == (Level.WARN, "entities")
    assert found.do.startswith(f"{attribute} is missing")
    assert where in found.do
    assert found.what.startswith("100% of the newest resources of otlp_metrics")
    assert all(key in found.what for key in attributes)


def test_json_and_the_share_of_nameless_resources() -> None:
    """One of four, whatever the encoding."""
    request = _metrics({"os.type": "linux"}, *({"service.name": name} for name in "abc"), metric="system.cpu.time")
    value = json.dumps(json_format.MessageToDict(request)).encode()
    (found,) = _check().topic("m", "otlp-metrics", [value])
    assert found.what.startswith("25% ")


def test_the_pipeline_of_logs_is_named_for_logs() -> None:
    """A person copies the lines."""
    request = ExportLogsServiceRequest()
    request.resource_logs.add()
    (found,) = _check().topic("otlp_logs", "otlp-logs", [request.SerializeToString()])
    assert "service.pipelines.logs.processors" in found.do
    assert "no attribute" in found.what


def test_a_fleet_that_names_everything_has_no_finding() -> None:
    """Nor has a topic that is not OTLP, or a record that cannot be read."""
    check = _check()
    values = [_metrics({"service.name": "web"}, {"host.name": "h"}).SerializeToString(), b"\xff"]
    assert list(check.topic("m", "otlp-metrics", values)) == []
    assert list(check.topic("aiops.metrics.arrow", "arrow-metrics", values)) == []
    assert list(check.scopes()) == []


def test_a_service_with_and_without_a_scope_is_reported() -> None:
    """Across topics; two environments of one service are none."""
    check = _check()
    resources = (
        {"service.name": "cart", "deployment.environment.name": "prod"},
        {"service.name": "cart", "deployment.environment.name": "test"},
        {"service.name": "pay", "deployment.environment.name": "prod"},
    )
    assert list(check.topic("m", "otlp-metrics", [_metrics(*resources).SerializeToString()])) == []
    assert list(check.topic("n", "otlp-metrics", [_metrics({"service.name": "pay"}).SerializeToString()])) == []
    (found,) = check.scopes()
    assert "telemetry of pay states" in found.what
    assert "processor resource" in found.do
