"""What ``aiops doctor`` checks about Kafka: the broker, the topics, and the newest records of each topic."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from aiops.adapters.broker.embedded import BrokerState, EmbeddedBroker
from aiops.adapters.kafka.consumer import KafkaPythonConsumer
from aiops.adapters.kafka.partitions import misfit, remedy, what
from aiops.adapters.kafka.topics import KafkaTopics
from aiops.adapters.ledger_report import lines_of
from aiops.adapters.status_file import read_status
from aiops.apps.doctor_connection import check_connection
from aiops.apps.doctor_entities import EntityCheck
from aiops.apps.doctor_findings import DoctorFinding, Level
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.ports import Clock
from aiops.settings import Settings
from detectors.wire.entity_names import EntityNaming

_SAMPLE = 200
"""Records looked at from the end of each partition."""
_READ = 20
"""Records of each poll that are read for the names of their resources."""


_SKEW_SECONDS = 5.0


def check_kafka(settings: Settings, clock: Clock) -> Iterator[DoctorFinding]:
    """Whether the broker answers, the topics are as they must be, and their newest records can be used."""
    if settings.kafka.client == "confluent" and importlib.util.find_spec("confluent_kafka") is None:
        yield DoctorFinding(
            Level.FAIL, "kafka", "kafka.client is confluent, which is not here", "pip install 'aiops[fast]'"
        )
    bootstrap = settings.kafka.bootstrap
    if bootstrap is None:
        status = EmbeddedBroker(settings.state / "broker").status()
        if status.state is not BrokerState.RUNNING or not status.bootstrap:
            yield DoctorFinding(Level.OK, "kafka", "embedded, not running; aiops up starts it")
            return
        bootstrap = status.bootstrap
    connection = list(check_connection(bootstrap, settings.kafka))
    yield from connection
    if any(finding.level is Level.FAIL for finding in connection):
        return
    topics = KafkaTopics(bootstrap, patient=False, security=settings.kafka)
    try:
        names = settings.topics
        wanted = [*names.telemetry, names.keyed, *names.control, names.dead_letters]
        found = topics.describe(sorted(set(topics.names()) & set(wanted)))
        here = {topic.name for topic in found}
        stamped = topics.stamped_by_producers([name for name in (*names.telemetry, names.keyed) if name in here])
    finally:
        topics.close()
    have = {topic.name: topic.partitions for topic in found}
    yield DoctorFinding(Level.OK, "kafka", f"{bootstrap} answers")
    missing = [name for name in wanted if name not in have]
    if missing:
        yield DoctorFinding(Level.WARN, "kafka", f"topics are missing: {', '.join(missing)}", "aiops up makes them")
    slots = settings.kafka.partitions
    for topic in found:
        if topic.name in {*names.telemetry, names.keyed} and misfit(topic, slots) is not None:
            yield DoctorFinding(Level.FAIL, "kafka", what(topic, slots), remedy(topic, slots))
    for name in stamped:
        yield stamps_finding(name, bootstrap)
    yield from _records(
        settings, bootstrap, {name: have[name] for name in names.telemetry if name in have}, clock=clock
    )


def stamps_finding(topic: str, bootstrap: str) -> DoctorFinding:
    """A topic whose records carry their producers' time, and the command that changes it."""
    what = f"{topic} has message.timestamp.type=CreateTime: a producer's wrong clock passes for the time of receipt"
    do = (
        f"kafka-configs.sh --bootstrap-server {bootstrap} --alter --entity-type topics --entity-name {topic} "
        "--add-config message.timestamp.type=LogAppendTime"
    )
    return DoctorFinding(Level.WARN, "kafka", what, do)


def _records(settings: Settings, bootstrap: str, have: dict[str, int], *, clock: Clock) -> Iterator[DoctorFinding]:
    """Keys and times of the newest records."""
    consumer = KafkaPythonConsumer(bootstrap, f"aiops-{settings.domain}-doctor", security=settings.kafka)
    try:
        newest = _newest(consumer, [TopicPartition(name, n) for name, count in have.items() for n in range(count)])
    finally:
        consumer.close()
    names = EntityCheck(EntityNaming(settings.data.entity_attributes, settings.data.entity_scope))
    for name in have:
        fetched = [records for records in newest if records.source.topic == name]
        values = (value for records in fetched for value in records.values[-_READ:])
        yield from names.topic(name, settings.topics.decoded[name], values)
        keys = [key for records in fetched for key in records.keys]
        if keys and None in keys:
            yield _unkeyed(settings, name, keys.count(None) / len(keys))
        ahead = max((at for records in fetched for at in records.appended_at), default=0) - clock.now()
        if ahead > _SKEW_SECONDS * 1e9:
            told = f"the newest record of {name} is stamped {ahead / 1e9:.0f} s ahead of this clock"
            yield DoctorFinding(Level.WARN, "clock", told, "let NTP run on the senders, the broker and here")
    yield from names.scopes()


def _unkeyed(settings: Settings, name: str, share: float) -> DoctorFinding:
    status = read_status(settings.state) or {}
    lines = [line for line in lines_of(status) if line.topic == name]
    items, forwarded = sum(line.items for line in lines), sum(line.forwarded for line in lines)
    saving = f": keying would save {forwarded:,} of {items:,} units a second way through Kafka" if forwarded else ""
    told = f"{share:.0%} of the newest records of {name} have no key{saving}"
    if not forwarded and settings.data.shards == 1:
        return DoctorFinding(Level.OK, "kafka", f"{told}; with one shard that costs nothing")
    do = "partition_metrics_by_resource_attributes and partition_logs_by_resource_attributes in the Collector"
    return DoctorFinding(Level.WARN, "kafka", told, do)


def _newest(consumer: KafkaPythonConsumer, places: list[TopicPartition]) -> list[FetchedRecords]:
    if not places:
        return []
    consumer.assign(dict.fromkeys(places))
    bounds = consumer.bounds()
    consumer.assign({place: max(first, end - _SAMPLE) for place, (first, end) in bounds.items()})
    fetched: list[FetchedRecords] = []
    for _ in range(50):
        if all(consumer.positions()[place] >= end for place, (_first, end) in bounds.items()):
            break
        fetched += consumer.poll(0.5, 1 << 20)
    return fetched
