from __future__ import annotations

from collections.abc import Mapping

import pytest

from aiops.adapters import ledger_report
from aiops.adapters.kafka.topics import TopicState
from aiops.adapters.ledger_report import difference
from aiops.control.record.ledger import LedgerReport
from aiops.model.codec import adapter
from aiops.model.ledger import Ending, LedgerLine
from aiops.model.records import TopicPartition
from aiops.settings import Settings


def _status(next_offset: int, end: int, items: int) -> dict[str, object]:
    line = LedgerLine("aiops.metrics.arrow", 0, next_offset, items, {Ending.LEARNED: next_offset}, 0, 0, next_offset)
    shown = adapter(LedgerLine).dump_python(line, mode="json")
    return {"shards": [{"ledger": [shown], "bounds": {"aiops.metrics.arrow/0": (0, end)}}], "orchestration": {}}


def test_a_shard_that_read_on_since_it_looked_at_the_end_makes_no_difference() -> None:
    """Ends are looked at every few seconds, the ledger is newer; while data flows that is no trouble."""
    assert difference(Settings(), _status(next_offset=20, end=15, items=20)) == 0
    assert difference(Settings(), _status(next_offset=20, end=25, items=20)) == 0


def test_what_ended_nowhere_is_a_difference_still() -> None:
    """One unit of which nobody says how it ended."""
    assert difference(Settings(), _status(next_offset=20, end=15, items=21)) == 1


class Broker:
    """The broker's topics and offsets: four records in each of six partitions of one topic."""

    topic_id = "new"

    def __init__(self, *_: object, **__: object) -> None:
        self.places: list[TopicPartition] = []

    def describe(self, names: list[str]) -> list[TopicState]:
        return [TopicState(name, 6, self.topic_id) for name in names if name == "otlp_logs"]

    def assign(self, positions: Mapping[TopicPartition, int | None]) -> None:
        self.places = list(positions)

    def bounds(self) -> dict[TopicPartition, tuple[int, int]]:
        return dict.fromkeys(self.places, (0, 4))

    def close(self) -> None: ...


def report(monkeypatch: pytest.MonkeyPatch, origin: tuple[str, int], line: LedgerLine) -> LedgerReport:
    """The account of one partition's line, against the broker."""
    monkeypatch.setattr(ledger_report, "KafkaTopics", Broker)
    monkeypatch.setattr(ledger_report, "KafkaPythonConsumer", Broker)
    part = {"ledger": [adapter(LedgerLine).dump_python(line, mode="json")], "origins": {"otlp_logs/0": origin}}
    found = ledger_report.account(Settings(), {"at": 1, "kafka": "broker:9092", "shards": [part], "orchestration": {}})
    assert found.checked
    return found.report


def after_a_new_topic(next_offset: int) -> LedgerLine:
    """Ten records of the old topic, the range up to 21 lost, then the new topic's."""
    read = 10 + next_offset - 21
    endings = {Ending.LEARNED: read, Ending.LOST_TO_RETENTION: 11}
    return LedgerLine("otlp_logs", 0, read, read + 11, endings, 0, 0, next_offset, lost_offsets=11)


def test_the_brokers_offsets_are_shifted_as_the_runtimes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A topic that was made anew: two of its four records are read, two are in flight."""
    found = report(monkeypatch, ("new", 21), after_a_new_topic(23)).partitions[0]

    assert (found.difference, found.in_flight, found.why) == (0, 2, ())


def test_a_new_topic_that_the_runtime_has_not_noticed_yet_is_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The offsets of two topics say nothing about each other."""
    found = report(monkeypatch, ("old", 0), after_a_new_topic(21)).partitions[0]

    assert (found.difference, found.in_flight) == (0, 0)


def test_partitions_beyond_the_slots_are_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four slots read partitions 0 to 3; those of 4 and 5 end nowhere."""
    found = report(monkeypatch, ("new", 21), after_a_new_topic(25))

    assert [(part.source.partition, part.difference) for part in found.partitions if part.difference] == [
        (4, 4),
        (5, 4),
    ]
    assert found.difference == 8
    assert found.partitions[-1].why == ("no slot reads this partition: kafka.partitions is 4",)
