"""Feeds of a world's telemetry to the monitoring agent: metrics as arrays (light), or everything as OTLP bytes."""

from __future__ import annotations

from collections.abc import Callable

from google.protobuf.message import Message

from aiops.agents.monitor.plan import Produced
from aiops.agents.monitoring import MonitoringAgent
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.topic_names import Topics
from simulations.telemetry import otlp
from simulations.telemetry.emission import Emission, Emitted
from simulations.telemetry.points import DirectPoints
from simulations.world.world import World

INTERVAL = 15
"""Seconds between points."""
SLOT = 0
"""A simulation has one slot."""


class LightFeed:
    """Feeds metrics only, as arrays."""

    def __init__(self, world: World, agent: MonitoringAgent, topics: Topics) -> None:
        self._world, self._agent = world, agent
        self._emission = Emission(world, INTERVAL, light=True)
        self._points = DirectPoints(self._emission.metrics, agent.table(SLOT))
        self._source = TopicPartition(topics.otlp_metrics, SLOT)

    def pump(self) -> Produced | None:
        """Feeds the current points."""
        emitted = self._emission.collect()
        if emitted is None:
            return None
        return self._agent.take_points(self._source, self._points.batch(emitted.metrics), self._world.now)


class FullFeed:
    """Feeds metrics, logs and spans as OTLP records, as an OpenTelemetry Collector writes them."""

    def __init__(self, world: World, agent: MonitoringAgent, topics: Topics) -> None:
        self._world, self._agent, self._topics = world, agent, topics
        self._emission = Emission(world, INTERVAL)
        self._offset = 0

    def pump(self) -> Produced | None:
        """Feeds one current record each of metrics, logs and spans."""
        emitted = self._emission.collect()
        if emitted is None:
            return None
        self._offset += 1
        records = [self._record(topic, make().SerializeToString()) for topic, make in self._requests(emitted)]
        return self._agent.handle(records, self._world.now)

    def _requests(self, emitted: Emitted) -> list[tuple[str, Callable[[], Message]]]:
        topics, metrics = self._topics, self._emission.metrics
        assert emitted.logs is not None
        assert emitted.spans is not None
        lines, traces = emitted.logs, emitted.spans
        return [
            (topics.otlp_metrics, lambda: otlp.metrics(metrics, emitted.metrics)),
            (topics.otlp_logs, lambda: otlp.logs(metrics, lines)),
            (topics.otlp_spans, lambda: otlp.spans(metrics, traces)),
        ]

    def _record(self, topic: str, value: bytes) -> FetchedRecords:
        return FetchedRecords(TopicPartition(topic, SLOT), (self._offset,), (value,), (None,), (self._world.now,))
