"""Reads a whole Kafka topic for a command, up to the end offsets at the start of the read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from aiops.adapters.kafka.consumer import KafkaPythonConsumer
from aiops.adapters.kafka.topics import KafkaTopics
from aiops.adapters.status_file import read_status
from aiops.model.errors import PermanentError
from aiops.model.records import TopicPartition
from aiops.settings import Settings


class TopicRecord(NamedTuple):
    """One record of a topic."""

    place: str
    """``topic/partition/offset``"""
    value: bytes


def kept(settings: Settings, topic: str) -> Iterator[TopicRecord]:
    """Every record that a topic keeps, in offset order per partition.

    Raises:
        AiopsError: no Kafka address is known, or Kafka does not answer.
    """
    bootstrap = kafka_of(settings)
    topics = KafkaTopics(bootstrap, patient=False, security=settings.kafka)
    try:
        places = [TopicPartition(t.name, n) for t in topics.describe([topic]) for n in range(t.partitions)]
    finally:
        topics.close()
    consumer = KafkaPythonConsumer(bootstrap, f"aiops-{settings.domain}-reader", security=settings.kafka)
    try:
        yield from _read(consumer, places)
    finally:
        consumer.close()


def _read(consumer: KafkaPythonConsumer, places: list[TopicPartition]) -> Iterator[TopicRecord]:
    consumer.assign(dict.fromkeys(places))
    ends = {place: end for place, (_, end) in consumer.bounds().items()}
    while any(consumer.positions()[place] < end for place, end in ends.items()):
        for records in consumer.poll(1.0, 1 << 20):
            name = f"{records.source.topic}/{records.source.partition}"
            for offset, value in zip(records.offsets, records.values, strict=True):
                yield TopicRecord(f"{name}/{offset}", value)


def kafka_of(settings: Settings) -> str:
    """Kafka's address from the settings, else the broker that the runtime last used.

    Raises:
        PermanentError: neither is known.
    """
    status = None if settings.kafka.bootstrap else read_status(settings.state)
    found = settings.kafka.bootstrap or (status or {}).get("kafka")
    if not found:
        raise PermanentError("no Kafka address is known: set AIOPS_KAFKA=host:port, or start `aiops up`")
    return str(found)
