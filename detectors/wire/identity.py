"""Who a series is: entity, metric and attributes from the resource, scope and point of a record.

The entity is the thing that heals and pages: a service rather than one of its instances (``entity_names``). What tells
instances apart
(``service.instance.id``, pod, host) stays an attribute of the series, so that instances keep their own series and their
trouble adds up on the service. Resource attributes that describe software rather than tell one thing from another are
left out: a new version of a service must go on with the series of the old one, or every bad deployment would look like
a birth. Values of attributes are text; an attribute 1 and an attribute "1" are the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from aiops.model.entity_names import peer_name
from detectors.wire.entity_names import UNKNOWN_ENTITY, EntityNaming, MetricScope

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

MAX_IDENTITY_CHARS = 8192
"""A longer identity is TOO_LARGE: a million of them must fit into memory."""
_DESCRIPTIVE = ("telemetry.", "os.", "process.runtime.", "process.command", "service.version")
PEERS = ("peer.service", "server.address", "net.peer.name")


class SeriesKind(IntEnum):
    """How values of a series are read."""

    GAUGE = 0
    DELTA = 1
    """Each value is the change since the last one."""
    CUMULATIVE = 2
    """A counter that only grows, but for resets; the bank makes a rate of it."""
    CUMULATIVE_UPDOWN = 3
    """A sum that may fall; read as a gauge."""
    RATE = 4
    """Already a rate."""
    QUANTILE = 5
    """A quantile of a distribution over an interval."""


_CLOCKS = ("uptime", "uptime_seconds", "uptime.seconds")
"""Sent as gauges, but they count seconds: that one begins anew at a deploy or restart is no trouble of its own."""


@dataclass(frozen=True, slots=True)
class SeriesIdentity:
    """What makes two points the same series."""

    entity: str
    metric: str
    attributes: tuple[tuple[str, str], ...] = ()
    """Sorted by name, each name once."""
    unit: str = ""
    kind: SeriesKind = SeriesKind.GAUGE
    peer: str | None = None
    """The other end, for a figure about a call."""

    @property
    def name(self) -> str:
        """``metric{attribute=value,…}``, as people read it."""
        if not self.attributes:
            return self.metric
        return self.metric + "{" + ",".join(f"{key}={value}" for key, value in self.attributes) + "}"

    @property
    def chars(self) -> int:
        """Length of all text of the identity."""
        inner = 0
        for key, value in self.attributes:
            inner += len(key) + len(value)
        return len(self.entity) + len(self.metric) + len(self.unit) + len(self.peer or "") + inner


@dataclass(frozen=True, slots=True)
class Origin:
    """Who reports: the entity and what tells its instances apart."""

    entity: str
    attributes: tuple[tuple[str, str], ...]


def origin_of(
    resource: Mapping[str, str], naming: EntityNaming, scope: str = "", *, about: MetricScope = MetricScope.ANY
) -> Origin:
    """Entity and remaining attributes of a resource.

    Args:
        resource: its attributes.
        naming: which of them name the entity.
        scope: name of the instrumentation scope, which is an attribute too, as in Prometheus's mapping.
        about: whose infrastructure the origin's metrics measure.
    """
    rest = {key: value for key, value in resource.items() if not key.startswith(_DESCRIPTIVE)}
    attribute = naming.attribute(resource, about)
    if attribute is not None:
        rest.pop(attribute, None)
    if attribute == "service.name":
        rest.pop("service.namespace", None)
    if scope:
        rest["otel.scope.name"] = scope
    entity = UNKNOWN_ENTITY if attribute is None else naming.named(resource, attribute)
    return Origin(entity, tuple(rest.items()))


def point_identity(
    origin: Origin, metric: str, unit: str, *, kind: SeriesKind, point: Mapping[str, str]
) -> SeriesIdentity:
    """Identity of a series; where origin and point disagree about an attribute, both are kept."""
    attributes = merged(origin, point)
    return SeriesIdentity(origin.entity, metric, attributes, unit, kind_of(metric, kind), peer_of(metric, point))


def merged(origin: Origin, point: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Attributes of a series, from its point and its origin."""
    found = dict(point)
    for key, value in origin.attributes:
        if found.setdefault(key, value) != value:
            found[f"resource.{key}"] = value
    return tuple(sorted(found.items()))


def kind_of(metric: str, kind: SeriesKind) -> SeriesKind:
    """How values of a metric are read that was sent as this kind."""
    return SeriesKind.CUMULATIVE if kind is SeriesKind.GAUGE and metric.endswith(_CLOCKS) else kind


def peer_of(metric: str, point: Mapping[str, str]) -> str | None:
    """The other end, for a figure about a call."""
    for name in PEERS:
        # A server's own metrics carry its own address under this name.
        if point.get(name) and not (name == "server.address" and ".server." in metric):
            found = peer_name(point[name])
            if found:
                return found
    return None


def attributes_of(pairs: Iterable[KeyValue]) -> dict[str, str]:
    """OTLP attributes as text; of a name that comes twice the last value counts."""
    return {pair.key: value_text(pair.value) for pair in pairs}


def value_text(value: AnyValue) -> str:
    """Text of an OTLP value: strings as they are, numbers and booleans as in JSON, bytes in hex, the rest as JSON."""
    which = value.WhichOneof("value")
    if which == "string_value":
        return str(value.string_value)
    if which == "bytes_value":
        return str(value.bytes_value.hex())
    plain = _plain(value)
    return "" if plain is None else json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value: AnyValue) -> Any:
    match value.WhichOneof("value"):
        case None:
            return None
        case "array_value":
            return [_plain(inner) for inner in value.array_value.values]
        case "kvlist_value":
            return {inner.key: _plain(inner.value) for inner in value.kvlist_value.values}
        case "bytes_value":
            return value.bytes_value.hex()
        case which:
            return getattr(value, which)
