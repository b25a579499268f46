"""One contract for every consumer of the data plane, against a real broker."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from kafka import KafkaAdminClient
from kafka import TopicPartition as KafkaPartition

from aiops.adapters.kafka.confluent import ConfluentConsumer
from aiops.adapters.kafka.consumer import KafkaPythonConsumer
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.model.errors import AiopsError
from aiops.model.records import FetchedRecords, OutRecord, TopicPartition
from aiops.ports import TelemetryConsumer

MakeTopic = Callable[..., str]


@pytest.fixture(params=[KafkaPythonConsumer, ConfluentConsumer], ids=["kafka-python", "confluent"])
def consumer(request: pytest.FixtureRequest, broker: str) -> Iterator[TelemetryConsumer]:
    made: TelemetryConsumer = request.param(broker, "contract")
    yield made
    made.close()


@pytest.fixture
def producer(broker: str) -> Iterator[KafkaPythonProducer]:
    made = KafkaPythonProducer(broker)
    yield made
    made.close()


def write(producer: KafkaPythonProducer, topic: str, count: int, partition: int = 0) -> None:
    producer.send(OutRecord(topic, b"k", b"%d" % i, (("h", b"x"),), partition) for i in range(count))
    producer.flush()


def drain(consumer: TelemetryConsumer, count: int, polls: int = 100) -> list[FetchedRecords]:
    fetched: list[FetchedRecords] = []
    for _ in range(polls):
        fetched += consumer.poll(0.2, 1 << 20)
        if sum(len(f.offsets) for f in fetched) >= count:
            break
    return fetched


def values(fetched: list[FetchedRecords]) -> list[bytes]:
    return [value for records in fetched for value in records.values]


def test_all_records_of_the_assigned_partitions_come_once_in_order(
    consumer: TelemetryConsumer, producer: KafkaPythonProducer, topics: MakeTopic
) -> None:
    """From the beginning, with keys, headers and append times; other partitions stay away."""
    topic = topics(partitions=2)
    write(producer, topic, 3000)
    write(producer, topic, 5, partition=1)
    place = TopicPartition(topic, 0)
    consumer.assign({place: None})
    fetched = drain(consumer, 3000)
    assert values(fetched) == [b"%d" % i for i in range(3000)]
    assert consumer.positions() == {place: 3000}
    first = fetched[0]
    assert (first.source, first.offsets[0], first.keys[0]) == (place, 0, b"k")
    assert [tuple(header) for header in first.headers[0]] == [("h", b"x")]
    assert first.appended_at[0] > 1_700_000_000 * 10**9
    assert consumer.lost() == []


def test_it_goes_on_from_a_given_offset(
    consumer: TelemetryConsumer, producer: KafkaPythonProducer, topics: MakeTopic
) -> None:
    """A snapshot's position is the next record that is read; assigning anew moves there."""
    topic = topics()
    write(producer, topic, 100)
    place = TopicPartition(topic, 0)
    consumer.assign({place: 90})
    assert values(drain(consumer, 10)) == [b"%d" % i for i in range(90, 100)]
    consumer.assign({place: 95})
    assert values(drain(consumer, 5)) == [b"%d" % i for i in range(95, 100)]
    assert consumer.bounds() == {place: (0, 100)}


def test_what_retention_removed_is_told_as_a_range(
    consumer: TelemetryConsumer, producer: KafkaPythonProducer, topics: MakeTopic, broker: str
) -> None:
    """Reading goes on at the first retained record; the lost range is reported once."""
    topic = topics()
    write(producer, topic, 100)
    admin = KafkaAdminClient(bootstrap_servers=broker)
    admin.delete_records({KafkaPartition(topic, 0): 60})
    admin.close()
    place = TopicPartition(topic, 0)
    consumer.assign({place: 10})
    assert values(drain(consumer, 40)) == [b"%d" % i for i in range(60, 100)]
    assert consumer.lost() == [(place, 10, 60)]
    assert consumer.lost() == []


def test_retention_that_overtakes_a_reader_is_noticed_too(
    consumer: TelemetryConsumer, producer: KafkaPythonProducer, topics: MakeTopic, broker: str
) -> None:
    """Records deleted between assignment and the first fetch end as a lost range, not as an endless error."""
    topic = topics()
    place = TopicPartition(topic, 0)
    consumer.assign({place: None})
    assert consumer.poll(0.3, 1 << 20) == []
    write(producer, topic, 10)
    admin = KafkaAdminClient(bootstrap_servers=broker)
    admin.delete_records({KafkaPartition(topic, 0): 10})
    admin.close()
    write(producer, topic, 3)
    fetched = drain(consumer, 13, polls=20)
    lost = sum(to - from_ for _, from_, to in consumer.lost())
    assert len(values(fetched)) + lost == 13


def test_an_empty_assignment_polls_nothing(consumer: TelemetryConsumer) -> None:
    """A shard without slots idles."""
    consumer.assign({})
    assert consumer.poll(0.01, 1 << 20) == []


def test_a_partition_that_is_not_there_is_one_of_our_errors(
    consumer: TelemetryConsumer, producer: KafkaPythonProducer, topics: MakeTopic
) -> None:
    """Any other would end the thread of a shard; this one it waits for, and goes on."""
    topic = topics()
    write(producer, topic, 3)
    with pytest.raises(AiopsError):
        consumer.assign({TopicPartition(topic, 0): 0, TopicPartition(topic, 17): 0})
    consumer.assign({TopicPartition(topic, 0): 0})
    assert values(drain(consumer, 3)) == [b"0", b"1", b"2"]


@pytest.mark.parametrize("make", [KafkaPythonConsumer, ConfluentConsumer])
def test_a_broker_that_is_not_there_is_a_clear_error(make: Callable[..., TelemetryConsumer]) -> None:
    """Adapters raise our errors and no others."""
    with pytest.raises(AiopsError, match=r"reachable|check the address"):
        make("127.0.0.1:1", "contract").assign({TopicPartition("t", 0): None})
