"""The stall keeper of a domain, joined to its topics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aiops.adapters.kafka.topics import TopicState
from aiops.bootstrap import stalls
from aiops.bootstrap.stalls import make_stall_keeper
from aiops.kafka_security import KafkaSecurity
from aiops.model.durations import SECOND
from aiops.model.entities import RUNTIME_ENTITY
from aiops.model.errors import TemporaryError
from aiops.model.records import OutRecord, TopicPartition
from aiops.settings import Kafka, Settings
from tests.unit.adapters.test_stall_keeper import Shards


@dataclass
class Broker:
    """The clients of the keeper, and how often each was made."""

    made: list[str] = field(default_factory=list)
    assigned: list[TopicPartition] = field(default_factory=list)
    sent: list[OutRecord] = field(default_factory=list)
    flushed: int = 0
    securities: list[KafkaSecurity] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    """Topics that do not exist."""

    def consumer(self, bootstrap: str, group: str, *, security: KafkaSecurity) -> Broker:
        self.securities.append(security)
        self.made.append(f"{group} at {bootstrap}")
        return self

    def producer(self, bootstrap: str, max_record_bytes: int, *, security: KafkaSecurity) -> Broker:
        self.securities.append(security)
        self.made.append(f"{max_record_bytes} at {bootstrap}")
        return self

    def catalogue(self, bootstrap: str, *, security: KafkaSecurity) -> Broker:
        self.securities.append(security)
        self.made.append(f"topics at {bootstrap}")
        return self

    def describe(self, names: list[str]) -> list[TopicState]:
        return [TopicState(name, 2) for name in names if name not in self.missing]

    def assign(self, positions: Mapping[TopicPartition, int | None]) -> None:
        self.assigned = list(positions)

    def bounds(self) -> Mapping[TopicPartition, tuple[int, int]]:
        if any(place.topic in self.missing for place in self.assigned):
            raise TemporaryError("Kafka has no partition yet")
        return dict.fromkeys(self.assigned, (0, 900))

    def send(self, records: Iterable[OutRecord]) -> None:
        self.sent += records

    def flush(self) -> None:
        self.flushed += 1


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    found = Broker()
    monkeypatch.setattr(stalls, "KafkaPythonConsumer", found.consumer)
    monkeypatch.setattr(stalls, "KafkaPythonProducer", found.producer)
    monkeypatch.setattr(stalls, "KafkaTopics", found.catalogue)
    return found


def settings(folder: Path) -> Settings:
    """Of a domain with two slots."""
    return Settings(state=folder, domain="eu", kafka=Kafka(partitions=2, max_record_bytes=5_000_000))


def test_it_connects_at_its_first_check_and_once(tmp_path: Path, broker: Broker) -> None:
    """The keeper is made before the broker is up."""
    keeper = make_stall_keeper(settings(tmp_path), "kafka:9092", Shards())
    assert broker.made == []
    keeper.check(SECOND)
    keeper.check(2 * SECOND)
    assert broker.made == ["aiops-eu-stalls at kafka:9092", "topics at kafka:9092"]
    assert broker.securities == [settings(tmp_path).kafka] * 2


def test_it_looks_at_every_partition_that_shards_read(tmp_path: Path, broker: Broker) -> None:
    """Of all topics of telemetry and of the keyed one."""
    found = settings(tmp_path)
    make_stall_keeper(found, "kafka:9092", Shards()).check(SECOND)
    topics = {*found.topics.telemetry, found.topics.keyed}
    assert set(broker.assigned) == {TopicPartition(topic, slot) for topic in topics for slot in (0, 1)}
    assert len(broker.assigned) == 2 * len(topics)


def test_a_topic_that_is_missing_leaves_the_others_watched(tmp_path: Path, broker: Broker) -> None:
    """Whether it was missing from the start or is deleted later; with the same connections."""
    found = settings(tmp_path)
    missing, *there = (*found.topics.telemetry, found.topics.keyed)
    broker.missing = {missing}
    keeper = make_stall_keeper(found, "kafka:9092", Shards())
    keeper.check(SECOND)
    assert {place.topic for place in broker.assigned} == set(there)
    broker.missing = set()
    keeper.check(2 * SECOND)
    assert {place.topic for place in broker.assigned} == {missing, *there}
    broker.missing = {found.topics.keyed}
    with pytest.raises(TemporaryError):
        keeper.check(3 * SECOND)
    keeper.check(4 * SECOND)
    assert found.topics.keyed not in {place.topic for place in broker.assigned}
    assert len(broker.made) == 2


def test_a_stall_is_written_to_the_topic_of_anomalies(tmp_path: Path, broker: Broker) -> None:
    """Under the key of its entity, and flushed before the check ends."""
    found, shards = settings(tmp_path), Shards()
    keeper = make_stall_keeper(found, "kafka:9092", shards)
    for second in range(1, 60):
        shards.position, shards.alive_at = min(second, 2), second
        keeper.check(second * SECOND)
    (record,) = broker.sent
    assert (record.topic, record.key) == (found.topics.anomalies, RUNTIME_ENTITY.encode())
    assert b'"domain"' in record.value
    assert (broker.flushed, broker.made[2:]) == (1, ["5000000 at kafka:9092"])
