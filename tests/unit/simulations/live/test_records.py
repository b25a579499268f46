from __future__ import annotations

import json
from collections import defaultdict

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from aiops.model.cloudevents import ALERTS, encode, of_change, of_item, of_ticket
from aiops.model.entities import Edge, Item
from aiops.model.prose import Prose
from aiops.model.records import OutRecord
from aiops.model.reports import Change, Ticket
from aiops.topic_names import Topics
from simulations.live.records import control, telemetry
from simulations.telemetry.emission import Emission, Emitted
from simulations.world.world import World
from tests.unit.simulations.faults.worlds import ESTATE

TOPICS = Topics()
KINDS = {
    TOPICS.otlp_metrics: (ExportMetricsServiceRequest, "resource_metrics"),
    TOPICS.otlp_logs: (ExportLogsServiceRequest, "resource_logs"),
    TOPICS.otlp_spans: (ExportTraceServiceRequest, "resource_spans"),
}


@pytest.fixture(scope="module")
def interval() -> tuple[Emission, Emitted]:
    """What a world emits in its first fifteen seconds."""
    world = World(ESTATE, 1)
    emission = Emission(world)
    world.run(15)
    emitted = emission.collect()
    assert emitted is not None
    return emission, emitted


def resources(records: list[OutRecord]) -> dict[str, list[bytes]]:
    """Topic to all resources of its records, as bytes, sorted."""
    found: defaultdict[str, list[bytes]] = defaultdict(list)
    for record in records:
        kind, field = KINDS[record.topic]
        request = kind()
        request.ParseFromString(record.value)
        found[record.topic] += [one.SerializeToString(deterministic=True) for one in getattr(request, field)]
    return {topic: sorted(parts) for topic, parts in found.items()}


def test_a_stock_collector_writes_one_record_a_signal(interval: tuple[Emission, Emitted]) -> None:
    """Without a key, on the three topics."""
    records = telemetry(*interval, TOPICS, keyed=False)
    assert [(record.topic, record.key) for record in records] == [(topic, None) for topic in KINDS]


def test_keyed_records_hold_one_entity_each(interval: tuple[Emission, Emitted]) -> None:
    """Its key is the service's name, or the host's where there is no service; an entity has one record a topic."""
    records = telemetry(*interval, TOPICS, keyed=True)
    assert len({(record.topic, record.key) for record in records}) == len(records)
    hosts = 0
    for record in records:
        kind, field = KINDS[record.topic]
        request = kind()
        request.ParseFromString(record.value)
        for resource in getattr(request, field):
            named = {entry.key: entry.value.string_value for entry in resource.resource.attributes}
            assert record.key == (named.get("service.name") or named["host.name"]).encode()
            hosts += "service.name" not in named
    assert hosts


def test_cutting_by_entity_loses_nothing(interval: tuple[Emission, Emitted]) -> None:
    """Both ways carry the same resources."""
    assert resources(telemetry(*interval, TOPICS, keyed=True)) == resources(telemetry(*interval, TOPICS, keyed=False))


def test_a_light_emission_has_metrics_only(interval: tuple[Emission, Emitted]) -> None:
    """What was not collected is not written."""
    emission, emitted = interval
    records = telemetry(emission, Emitted(emitted.metrics, None, None), TOPICS, keyed=True)
    assert {record.topic for record in records} == {TOPICS.otlp_metrics}


def test_events_go_to_their_topics_keyed_by_their_subject() -> None:
    """Items by id, changes by entity, tickets by id; what has no subject by its own id."""
    events = [
        of_item(Item("web"), (Edge("web", "cart"),), 1),
        of_change(Change("c1", "cart", 1, "deploy")),
        of_ticket(Ticket("T1", 1, Prose("help"))),
        {"type": ALERTS, "id": "a1", "data": {"alerts": []}},
    ]
    records = control(events, TOPICS)
    assert [(record.topic, record.key) for record in records] == [
        (TOPICS.cmdb, b"web"),
        (TOPICS.changes, b"cart"),
        (TOPICS.tickets, b"T1"),
        (TOPICS.alerts, b"a1"),
    ]
    assert records[0].value == encode(events[0])
    assert json.loads(records[3].value)["data"] == {"alerts": []}
