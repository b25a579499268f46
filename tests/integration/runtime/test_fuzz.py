"""Broken and fuzzed input on every topic of a running system: dead letters with reasons, and nothing else stops.

Section 6: bad input of each kind, and 10,000 fuzzed byte strings per topic; no crash, the good records around them
processed.
"""

from __future__ import annotations

import gzip
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import confluent_kafka
import pyarrow as pa
import pytest
from kafka import KafkaProducer

from aiops.adapters.broker.embedded import EmbeddedBroker
from aiops.adapters.encryption import decode_letter, open_seal
from aiops.adapters.kafka.consumer import KafkaPythonConsumer
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.adapters.ledger_report import Accounting, account
from aiops.model.deadletters import DeadLetter
from aiops.model.deadletters import DeadLetterReason as Reason
from aiops.model.records import OutRecord, TopicPartition
from detectors.wire import arrow, logs, metrics, spans
from detectors.wire.memory import WireMemory
from detectors.wire.slots import slot_of
from tests.integration.runtime import broken
from tests.integration.runtime.broken import SECOND
from tests.integration.runtime.harness import Running, configure, until
from tests.unit.adapters.kafka.test_header_names import Name

FUZZED = 10_000
EVERY = 100
"""Among so many fuzzed records one is sound."""
MOST_BYTES = 512 * 1024
NAME = "sound"

pytestmark = pytest.mark.timeout(240)


@dataclass
class Topic:
    """One input topic: how its sound records look, how broken ones do, and what the ledger should say of a record."""

    name: str
    sound: Callable[[int], bytes]
    broken: Callable[[int], Iterator[broken.Broken]]
    units: Callable[[bytes], int] = lambda _: 1
    partitions: int = 4


@dataclass
class System:
    """The runtime, its input topics, and what was sent to each."""

    running: Running
    producer: KafkaPythonProducer
    topics: list[Topic]

    def __post_init__(self) -> None:
        self.sent: Counter[str] = Counter()
        self.sound: Counter[str] = Counter()

    def send(self, topic: Topic, values: list[bytes]) -> None:
        """To all partitions in turn, but what is sound on a keyed topic to its own."""
        own = slot_of(NAME, topic.partitions) if topic.name.endswith("arrow") else None
        self.producer.send(
            OutRecord(topic.name, b"%d" % place, value, (), place % topic.partitions if own is None else own)
            for place, value in enumerate(values)
        )
        self.producer.flush()
        self.sent[topic.name] += sum(map(topic.units, values))

    def settled(self, seconds: float = 60) -> Accounting:
        """Everything that was sent is read and accounted for, by the broker's own offsets."""

        def report() -> Accounting | None:
            status = self.running.status()
            found = account(self.running.settings, status) if status else None
            return found if found and found.report.in_flight == 0 else None

        time.sleep(1.5)
        found: Accounting = until("everything is read", report, seconds)
        assert found.checked, found.why_not
        assert found.report.difference == 0, found.report
        return found

    def ended(self, topic: str) -> Counter[str]:
        """Units of a topic by how they ended."""
        status = self.running.status()
        lines = [*self.running.lines(), *status["orchestration"]["ledger"]]
        total: Counter[str] = Counter()
        for line in lines:
            if line["topic"] == topic:
                total.update(line["endings"])
                total["forwarded"] += line["forwarded"]
        return total

    def letters(self) -> list[DeadLetter]:
        """All dead letters, opened; a repeat once."""
        settings = self.running.settings
        seal, place = open_seal(settings.state), TopicPartition(settings.topics.dead_letters, 0)
        consumer = KafkaPythonConsumer(settings.kafka.bootstrap or "", "letters")
        found: dict[str, DeadLetter] = {}
        try:
            consumer.assign({place: None})
            end = consumer.bounds()[place][1]
            while consumer.positions()[place] < end:
                for records in consumer.poll(1.0, 1 << 20):
                    for value in records.values:
                        letter = decode_letter(value, seal)
                        found[letter.key] = letter
        finally:
            consumer.close()
        return list(found.values())

    def alive(self) -> dict[str, Any]:
        """Processes of shards and orchestrator: the same ones as long as nobody crashed."""
        pids = self.running.status()["pids"]
        return {role: pids.get(role) for role in ("shard", "orchestrator")}


def inputs(running: Running) -> list[Topic]:
    """Every topic that somebody else may write to, and the internal one."""
    names, now = running.settings.topics, time.time_ns()
    times = [now - second * SECOND for second in range(40, 0, -1)]

    def memory() -> WireMemory:
        return WireMemory()

    def control(name: str, make: Callable[[str, int], bytes]) -> Topic:
        return Topic(name, lambda n: make(f"{NAME}-{n}", now), broken.broken_control(make), partitions=1)

    return [
        Topic(
            names.metrics_arrow,
            lambda _: broken.arrow(NAME, times),
            broken.broken_arrow,
            lambda value: int(arrow.decode([value], memory(), now).items[0]),
        ),
        Topic(
            names.otlp_metrics,
            lambda _: broken.otlp_points(NAME, times),
            broken.broken_points,
            lambda value: int(metrics.decode_otlp([value], memory(), now).items[0]),
        ),
        Topic(
            names.otlp_logs,
            lambda _: broken.otlp_lines(NAME, times),
            broken.broken_lines,
            lambda value: int(logs.decode([value], now).items[0]),
        ),
        Topic(
            names.otlp_spans,
            lambda _: broken.otlp_spans(NAME, times),
            broken.broken_spans,
            lambda value: int(spans.decode([value], now).items[0]),
        ),
        control(names.cmdb, broken.item),
        control(names.changes, broken.change),
        control(names.tickets, broken.ticket),
        control(names.alerts, broken.alert),
        control(names.anomalies, broken.anomaly),
    ]


@pytest.fixture(scope="module")
def system(embedded: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder, broker = tmp_path_factory.mktemp("fuzz"), embedded.start()
    settings = configure(
        folder,
        broker,
        f"fuzz-{os.getpid()}",
        kafka={"max_record_bytes": MOST_BYTES},
        data={"series_limit": 2000, "dead_letter_bytes": 4096},
        control={"shadow": True},
    )
    running = Running(folder, settings)
    producer = KafkaPythonProducer(broker)
    try:
        running.start()
        yield System(running, producer, inputs(running))
    finally:
        producer.close()
        running.stop()
        running.forget()


def test_each_kind_of_bad_input_is_a_dead_letter_with_its_reason(system: System) -> None:
    """Between sound records, whose every unit is taken; the letter holds the bytes as they came."""
    alive = system.alive()
    expected: Counter[tuple[str, Reason, bytes]] = Counter()
    sound: Counter[str] = Counter()
    for topic in system.topics:
        values = []
        for number, (reason, value) in enumerate(topic.broken(time.time_ns())):
            values += [topic.sound(number), value]
            sound[topic.name] += topic.units(topic.sound(number))
            expected[topic.name, reason, value[:4096]] += 1
        system.send(topic, values)
    keyed = system.running.settings.topics.keyed
    for reason, value in broken.broken_keyed(time.time_ns()):
        system.producer.send([OutRecord(keyed, b"k", value, (), 0)])
        expected[keyed, reason, value] += 1
    system.producer.flush()
    system.settled()
    found = Counter((letter.topic, letter.reason, letter.original) for letter in system.letters())
    assert found == expected
    for topic in system.topics:
        ended = system.ended(topic.name)
        assert ended.pop("dead-letter") == sum(n for (name, _, _), n in expected.items() if name == topic.name)
        assert ended.total() == sound[topic.name], topic.name
    items = system.running.reader().documents("item")
    assert {f"{NAME}-{number}" for number in range(14)} <= set(items)
    assert system.alive() == alive
    assert "Traceback" not in system.running.log.read_text()


def test_what_kafka_itself_allows_and_nobody_expects_stops_nothing(system: System) -> None:
    """Null values, keys that are no text, headers without value or as large as a record, zipped zeros, odd times."""
    alive, names = system.alive(), system.running.settings.topics
    writer = KafkaProducer(
        bootstrap_servers=system.running.settings.kafka.bootstrap,
        compression_type="gzip",
        max_request_size=64 * MOST_BYTES,
        batch_size=0,
    )
    odd: list[dict[str, Any]] = [
        {"value": None, "key": b"null"},
        {"value": b"", "key": b"\xff\xfe"},
        {"value": b"x", "headers": [("nothing", b"")]},
        {"value": b"x", "headers": [("much", random.Random(7).randbytes(MOST_BYTES - 4096))]},
        {"value": b"x", "headers": [("n" * 10_000, b"v")] * 40},
        {"value": b"x", "headers": [(Name("größe"), b"no text")]},
        {"value": b"x", "timestamp_ms": 0},
        {"value": bytes(3 * MOST_BYTES)},
        {"value": gzip.compress(b"x" * 1000)},
    ]
    try:
        for topic in (names.metrics_arrow, names.otlp_metrics, names.otlp_logs, names.otlp_spans, names.keyed):
            for record in odd:
                writer.send(topic, partition=0, **record).get(10)
        for topic in names.control:
            for record in odd:
                writer.send(topic, partition=0, **({"key": b"k"} | record)).get(10)
    finally:
        writer.close()
    plain = confluent_kafka.Producer({"bootstrap.servers": system.running.settings.kafka.bootstrap})
    for topic in (*names.telemetry, names.keyed, *names.control):
        plain.produce(topic, b"x", b"k", partition=0, headers=[("nothing", None)])
    assert plain.flush(20) == 0
    system.settled()
    large = [letter for letter in system.letters() if letter.reason is Reason.TOO_LARGE and letter.cut]
    assert {letter.topic for letter in large} >= {*names.telemetry, names.keyed, *names.control}
    assert system.alive() == alive
    assert "Traceback" not in system.running.log.read_text()


def test_more_series_than_the_limit_are_dead_letters_and_the_known_ones_go_on(system: System) -> None:
    """A thousand too many names in one record, as a broken exporter makes them."""
    topic, now, count = system.topics[0], time.time_ns(), 3000
    metric = pa.array([f"request.{number}" for number in range(count)])
    flood = broken.arrow(NAME, [now] * count, metric=metric)
    before = system.ended(topic.name)
    system.send(topic, [flood, broken.arrow(NAME, [now, now + SECOND])])
    system.settled()
    ended = system.ended(topic.name)
    ended.subtract(before)
    limited = [letter for letter in system.letters() if letter.reason is Reason.SERIES_LIMIT]
    assert ended["dead-letter"] == sum(letter.items for letter in limited if letter.topic == topic.name)
    assert 1000 <= ended["dead-letter"] < count
    assert ended.total() == count + 2


def test_fuzzed_bytes_on_every_topic_stop_nothing(system: System) -> None:
    """10,000 a topic with a sound record among every hundred; every unit is accounted for, and sound ones are used."""
    alive, rng = system.alive(), random.Random(20)
    before = {topic.name: system.ended(topic.name) for topic in system.topics}
    sent = Counter(system.sent)
    for topic in system.topics:
        values = list(broken.fuzzed(rng, [topic.sound(number) for number in range(9)], FUZZED))
        for number in range(FUZZED // EVERY):
            values.insert(number * (EVERY + 1), topic.sound(1000 + number))
        system.send(topic, values)
    system.settled(120)
    sent = Counter(system.sent) - sent
    for topic in system.topics:
        ended = system.ended(topic.name)
        ended.subtract(before[topic.name])
        assert ended.total() == sent[topic.name], topic.name
        assert ended["dead-letter"] > FUZZED // 2
    reader = system.running.reader()
    assert {f"{NAME}-{1000 + number}" for number in range(FUZZED // EVERY)} <= set(reader.documents("item"))
    assert system.alive() == alive
    assert "Traceback" not in system.running.log.read_text()
