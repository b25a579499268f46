"""Topics that are made anew, deleted, or have other partitions, against a real broker and with both clients."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from aiops.adapters.clock import SystemClock
from aiops.adapters.kafka import following_consumer
from aiops.adapters.kafka.confluent import ConfluentConsumer
from aiops.adapters.kafka.consumer import KafkaPythonConsumer
from aiops.adapters.kafka.following_consumer import FollowingConsumer
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.adapters.kafka.topics import KafkaTopics
from aiops.adapters.ledger_report import account
from aiops.adapters.shard import Shard
from aiops.bootstrap.orchestrator import control_consumer
from aiops.bootstrap.shard import make_shard
from aiops.model.errors import TemporaryError
from aiops.model.ledger import Ending, LedgerLine
from aiops.model.records import OutRecord, TopicPartition
from aiops.ports import TelemetryConsumer
from aiops.settings import Settings

MakeTopic = Callable[..., str]
PATIENCE = 30.0


@pytest.fixture(autouse=True)
def look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the usual five seconds."""
    monkeypatch.setattr(following_consumer, "_LOOK_SECONDS", 0.2)


@pytest.fixture
def catalogue(broker: str) -> Iterator[KafkaTopics]:
    made = KafkaTopics(broker)
    yield made
    made.close()


@pytest.fixture(params=[KafkaPythonConsumer, ConfluentConsumer], ids=["kafka-python", "confluent"])
def consumer(request: pytest.FixtureRequest, broker: str) -> Iterator[FollowingConsumer]:
    inner: TelemetryConsumer = request.param(broker, "following")
    made = FollowingConsumer(inner, KafkaTopics(broker), slots=1)
    yield made
    made.close()


def write(broker: str, topic: str, count: int, begin: int = 0) -> None:
    producer = KafkaPythonProducer(broker)
    producer.send(OutRecord(topic, None, b"%d" % number, (), 0) for number in range(begin, begin + count))
    producer.flush()
    producer.close()


def make_anew(broker: str, topic: str, partitions: int = 1) -> None:
    """Delete a topic and create it again, as a person does."""
    remove(broker, topic)
    topics = KafkaTopics(broker)
    topics.create({topic: (partitions, {})})
    topics.close()


def remove(broker: str, topic: str) -> None:
    topics = KafkaTopics(broker)
    topics.remove([topic])
    deadline = time.monotonic() + PATIENCE
    while topic in topics.names():
        assert time.monotonic() < deadline
    topics.close()


def read(consumer: FollowingConsumer, until: Callable[[list[tuple[int, bytes]]], bool]) -> list[tuple[int, bytes]]:
    """Shifted offsets and values until a condition holds; a broker in motion is asked again, as a shard does."""
    found: list[tuple[int, bytes]] = []
    deadline, in_doubt = time.monotonic() + PATIENCE, False
    while not until(found):
        assert time.monotonic() < deadline, (found, consumer.error)
        try:
            if in_doubt:
                consumer.assign(consumer.positions())
            in_doubt = False
            for records in consumer.poll(0.1, 1 << 20):
                found += zip(records.offsets, records.values, strict=True)
        except TemporaryError:
            in_doubt = True
    return found


def test_a_topic_made_anew_under_a_reader_is_read_from_its_beginning(
    consumer: FollowingConsumer, broker: str, topics: MakeTopic
) -> None:
    """The old topic's unread offsets and one more are lost; the new topic's offsets follow them, and all are read."""
    topic = topics()
    place = TopicPartition(topic, 0)
    write(broker, topic, 10)
    consumer.assign({place: None})
    read(consumer, lambda found: len(found) == 10)
    assert consumer.bounds() == {place: (0, 10)}
    write(broker, topic, 5, begin=10)
    consumer.bounds()

    make_anew(broker, topic)
    write(broker, topic, 20, begin=100)
    found = read(consumer, lambda found: bool(found) and found[-1][1] == b"119")

    lost = consumer.lost()
    begin = lost[0][1]
    assert lost == [(place, begin, 16)]
    assert 10 <= begin <= 15  # the five may have been read before the topic went
    assert [one for one in found if one[1] >= b"100"] == [(16 + n, b"%d" % (100 + n)) for n in range(20)]
    assert consumer.positions() == {place: 36}
    assert consumer.bounds() == {place: (16, 36)}


def test_a_topic_that_is_deleted_does_not_hold_the_others(
    consumer: FollowingConsumer, broker: str, topics: MakeTopic
) -> None:
    """The reader names it and reads on; when it is there again, it is read from its beginning."""
    gone, other = topics("gone"), topics("other")
    write(broker, gone, 4)
    write(broker, other, 4)
    consumer.assign({TopicPartition(gone, 0): None, TopicPartition(other, 0): None})
    read(consumer, lambda found: len(found) == 8)

    remove(broker, gone)
    read(consumer, lambda _: f"topic {gone} does not exist" in consumer.error)
    write(broker, other, 3)
    read(consumer, lambda found: len(found) == 3)
    assert consumer.positions() == {TopicPartition(gone, 0): 4, TopicPartition(other, 0): 7}

    topics_again = KafkaTopics(broker)
    topics_again.create({gone: (1, {})})
    topics_again.close()
    write(broker, gone, 2)
    found = read(consumer, lambda found: len(found) == 2)
    assert [offset for offset, _ in found] == [5, 6]
    assert consumer.lost() == [(TopicPartition(gone, 0), 4, 5)]
    assert consumer.error == ""


def test_partitions_that_nobody_reads_or_has_are_named(
    consumer: FollowingConsumer, broker: str, topics: MakeTopic
) -> None:
    """With what to do about them; the partitions that exist are read meanwhile."""
    wide = topics(partitions=3)
    write(broker, wide, 2)
    consumer.assign({TopicPartition(wide, 0): None, TopicPartition(wide, 7): None})

    assert len(read(consumer, lambda found: len(found) == 2)) == 2
    assert f"{wide} has 3 partitions and kafka.partitions is 1: nobody reads those from 1 on" in consumer.error


def test_a_restart_compares_the_topic_with_the_snapshots(
    broker: str, topics: MakeTopic, catalogue: KafkaTopics
) -> None:
    """Also when the new topic has more records than the old one had: its old offsets would exist, and mean others."""
    topic = topics()
    place = TopicPartition(topic, 0)
    write(broker, topic, 5)
    first = FollowingConsumer(KafkaPythonConsumer(broker, "g"), KafkaTopics(broker))
    first.assign({place: 3})
    first.bounds()
    kept = first.origins
    first.close()

    make_anew(broker, topic)
    write(broker, topic, 9)
    again = FollowingConsumer(KafkaPythonConsumer(broker, "g"), KafkaTopics(broker))
    again.recall(kept)
    again.assign({place: 3})
    found = read(again, lambda found: len(found) == 9)

    assert again.lost() == [(place, 3, 6)]
    assert [offset for offset, _ in found] == list(range(6, 15))
    assert again.origins[place].topic_id == catalogue.describe([topic])[0].topic_id != kept[place].topic_id
    again.close()


# ------------------------------------------------------------------------------------ a whole shard and its account


@pytest.fixture
def settings(broker: str, topics: MakeTopic, tmp_path: Path) -> Settings:
    """One slot over topics of this test."""
    names = ("otlp_metrics", "otlp_logs", "otlp_spans", "metrics_arrow", "keyed")
    control = {name: topics(name) for name in ("cmdb", "changes", "tickets", "alerts", "anomalies", "dead_letters")}
    return Settings.model_validate(
        {
            "state": tmp_path,
            "kafka": {"bootstrap": broker, "partitions": 1},
            "topics": {name: topics(name) for name in names} | control,
            "data": {"snapshot_seconds": 0.2, "series_limit": 1000, "model_series": 0},
        }
    )


def gauges(broker: str, topic: str, begin: int, count: int) -> None:
    producer = KafkaPythonProducer(broker)
    for number in range(begin, begin + count):
        request = ExportMetricsServiceRequest()
        resource = request.resource_metrics.add()
        name = resource.resource.attributes.add()
        name.key, name.value.string_value = "service.name", "checkout"
        metric = resource.scope_metrics.add().metrics.add()
        metric.name = "queue.length"
        point = metric.gauge.data_points.add()
        point.as_double, point.time_unix_nano = 5.0, time.time_ns() - 3600 * 10**9 + number * 10**9
        producer.send([OutRecord(topic, b"checkout", request.SerializeToString(), (), 0)])
    producer.flush()
    producer.close()


def started(settings: Settings) -> Shard:
    shard = make_shard(settings, str(settings.kafka.bootstrap), 0)
    shard.start()
    shard.own({0: 1})
    return shard


def line(shard: Shard, topic: str, until: Callable[[LedgerLine], bool]) -> LedgerLine:
    deadline = time.monotonic() + PATIENCE
    while True:
        for found in shard.status().ledger:
            if found.topic == topic and until(found):
                return found
        assert time.monotonic() < deadline, shard.status()
        time.sleep(0.05)


def checked(settings: Settings, shard: Shard) -> tuple[bool, int]:
    """Whether the broker was asked, and the ledger's difference."""
    deadline = time.monotonic() + PATIENCE
    while True:
        status = {"at": SystemClock().now(), "shards": [asdict(shard.status())], "orchestration": {}}
        found = account(settings, status)
        if found.report.difference == 0 or time.monotonic() > deadline:
            return found.checked, found.report.difference
        time.sleep(0.1)


def test_a_recreated_topic_is_neither_swallowed_nor_unaccounted(settings: Settings, broker: str) -> None:
    """While a shard runs and while it is down: every record of the new topic is scored, and the difference is zero."""
    topic = settings.topics.otlp_metrics
    shard = started(settings)
    try:
        gauges(broker, topic, 0, 40)
        line(shard, topic, lambda found: found.records == 40)
        make_anew(broker, topic)
        gauges(broker, topic, 40, 25)
        after = line(shard, topic, lambda found: found.records >= 65)
        assert after.endings[Ending.LOST_TO_RETENTION] == after.lost_offsets == 1
        assert after.endings[Ending.LEARNED] + after.endings[Ending.WARMING_UP] == 65
        assert checked(settings, shard) == (True, 0)
    finally:
        shard.stop()

    make_anew(broker, topic)
    gauges(broker, topic, 65, 100)  # more than before: the old position exists again and means another record
    shard = started(settings)
    try:
        after = line(shard, topic, lambda found: found.records >= 165)
        assert after.endings[Ending.LOST_TO_RETENTION] == after.lost_offsets == 2
        assert after.endings[Ending.LEARNED] + after.endings[Ending.WARMING_UP] == 165
        assert checked(settings, shard) == (True, 0)
    finally:
        shard.stop()


def test_the_orchestrator_compares_control_topics_with_those_of_its_journal(settings: Settings, broker: str) -> None:
    """The journal has the position; which topic it belongs to is kept beside it before a record is read."""
    topic = settings.topics.changes
    place = TopicPartition(topic, 0)
    write(broker, topic, 6)
    first = control_consumer(settings, broker)
    first.assign({place: None})
    assert len(read(first, lambda found: len(found) == 6)) == 6
    first.close()

    make_anew(broker, topic)
    write(broker, topic, 8, begin=100)
    again = control_consumer(settings, broker)
    again.assign({place: 6})
    found = read(again, lambda found: len(found) == 8)
    assert found == [(7 + n, b"%d" % (100 + n)) for n in range(8)]
    assert again.lost() == [(place, 6, 7)]
    again.close()

    third = control_consumer(settings, broker)
    third.assign({place: 12})
    assert read(third, lambda found: len(found) == 3) == [(12 + n, b"%d" % (105 + n)) for n in range(3)]
    assert third.lost() == []
    third.close()


def test_a_partition_beyond_the_configured_number_is_a_difference(settings: Settings, broker: str) -> None:
    """Its records end nowhere, and the account says which setting makes it so."""
    topic = settings.topics.otlp_logs
    admin = KafkaAdminClient(bootstrap_servers=broker)
    admin.create_partitions({topic: 3})
    admin.close()
    producer = KafkaPythonProducer(broker)
    producer.send(OutRecord(topic, None, b"x", (), 2) for _ in range(7))
    producer.flush()
    producer.close()
    shard = started(settings)
    try:
        deadline = time.monotonic() + PATIENCE
        while "nobody reads those from 1 on" not in shard.status().error:
            assert time.monotonic() < deadline, shard.status()
            time.sleep(0.05)
        status = {"at": 0, "shards": [asdict(shard.status())], "orchestration": {}}
        report = account(settings, status).report
    finally:
        shard.stop()

    (unread,) = [part for part in report.partitions if part.source == TopicPartition(topic, 2)]
    assert unread.difference == report.difference == 7
    assert "no slot reads this partition: kafka.partitions is 1" in unread.why
