"""The runtime behind real Collectors and stock instrumentation, with both keyings that docs/deploy.md names."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from kafka import KafkaConsumer, TopicPartition

from aiops.adapters.broker.embedded import EmbeddedBroker
from aiops.adapters.kafka.topics import KafkaTopics
from aiops.model.episodes import SignalDirection
from tests.integration.collector import installed
from tests.integration.collector.processes import Load, Processes, start_collector, start_service
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

    def records(self, topic: str) -> list[bytes]:
        """The values of all records that a topic has now."""
        consumer = KafkaConsumer(bootstrap_servers=self.running.settings.kafka.bootstrap, enable_auto_commit=False)
        try:
            places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
            consumer.assign(places)
            consumer.seek_to_beginning(*places)
            ends = consumer.end_offsets(places)
            found: list[bytes] = []
            while any(consumer.position(place) < end for place, end in ends.items()):
                for fetched in consumer.poll(1_000).values():
                    found += [record.value for record in fetched]
            return found
        finally:
            consumer.close()

    def silent(self) -> set[str]:
        """Entities that were ever reported silent."""
        events = [json.loads(value) for value in self.records(self.running.settings.topics.anomalies)]
        episodes = [event["data"] for event in events if "signals" in event["data"]]
        return {
            episode["entity"]
            for episode in episodes
            for signal in episode["signals"]
            if signal["direction"] == SignalDirection.SILENT
        }


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
    """The spans of both sides come through different Collectors, in different partitions, and name the environment."""
    until("the edge", lambda: ("prod/web", "prod/shop") in fleet.edges(), 60)


def test_personal_data_of_log_lines_stays_in_the_shard(fleet: Fleet) -> None:
    """It came in with the lines; what is forwarded between slots and what is published has it masked."""
    until("all signals", lambda: all(units > 200 for units in fleet.taken().values()), 60)
    topics = fleet.running.settings.topics
    assert any(b"jane.doe@example.com" in value for value in fleet.records(topics.otlp_logs))
    forwarded = fleet.records(topics.keyed)
    assert any(b"is taken by customer" in value for value in forwarded)
    told = [*forwarded, *fleet.records(topics.anomalies), *fleet.records(topics.dead_letters)]
    assert not [value for value in told if b"jane.doe" in value]


def test_doctor_names_the_attribute_that_host_metrics_lack(fleet: Fleet) -> None:
    """A stock ``hostmetrics`` receiver states no host; the remedy is a processor of the Collector."""
    command = [sys.executable, "-m", "aiops.cli.main", "doctor", "--config", str(fleet.running.folder / "aiops.yaml")]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120).stdout
    words = " ".join(said.split())
    assert "host.name is missing: in the Collector, processors: {resourcedetection:" in words


def test_a_service_whose_processes_are_killed_is_reported_silent_and_no_other_is(fleet: Fleet) -> None:
    """Both instances of shop are killed as an OOM killer does it; web goes on, and answers with errors."""
    metrics = fleet.running.settings.topics.otlp_metrics
    warm_up = fleet.running.settings.data.warm_up_points

    def exports(instance: bytes) -> int:
        return sum(instance in value for value in fleet.records(metrics))

    until("both are known", lambda: min(exports(b"shop-1"), exports(b"shop-2")) > warm_up + 5, 180)
    assert fleet.silent() == set()
    fleet.processes.kill("shop-1")
    fleet.processes.kill("shop-2")
    until("the silence of shop", lambda: "prod/shop" in fleet.silent(), 180)
    assert fleet.silent() == {"prod/shop"}
