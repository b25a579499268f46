"""Records of a live world: OTLP requests, whole or split by entity, and CloudEvents on the control topics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aiops.model import cloudevents
from aiops.model.records import OutRecord
from aiops.topic_names import Topics
from simulations.telemetry import otlp
from simulations.telemetry.emission import Emission, Emitted

_NAMES = ("service.name", "host.name")
"""Resource attributes that name the entity, first found wins; the runtime's defaults agree."""


def telemetry(emission: Emission, emitted: Emitted, topics: Topics, *, keyed: bool) -> list[OutRecord]:
    """Records of one interval.

    Args:
        emission: that gave it.
        emitted: what came.
        topics: where to.
        keyed: one record an entity, keyed by it; else one a signal without a key, as a stock Collector writes.
    """
    made = [(topics.otlp_metrics, "resource_metrics", otlp.metrics(emission.metrics, emitted.metrics))]
    found: list[tuple[str, str, Any]] = list(made)
    if emitted.logs is not None:
        found.append((topics.otlp_logs, "resource_logs", otlp.logs(emission.metrics, emitted.logs)))
    if emitted.spans is not None:
        found.append((topics.otlp_spans, "resource_spans", otlp.spans(emission.metrics, emitted.spans)))
    if not keyed:
        return [OutRecord(topic, None, request.SerializeToString()) for topic, _, request in found]
    return [record for topic, field, request in found for record in _by_entity(topic, field, request)]


def _by_entity(topic: str, field: str, request: Any) -> Iterator[OutRecord]:
    parts: dict[str, Any] = {}
    for resource in getattr(request, field):
        named = {entry.key: entry.value.string_value for entry in resource.resource.attributes}
        entity = next((named[name] for name in _NAMES if name in named), "")
        part = parts.get(entity)
        if part is None:
            part = parts[entity] = type(request)()
        getattr(part, field).append(resource)
    for entity, part in parts.items():
        yield OutRecord(topic, entity.encode(), part.SerializeToString())


def control(events: list[dict[str, Any]], topics: Topics) -> list[OutRecord]:
    """CloudEvents on their topics, keyed by their subject."""
    places = {
        cloudevents.ITEM: topics.cmdb,
        cloudevents.CHANGE: topics.changes,
        cloudevents.TICKET: topics.tickets,
        cloudevents.ALERTS: topics.alerts,
    }
    return [
        OutRecord(places[event["type"]], str(event.get("subject", event["id"])).encode(), cloudevents.encode(event))
        for event in events
    ]
