"""Telemetry reaches the slot that owns its entity, whatever key its sender used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from aiops.agents.monitor.plan import Produced
from aiops.agents.monitoring import MonitoringAgent
from aiops.model.episodes import SignalDirection
from aiops.model.ledger import Ending
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.settings import Settings
from aiops.topic_names import Topics
from detectors.wire.entity_names import EntityNaming
from detectors.wire.slots import murmur2, slot_of

SECOND = 10**9
T0 = 1_770_000_000 * SECOND
STEP = 10 * SECOND
SLOTS = 4
TOPICS = Topics()
KEYED = (TOPICS.metrics_arrow, TOPICS.otlp_metrics, TOPICS.otlp_logs, TOPICS.otlp_spans)


class Fleet:
    """An agent that owns all slots, and the broker: keyed records go back to their slots."""

    def __init__(self, keyed_by_entity: tuple[str, ...]) -> None:
        base = Settings()
        self.agent = MonitoringAgent(
            base.model_copy(
                update={
                    "kafka": base.kafka.model_copy(update={"partitions": SLOTS}),
                    "data": base.data.model_copy(update={"series_limit": 2000}),
                    "topics": base.topics.model_copy(update={"keyed_by_entity": keyed_by_entity}),
                }
            )
        )
        for slot in range(SLOTS):
            self.agent.adopt(slot, 1)
        self._ends: Counter[TopicPartition] = Counter()
        self.out = Produced()

    def send(self, topic: str, partition: int, value: bytes, *, at: int) -> None:
        """A record, and all that is forwarded because of it."""
        place = TopicPartition(topic, partition)
        fetched = FetchedRecords(place, (self._ends[place],), (value,), (None,), (at,))
        self._ends[place] += 1
        made = self.agent.handle([fetched], at)
        self.out.add(made)
        for record in made.forwards:
            assert record.partition is not None
            self.send(record.topic, record.partition, record.value, at=at)

    def tick(self, at: int) -> None:
        """A second passes."""
        self.out.add(self.agent.tick(at, lag_is_small=True))

    def owners(self, entity: str) -> list[int]:
        """Slots whose bank has learned points of an entity."""
        return [slot for slot in range(SLOTS) if entity in self._learned(slot)]

    def _learned(self, slot: int) -> set[str]:
        table = self.agent.table(slot)
        return {table.entities[code] for code in table.entity.tolist()}


def _resource(pod: str, version: str) -> Resource:
    resource = Resource()
    attributes = {
        "service.name": "checkout",
        "deployment.environment.name": "prod",
        "service.version": version,
        "k8s.pod.name": pod,
        "host.name": pod,
    }
    for key, value in attributes.items():
        pair = resource.attributes.add(key=key)
        pair.value.string_value = value
    return resource


def _telemetry(pod: str, version: str, at: int) -> Iterator[tuple[str, bytes]]:
    """One export of each signal."""
    resource = _resource(pod, version)
    metrics = ExportMetricsServiceRequest()
    gauge = metrics.resource_metrics.add(resource=resource).scope_metrics.add().metrics.add(name="queue.length").gauge
    gauge.data_points.add(time_unix_nano=at, as_double=100 + at // STEP % 3)
    yield TOPICS.otlp_metrics, metrics.SerializeToString()
    lines = ExportLogsServiceRequest()
    line = lines.resource_logs.add(resource=resource).scope_logs.add().log_records.add(time_unix_nano=at)
    line.body.string_value = "order taken"
    yield TOPICS.otlp_logs, lines.SerializeToString()
    calls = ExportTraceServiceRequest()
    span = calls.resource_spans.add(resource=resource).scope_spans.add().spans.add(name="take", kind=2)
    span.start_time_unix_nano, span.end_time_unix_nano = at - SECOND // 10, at
    yield TOPICS.otlp_spans, calls.SerializeToString()


def _by_attributes(pod: str, version: str) -> int:
    """Partition by a hash of all resource attributes, as `partition_…_by_resource_attributes` gives."""
    return (murmur2(_resource(pod, version).SerializeToString()) & 0x7FFFFFFF) % SLOTS


@pytest.mark.parametrize("keyed_by_entity", [(TOPICS.metrics_arrow,), KEYED])
@pytest.mark.parametrize("keying", ["resource attributes", "none"])
def test_a_deployment_neither_moves_a_service_nor_makes_it_silent(
    keying: str, keyed_by_entity: tuple[str, ...]
) -> None:
    """New pods and versions have other keys; also where the settings say that the key is the entity."""
    fleet = Fleet(keyed_by_entity)
    pods = [f"checkout-{number}" for number in range(6)]
    assert len({_by_attributes(pod, "1.0") for pod in pods}) > 1
    for step in range(200):
        at, version = T0 + step * STEP, "1.0" if step < 120 else "1.1"
        pod = pods[step // 40]
        place = _by_attributes(pod, version) if keying != "none" else step % SLOTS
        for topic, value in _telemetry(pod, version, at):
            fleet.send(topic, place, value, at=at)
        for second in range(1, 10):
            fleet.tick(at + second * SECOND)
    owner = slot_of("prod/checkout", SLOTS)
    line = {line.topic: line for line in fleet.agent.ledger() if line.partition == owner}[TOPICS.keyed]
    assert line.endings[Ending.LEARNED] + line.endings[Ending.WARMING_UP] > 100
    assert all(line.difference == 0 for line in fleet.agent.ledger())
    silent = [one for one in fleet.out.episodes for signal in one.signals if signal.direction is SignalDirection.SILENT]
    assert [one.entity for one in silent] == []


def test_a_topic_that_is_keyed_by_entity_is_not_forwarded() -> None:
    """What is keyed as the settings say costs no second way through the broker."""
    fleet = Fleet(KEYED)
    entity = EntityNaming().entity({"service.name": "checkout", "deployment.environment.name": "prod"})
    for step in range(5):
        for topic, value in _telemetry("checkout-1", "1.0", T0 + step * STEP):
            fleet.send(topic, slot_of(entity, SLOTS), value, at=T0 + step * STEP)
    assert fleet.out.forwards == []
    assert fleet.owners(entity) == [slot_of(entity, SLOTS)]


def test_points_of_a_foreign_entity_in_a_keyed_topic_are_learned_by_their_owner_only() -> None:
    """The slot that received them counts them as forwarded."""
    fleet = Fleet(KEYED)
    owner = slot_of("prod/checkout", SLOTS)
    wrong = (owner + 1) % SLOTS
    (topic, value), *_ = _telemetry("checkout-1", "1.0", T0)
    fleet.send(topic, wrong, value, at=T0)
    lines = {(line.topic, line.partition): line for line in fleet.agent.ledger()}
    assert lines[topic, wrong].forwarded == 1
    assert sum(lines[topic, wrong].endings.values()) == 0
    assert lines[TOPICS.keyed, owner].items == 1
