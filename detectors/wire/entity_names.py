"""The name of the entity that a resource speaks of, by OpenTelemetry's semantic conventions.

A name is the value of the first attribute that names something, preceded by its scope: environment, cluster and
namespace, as far as the resource states them, joined by ``/`` (``prod/checkout``). Scope and name are taken from
resource attributes only, so metrics, logs and spans of one resource give one name.

* A service or workload has the whole scope.
* A pod has a cluster and a Kubernetes namespace: its kubelet does not know the service's environment or namespace.
* A host or node has a cluster only. A process or a container outside Kubernetes is named after its host.
* ``aiops.entity`` is a whole name and gets no scope.

Within a name of several parts, ``/`` and ``%`` in a part are written ``%2F`` and ``%25``. A name of one part stays as
it was sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from aiops.model.entity_names import is_loopback, joined

UNKNOWN_ENTITY = "unknown"
"""The entity of a resource that names nothing."""
WHOLE_NAME = "aiops.entity"
SERVICE, POD, HOST, NODE = "service.name", "k8s.pod.name", "host.name", "k8s.node.name"
WORKLOADS = (
    "k8s.deployment.name",
    "k8s.statefulset.name",
    "k8s.daemonset.name",
    "k8s.cronjob.name",
    "k8s.job.name",
)
ON_HOST = ("process.executable.name", "container.name")
"""What is named after its host."""
NAMES = (WHOLE_NAME, SERVICE, "faas.name", *WORKLOADS, POD, *ON_HOST, HOST, NODE)
SCOPE = (
    ("deployment.environment.name", "deployment.environment"),
    ("k8s.cluster.name",),
    ("service.namespace", "k8s.namespace.name"),
)
_NOT_OF_PODS = frozenset({"deployment.environment.name", "deployment.environment", "service.namespace"})
_NOT_OF_HOSTS = _NOT_OF_PODS | {"k8s.namespace.name"}
_SKIPPED = {POD: _NOT_OF_PODS, HOST: _NOT_OF_HOSTS, NODE: _NOT_OF_HOSTS}
"""By naming attribute, what is no part of the scope: those who report the same thing do not all know it."""
_POD_METRICS = ("k8s.pod.", "k8s.container.", "k8s.volume.", "container.")
_NODE_METRICS = ("k8s.node.",)


class MetricScope(Enum):
    """Whose infrastructure a metric measures."""

    ANY = 0
    """That of whoever sends it."""
    POD = 1
    NODE = 2


@dataclass(frozen=True, slots=True)
class EntityNaming:
    """Which resource attributes make the name of an entity."""

    names: tuple[str, ...] = NAMES
    """Attributes that name something; the first that is present counts."""
    scope: tuple[tuple[str, ...], ...] = SCOPE
    """Parts before the name; of each part the first attribute that is present counts."""

    def attribute(self, resource: Mapping[str, str], about: MetricScope = MetricScope.ANY) -> str | None:
        """The attribute that names the entity of a resource; None: it has none.

        A name that says nothing, such as ``unknown_service`` or a loopback address, counts only if there is no other.
        """
        if about is not MetricScope.ANY and not resource.get(WHOLE_NAME):
            for name in (POD,) if about is MetricScope.POD else (NODE, HOST):
                if names_something(resource.get(name, "")):
                    return name
        first = None
        for name in self.names:
            value = resource.get(name)
            if value:
                if names_something(value):
                    return name
                first = first or name
        return first

    def entity(self, resource: Mapping[str, str], about: MetricScope = MetricScope.ANY) -> str:
        """The name of the entity of a resource."""
        attribute = self.attribute(resource, about)
        return UNKNOWN_ENTITY if attribute is None else self.named(resource, attribute)

    def named(self, resource: Mapping[str, str], attribute: str) -> str:
        """The name of what one attribute of a resource names."""
        if attribute == WHOLE_NAME:
            return resource[attribute]
        parts = list(self._scope_of(resource, attribute))
        return joined((*parts, resource[attribute])) if parts else resource[attribute]

    def _scope_of(self, resource: Mapping[str, str], attribute: str) -> Iterator[str]:
        if attribute in ON_HOST:
            host = next((name for name in (HOST, NODE) if names_something(resource.get(name, ""))), None)
            if host is not None:
                yield from self._scope_of(resource, host)
                yield resource[host]
            return
        skipped = _SKIPPED.get(attribute, frozenset())
        for group in self.scope:
            found = next((resource[name] for name in group if name not in skipped and resource.get(name)), None)
            if found is not None:
                yield found


def metric_scope(metric: str) -> MetricScope:
    """Whose infrastructure a metric measures."""
    if metric.startswith(_POD_METRICS):
        return MetricScope.POD
    return MetricScope.NODE if metric.startswith(_NODE_METRICS) else MetricScope.ANY


@lru_cache(maxsize=1 << 14)
def names_something(value: str) -> bool:
    """Whether a value tells one thing from another: no placeholder of an SDK and no loopback address."""
    low = value.lower()
    placeholder = low in (UNKNOWN_ENTITY, "unknown_service") or low.startswith("unknown_service:")
    return bool(value) and not placeholder and not is_loopback(value)
