"""The live world on a real broker: its past and its present arrive, and orders given over HTTP take effect."""

from __future__ import annotations

import time

import pytest

from aiops.adapters.clock import SystemClock
from aiops.adapters.executors.http import HttpExecutor
from aiops.adapters.kafka.consumer import KafkaPythonConsumer
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.adapters.kafka.topics import KafkaTopics
from aiops.agents.monitoring import MonitoringAgent
from aiops.model.plans import Action, Capability, StepDirection, StepOrder, StepStatus
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.settings import Kafka, Settings
from simulations.live.live_world import LiveSettings, LiveWorld
from simulations.world.estate import load

SECOND = 1_000_000_000


@pytest.mark.integration
def test_world_is_heard_and_hears(broker: str) -> None:
    """Two minutes of the past and some seconds of now decode without a dead letter; a restart is done for real."""
    settings = Settings(kafka=Kafka(partitions=1))
    topics = KafkaTopics(broker)
    topics.ensure(settings)
    topics.close()
    clock, producer = SystemClock(), KafkaPythonProducer(broker)
    consumer = KafkaPythonConsumer(broker, "live")
    sources = [TopicPartition(name, 0) for name in settings.topics.telemetry[:3]]
    ends = dict.fromkeys(sources, 0)
    consumer.assign(dict.fromkeys(sources))
    ends = {source: end for source, (_, end) in consumer.bounds().items()}
    consumer.assign(ends)
    world = LiveWorld(load(), producer, clock, settings=LiveSettings(history_seconds=120))
    try:
        world.start()
        now = clock.now()
        action = Action("restart", "images")
        capability = Capability("c", "INC-1", "p/s/do", action, StepDirection.DO, 1, 0, now + 60 * SECOND)
        assert HttpExecutor(world.url, clock).run(StepOrder(capability, now + 60 * SECOND)).status is StepStatus.DONE
        assert world.truth()["effects"] == {"p/s/do": 1}
        assert abs(world.truth()["at"] - clock.now()) < 5 * SECOND
        assert world.error == ""
    finally:
        world.stop()
    agent = MonitoringAgent(settings)
    agent.adopt(0, 1)
    fetched = _all(consumer, world.published)
    assert agent.handle(fetched, clock.now()).dead_letters == []
    assert {"checkout", "host-a1"} <= set(agent.table(0).entities)
    assert all(view.watermark > now - 60 * SECOND for view in agent.sources())
    consumer.close()
    producer.close()


def _all(consumer: KafkaPythonConsumer, most: int) -> list[FetchedRecords]:
    found: list[FetchedRecords] = []
    quiet = time.monotonic()
    while time.monotonic() - quiet < 3.0 and sum(len(part.offsets) for part in found) < most:
        if polled := consumer.poll(0.5, 8 << 20):
            found += polled
            quiet = time.monotonic()
    return found
