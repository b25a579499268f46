from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from aiops.agents.monitor.plan import Produced
from aiops.agents.monitoring import MonitoringAgent
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.topic_names import Topics
from detectors.wire.series import SeriesTable
from simulations.running.feeds import INTERVAL, SLOT, FullFeed, LightFeed
from simulations.telemetry.metrics import MetricEmitter
from simulations.world.world import World
from tests.unit.simulations.faults.worlds import ESTATE

TOPICS = Topics()


class Agent(MonitoringAgent):
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.series = SeriesTable(100_000)
        self.points: list[tuple[TopicPartition, Any, int]] = []
        self.batches: list[tuple[Sequence[FetchedRecords], int]] = []
        self.made = Produced()

    def table(self, slot: int) -> SeriesTable:
        assert slot == SLOT
        return self.series

    def take_points(self, source: TopicPartition, points: Any, received_at: int) -> Produced:
        self.points.append((source, points, received_at))
        return self.made

    def handle(self, batch: Sequence[FetchedRecords], received_at: int) -> Produced:
        self.batches.append((batch, received_at))
        return self.made


@pytest.fixture(scope="module")
def full() -> tuple[World, Agent, list[Produced | None]]:
    """Half a minute of a world, as bytes, pumped each second."""
    world, agent = World(ESTATE, 1), Agent()
    feed = FullFeed(world, agent, TOPICS)
    pumped = []
    for _ in range(2 * INTERVAL):
        world.step()
        pumped.append(feed.pump())
    return world, agent, pumped


def test_nothing_is_fed_between_intervals(full: tuple[World, Agent, list[Produced | None]]) -> None:
    """Each fifteenth second gives what the agent made of it."""
    _, agent, pumped = full
    assert [n + 1 for n, made in enumerate(pumped) if made is not None] == [INTERVAL, 2 * INTERVAL]
    assert all(made is agent.made for made in pumped if made is not None)


def test_a_full_feed_is_three_records(full: tuple[World, Agent, list[Produced | None]]) -> None:
    """Metrics, logs and spans that OTLP can read, on their topics, with offsets that rise."""
    world, agent, _ = full
    kinds = (ExportMetricsServiceRequest, ExportLogsServiceRequest, ExportTraceServiceRequest)
    topics = (TOPICS.otlp_metrics, TOPICS.otlp_logs, TOPICS.otlp_spans)
    for number, (batch, at) in enumerate(agent.batches, start=1):
        assert [one.source for one in batch] == [TopicPartition(topic, SLOT) for topic in topics]
        assert {tuple(one.offsets) for one in batch} == {(number,)}
        assert {tuple(one.appended_at) for one in batch} == {(at,)}
        for one, kind in zip(batch, kinds, strict=True):
            request = kind()
            request.ParseFromString(one.values[0])
            assert request.ListFields()
    assert agent.batches[-1][1] == world.now


def test_a_light_feed_gives_the_same_points_without_bytes(full: tuple[World, Agent, list[Produced | None]]) -> None:
    """As many points as the full one writes, at the same time, and no record."""
    _, other, _ = full
    world, agent = World(ESTATE, 1), Agent()
    feed = LightFeed(world, agent, TOPICS)
    for _ in range(INTERVAL):
        world.step()
        feed.pump()
    ((source, _, at),) = agent.points
    assert source == TopicPartition(TOPICS.otlp_metrics, SLOT)
    assert (at, agent.batches) == (other.batches[0][1], [])
    assert len(agent.series) >= len(MetricEmitter(World(ESTATE, 1)).series)
