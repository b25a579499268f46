"""What ``aiops doctor`` says about names of entities in the newest telemetry: which are missing, and which differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from aiops.apps.doctor_findings import DoctorFinding, Level
from aiops.model.entity_names import last_part
from detectors.wire.entity_names import SERVICE, EntityNaming, names_something
from detectors.wire.identity import attributes_of
from detectors.wire.otlp_json import parse

_PARTS: Final[Mapping[str, tuple[type[Message], str, str]]] = {
    "otlp-metrics": (ExportMetricsServiceRequest, "resource_metrics", "metrics"),
    "otlp-logs": (ExportLogsServiceRequest, "resource_logs", "logs"),
    "otlp-spans": (ExportTraceServiceRequest, "resource_spans", "traces"),
}
"""Request, its list of resources, and the name of the Collector's pipeline, by format."""
_SHOWN: Final = 5
"""Most names in one finding."""


class Remedy(StrEnum):
    """What gives a resource its name."""

    SERVICE_NAME = "service.name is missing: set OTEL_SERVICE_NAME where the service starts"
    HOST_NAME = (
        "host.name is missing: in the Collector, processors: {{resourcedetection: {{detectors: [env, system]}}}}, and"
        " resourcedetection in service.pipelines.{pipeline}.processors"
    )
    KUBERNETES = (
        "k8s.pod.name is missing: in the Collector, processors: {{k8sattributes: {{}}}}, and k8sattributes in"
        " service.pipelines.{pipeline}.processors"
    )
    ANY = (
        "service.name is missing: in the Collector, processors: {{resource: {{attributes: [{{key: service.name, value:"
        " NAME, action: upsert}}]}}}}, and resource in service.pipelines.{pipeline}.processors"
    )


@dataclass(slots=True)
class EntityCheck:
    """Counts the names of the resources in records.

    Args:
        naming: of the settings.
    """

    naming: EntityNaming
    _services: set[str] = field(default_factory=set)

    def topic(self, name: str, kind: str, values: Iterable[bytes]) -> Iterator[DoctorFinding]:
        """A finding for each thing to do about nameless resources of a topic, given with its format and records."""
        if kind not in _PARTS:
            return
        request, part, pipeline = _PARTS[kind]
        remedies: dict[Remedy, Counter[str]] = {}
        counts: Counter[Remedy] = Counter()
        total = 0
        for value in values:
            for found in getattr(parse(value, request()), part, ()):
                resource = attributes_of(found.resource.attributes)
                total += 1
                remedy = self._remedy(resource, _metrics(found))
                if remedy is not None:
                    counts[remedy] += 1
                    remedies.setdefault(remedy, Counter()).update(resource.keys() or ("no attribute",))
        for remedy, attributes in remedies.items():
            share = counts[remedy] / total
            have = ", ".join(key for key, _ in attributes.most_common(_SHOWN))
            what = f"{share:.0%} of the newest resources of {name} have no name of their own; they have {have}"
            yield DoctorFinding(Level.WARN, "entities", what, remedy.value.format(pipeline=pipeline))

    def _remedy(self, resource: Mapping[str, str], metrics: Sequence[str]) -> Remedy | None:
        """What a resource lacks; None: it has a name."""
        attribute = self.naming.attribute(resource)
        if attribute is not None and names_something(resource[attribute]):
            if attribute == SERVICE:
                self._services.add(self.naming.entity(resource))
            return None
        if attribute == SERVICE:
            return Remedy.SERVICE_NAME
        if any(metric.startswith(("system.", "process.")) for metric in metrics):
            return Remedy.HOST_NAME
        kubernetes = any(key.startswith("k8s.") or key == "container.id" for key in resource)
        return Remedy.KUBERNETES if kubernetes else Remedy.ANY

    def scopes(self) -> Iterator[DoctorFinding]:
        """Services that some of their telemetry names with, and some without a scope: they are two entities."""
        scoped = {last_part(name) for name in self._services if "/" in name}
        both = sorted(scoped & self._services)
        if both:
            shown = ", ".join(both[:_SHOWN]) + (" …" if len(both) > _SHOWN else "")
            what = f"some telemetry of {shown} states an environment, cluster or namespace and some does not"
            do = "let the Collector set the same attributes for all signals (processor resource), or data.entity_scope"
            yield DoctorFinding(Level.WARN, "entities", f"{what}: each is several entities", do)


def _metrics(resource: Message) -> list[str]:
    """Names of the metrics of a resource; none for logs and spans."""
    return [metric.name for scope in getattr(resource, "scope_metrics", ()) for metric in scope.metrics]
