"""The runtime behind real Collectors and stock instrumentation, with both keyings that docs/deploy.md names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from aiops.adapters.broker.embedded import EmbeddedBroker
from aiops.adapters.kafka.consumer import KafkaPythonConsumer
from aiops.adapters.kafka.topics import KafkaTopics
from aiops.model.records import TopicPartition
from tests.integration.collector import installed
from tests.integration.collector.running import Load, Processes, start_collector, start_service
from tests.integration.runtime.harness import Running, configure, until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


@dataclass
class Fleet:
    """A runtime, its Collectors and three service processes: web calls shop, which has two instances."""

    running: Running
    processes: Processes
    load: Load

    def taken(self) -> dict[str, int]:
        """Items that were taken, by the signal's topic."""
        topics = self.running.settings.topics
        return {
            topic: self.running.counted(topic) for topic in (topics.otlp_metrics, topics.otlp_logs, topics.otlp_spans)
        }

    def endings(self) -> dict[str, int]:
        """Units by ending, over all topics."""
        total: dict[str, int] = {}
        for line in self.running.lines():
            for ending, units in line["endings"].items():
                total[ending] = total.get(ending, 0) + units
        return total

    def edges(self) -> set[tuple[str, str]]:
        """The edges of the dependency graph."""
        found = self.running.reader().documents("edge").values()
        return {(edge["source"], edge["target"]) for edge in map(json.loads, found)}

    def published(self, topic: str) -> list[dict[str, Any]]:
        """The records of one of the runtime's own topics, from its beginning."""
        consumer = KafkaPythonConsumer(self.running.settings.kafka.bootstrap or "", "look")
        try:
            sources = [TopicPartition(topic, slot) for slot in range(self.running.settings.kafka.partitions)]
            consumer.assign(dict.fromkeys(sources))
            bounds = consumer.bounds()
            consumer.assign({source: begin for source, (begin, _) in bounds.items()})
            wanted = sum(end - begin for begin, end in bounds.values())
            found: list[dict[str, Any]] = []
            while len(found) < wanted:
                for fetched in consumer.poll(1.0, 8 << 20):
                    found += [json.loads(value) for value in fetched.values]
            return found
        finally:
            consumer.close()


@pytest.fixture(scope="module")
def fleet(embedded: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Up and asked by users for a while; two Collectors, one that keys its records and one that does not."""
    installed.collector(), installed.packages()
    folder, broker = tmp_path_factory.mktemp("fleet"), embedded.start()
    settings = configure(folder, broker, "collected")
    topics = KafkaTopics(broker)
    topics.ensure(settings)
    topics.close()
    named = {
        "metrics": settings.topics.otlp_metrics,
        "logs": settings.topics.otlp_logs,
        "traces": settings.topics.otlp_spans,
    }
    processes, running = Processes(folder), Running(folder, settings)
    try:
        plain = start_collector(processes, "plain", broker, named, keyed=False, host=True)
        keyed = start_collector(processes, "keyed", broker, named, keyed=True, host=False)
        shops = [start_service(processes, "shop", keyed, instance=instance) for instance in ("1", "2")]
        webs = [start_service(processes, "web", plain, instance=str(shop), needs=shop) for shop in shops]
        load = Load(webs)
        load.start()
        running.start()
        yield Fleet(running, processes, load)
        load.stop()
    finally:
        processes.stop()
        running.stop()
        running.forget()


def test_every_signal_of_stock_instrumentation_is_taken(fleet: Fleet) -> None:
    """Metrics, log lines and spans arrive by themselves."""
    until("all signals", lambda: all(units > 200 for units in fleet.taken().values()), 60)


def test_nothing_ends_as_a_dead_letter_and_the_account_is_whole(fleet: Fleet) -> None:
    """What a stock Collector sends is understood to the last unit."""
    until("all signals", lambda: all(units > 200 for units in fleet.taken().values()), 60)
    until("the account is whole", lambda: fleet.running.difference() == 0, 30)
    assert fleet.endings().get("dead_letter", 0) == 0, fleet.endings()


def test_calls_between_the_services_are_edges_of_the_graph(fleet: Fleet) -> None:
    """The spans of both sides come through different Collectors, in different partitions."""
    until("the edge", lambda: any(s.endswith("web") and t.endswith("shop") for s, t in fleet.edges()), 60)
