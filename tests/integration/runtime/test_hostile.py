"""A hostile batch and a shard that stands still, on a real broker and a real Ray."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaProducer

from aiops.adapters.encryption import decode_letter, open_seal
from aiops.adapters.kafka.consumer import KafkaPythonConsumer
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.model.deadletters import DeadLetter
from aiops.model.deadletters import DeadLetterReason as Reason
from aiops.model.records import OutRecord, TopicPartition
from tests.integration.runtime import broken
from tests.integration.runtime.harness import Running, configure, until

MB = 1 << 20
pytestmark = pytest.mark.timeout(240)


@dataclass
class System:
    """The runtime with one shard, and a producer."""

    running: Running
    producer: KafkaPythonProducer
    broker: str
    sent: int = 0

    @property
    def topic(self) -> str:
        return self.running.settings.topics.otlp_metrics

    def send(self, count: int) -> None:
        """Sound points to partition 0, one record each."""
        values = [broken.otlp_points("healthy", [time.time_ns()]) for _ in range(count)]
        self.producer.send(OutRecord(self.topic, b"k", value, (), 0) for value in values)
        self.producer.flush()
        self.sent += count

    def shard(self) -> int:
        """Process id of the shard."""
        return int(self.running.status()["pids"]["shard"][0])

    def letters(self) -> list[DeadLetter]:
        """All dead letters so far."""
        topic, seal = self.running.settings.topics.dead_letters, open_seal(self.running.settings.state)
        consumer = KafkaPythonConsumer(self.broker, "letters")
        consumer.assign({TopicPartition(topic, 0): None})
        found = [value for _ in range(10) for piece in consumer.poll(0.2, MB) for value in piece.values]
        consumer.close()
        return [decode_letter(value, seal) for value in found]

    def pages(self) -> list[dict[str, Any]]:
        """Pages that were delivered."""
        file = self.running.folder / "pages.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture(scope="module")
def system(embedded: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    broker = embedded.start()
    folder: Path = tmp_path_factory.mktemp("hostile")
    settings = configure(folder, broker, "hostile", kafka={"partitions": 1}, data={"shards": 1})
    running = Running(folder, settings)
    producer = KafkaPythonProducer(broker)
    try:
        running.start()
        yield System(running, producer, broker)
    finally:
        running.stop()
        running.forget()
        producer.close()


def test_a_decompression_bomb_is_a_dead_letter_and_the_shard_goes_on(system: System) -> None:
    """100 MB of zeros in 100 KB, between sound records: the process stays, and the ledger is whole."""
    system.send(20)
    pid = until("the shard reads", lambda: system.running.counted(system.topic) == 20 and system.shard())
    bomb = KafkaProducer(
        bootstrap_servers=system.broker, compression_type="gzip", max_request_size=200 * MB, batch_size=150 * MB
    )
    bomb.send(system.topic, value=bytes(100 * MB), partition=0).get(60)
    bomb.close()
    system.send(20)
    until("all is read", lambda: system.running.counted(system.topic) == 41)
    assert system.running.difference() == 0
    assert system.shard() == pid
    letters = until("the dead letter", system.letters)
    assert [(letter.offset, letter.reason, letter.items) for letter in letters] == [(20, Reason.TOO_LARGE, 1)]


def test_a_shard_that_stands_still_is_an_incident_that_pages(system: System) -> None:
    """A stopped process answers nothing; within seconds somebody is paged, and the slot goes on after its restart."""
    before = system.running.counted(system.topic)
    pid = system.shard()
    os.kill(pid, signal.SIGSTOP)
    assert system.pages() == []
    try:
        system.send(30)
        until("the page", lambda: any("aiops-runtime" in json.dumps(page) for page in system.pages()), 60)
        until("a new process reads on", lambda: system.running.counted(system.topic) == before + 30, 90)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    assert system.running.difference() == 0
