"""Records on their way to the agent: noted while they are in progress, and set aside where they killed the shard."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from aiops.adapters.attempts import FileAttempts
from aiops.adapters.record_processing import process
from aiops.adapters.shard_parts import ShardParts
from aiops.model.errors import TemporaryError
from aiops.model.records import FetchedRecords, OutRecord, TopicPartition
from tests.unit.adapters.test_shard import Agent, Clock, Consumer, Killed, Log, Producer, Store

RECORDS = FetchedRecords(TopicPartition("t", 0), [0, 1, 2], [b"a", b"b", b"c"], [None] * 3, [0] * 3)


class Deadly(Producer):
    """Ends the process when it sends what came of a record."""

    def send(self, records: Iterable[OutRecord]) -> None:
        sent = list(records)
        if any(record.value == b"b" for record in sent):
            raise Killed
        super().send(sent)


class Away(Producer):
    """Has no broker."""

    def send(self, records: Iterable[OutRecord]) -> None:
        raise TemporaryError("the broker is away")


def processed(folder: Path, producer: Producer) -> list[bytes]:
    """What is sent for the records by a new process of the shard."""
    attempts = FileAttempts(folder)
    attempts.adopt(0)
    agent = Agent()
    agent.adopt(0, 1, [])
    process(RECORDS, ShardParts(Consumer(producer.log), producer, Store(), agent, Clock(), attempts=attempts))
    return producer.waiting


def test_records_go_through_together(tmp_path: Path) -> None:
    """In their order."""
    assert processed(tmp_path, Producer(Log())) == [b"a", b"b", b"c"]


def test_what_killed_the_shard_twice_becomes_a_dead_letter(tmp_path: Path) -> None:
    """After one death in the batch and one in the record; the records beside it are processed, in the same order."""
    for _ in range(2):
        with pytest.raises(Killed):
            processed(tmp_path, Deadly(Log()))
    assert processed(tmp_path, Deadly(Log())) == [b"a", b"unread b", b"c"]


def test_an_error_that_passes_makes_no_suspect(tmp_path: Path) -> None:
    """Nobody died of the records when the broker was away."""
    for _ in range(3):
        with pytest.raises(TemporaryError):
            processed(tmp_path, Away(Log()))
    assert processed(tmp_path, Producer(Log())) == [b"a", b"b", b"c"]
