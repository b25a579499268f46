"""New pods of a known service, from records to episodes."""

from __future__ import annotations

import random

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from aiops.agents.monitoring import MonitoringAgent
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.topic_names import Topics
from tests.unit.agents.monitoring.telemetry import SECOND, T0, settings

METRICS = TopicPartition(Topics().otlp_metrics, 0)
STEP = 10 * SECOND
OLD = 240
"""Exports before the new pod comes: forty minutes, in which teachers are elected."""


def export(at: int, levels: dict[str, float], rng: random.Random) -> bytes:
    """Latency and queue of each pod, around its level."""
    request = ExportMetricsServiceRequest()
    for pod, level in levels.items():
        resource = request.resource_metrics.add()
        for key, value in (("service.name", "shop"), ("k8s.pod.name", pod)):
            resource.resource.attributes.add(key=key).value.string_value = value
        scope = resource.scope_metrics.add()
        for name, unit in (("http.server.latency", "ms"), ("queue.length", "{item}")):
            figure = level * (1 + 0.03 * rng.gauss(0, 1))
            scope.metrics.add(name=name, unit=unit).gauge.data_points.add(time_unix_nano=at, as_double=figure)
    return request.SerializeToString()


def episodes_of(level: float, siblings: int, cut: int = 1) -> list[tuple[str, int]]:
    """Entity and export of the opening of each episode, where a pod at a level joins siblings at about 100."""
    rng = random.Random(4921)
    agent = MonitoringAgent(settings(1))
    agent.adopt(0, 1)
    pods = {f"shop-{number}": 95.0 + 5 * number for number in range(siblings)}
    records = []
    for number in range(OLD + 40):
        at = T0 + number * STEP
        new = {"shop-new": level} if number >= OLD else {}
        records.append((export(at, pods | new, rng), at))
    found = []
    for begin in range(0, len(records), cut):
        values, times = zip(*records[begin : begin + cut], strict=True)
        offsets = tuple(range(begin, begin + len(values)))
        out = agent.handle([FetchedRecords(METRICS, offsets, values, (None,) * len(values), times)], times[-1])
        found += [(one.entity, (one.opened_at - T0) // STEP - OLD + 1) for one in out.episodes]
    return list(dict.fromkeys(found))


def test_a_healthy_new_pod_raises_nothing() -> None:
    """It is where its siblings are."""
    assert episodes_of(102.0, siblings=3) == []


@pytest.mark.parametrize("cut", [1, 6, 500])
def test_a_sick_new_pod_is_found_before_its_thirtieth_point(cut: int) -> None:
    """Three times the siblings' latency from birth opens an episode of the service, however polls cut the input."""
    ((entity, point),) = episodes_of(300.0, siblings=3, cut=cut)
    assert entity == "shop"
    assert 10 <= point < 30


def test_without_siblings_a_pod_that_was_always_so_is_usual() -> None:
    """One pod alone does not teach."""
    assert episodes_of(300.0, siblings=1) == []
