"""What the doctor says about Kafka: no broker yet, records without keys, clocks that are ahead."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from aiops.adapters.clock import SystemClock
from aiops.adapters.kafka.consumer import KafkaPythonConsumer
from aiops.adapters.status_file import write_status
from aiops.apps.doctor_findings import Level
from aiops.apps.doctor_kafka import _SAMPLE, _newest, _unkeyed, check_kafka
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.settings import DataPlane, Kafka, Settings

PLACE = TopicPartition("otlp_metrics", 0)


@dataclass
class Consumer:
    """A topic of records that are given out a few at a time."""

    ends: dict[TopicPartition, tuple[int, int]]
    at_once: int = 50
    stuck: bool = False
    place: dict[TopicPartition, int] = field(default_factory=dict)
    polls: int = 0

    def assign(self, positions: Mapping[TopicPartition, int | None]) -> None:
        self.place = {place: self.ends[place][0] if at is None else at for place, at in positions.items()}

    def bounds(self) -> dict[TopicPartition, tuple[int, int]]:
        return {place: self.ends[place] for place in self.place}

    def positions(self) -> dict[TopicPartition, int]:
        return dict(self.place)

    def poll(self, seconds: float, most: int) -> list[FetchedRecords]:
        del seconds, most
        self.polls += 1
        found = []
        for place, at in self.place.items():
            end = min(self.ends[place][1], at + (0 if self.stuck else self.at_once))
            if end > at:
                offsets = list(range(at, end))
                none = [None] * len(offsets)
                found.append(FetchedRecords(place, offsets, [b""] * len(offsets), none, [1] * len(offsets)))
                self.place[place] = end
        return found


def newest(consumer: Consumer) -> list[FetchedRecords]:
    """The newest records of all partitions."""
    return _newest(cast("KafkaPythonConsumer", consumer), list(consumer.ends))


def settings(folder: Path, shards: int = 2, **kafka: Any) -> Settings:
    """An installation with a fleet."""
    return Settings(state=folder, data=DataPlane(shards=shards), kafka=Kafka(**kafka))


def status(folder: Path, *, forwarded: int) -> None:
    """A runtime that has read 100 units, some of which went to other slots."""
    line = {
        "topic": "otlp_metrics", "partition": 0, "records": 10, "items": 100, "endings": {"learned": 100 - forwarded},
        "forwarded": forwarded, "first_offset": 0, "next_offset": 10,
    }  # fmt: skip
    write_status(folder, {"at": 1, "shards": [{"shard": 0, "ledger": [line]}], "orchestration": {}})


# --------------------------------------------------------------------------------------------------------- a broker


def test_an_embedded_broker_that_does_not_run_is_in_order(tmp_path: Path) -> None:
    """`aiops up` starts it; nothing is made by looking."""
    (found,) = check_kafka(settings(tmp_path / "state"), SystemClock())
    assert (found.level, found.what) == (Level.OK, "embedded, not running; aiops up starts it")
    assert not (tmp_path / "state").exists()


def test_a_client_that_is_not_installed_fails_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the broker is asked anything."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    first = next(check_kafka(settings(tmp_path, client="confluent"), SystemClock()))
    assert (first.level, first.do) == (Level.FAIL, "pip install 'aiops[fast]'")


# ------------------------------------------------------------------------------------------------------------- keys


def test_without_keys_a_fleet_pays_twice(tmp_path: Path) -> None:
    """With how much it costs here, and what to set in the Collector."""
    status(tmp_path, forwarded=60)
    found = _unkeyed(settings(tmp_path), "otlp_metrics", 0.5)
    assert found.level is Level.WARN
    assert found.what == (
        "50% of the newest records of otlp_metrics have no key: keying would save 60 of 100 units a second way "
        "through Kafka"
    )
    assert "partition_metrics_by_resource_attributes" in found.do


def test_with_one_shard_keys_change_nothing(tmp_path: Path) -> None:
    """Also before the runtime ever ran."""
    found = _unkeyed(settings(tmp_path, shards=1), "otlp_metrics", 1.0)
    assert (found.level, found.what) == (
        Level.OK,
        "100% of the newest records of otlp_metrics have no key; with one shard that costs nothing",
    )


def test_a_fleet_that_has_forwarded_nothing_yet_is_warned(tmp_path: Path) -> None:
    """It will."""
    found = _unkeyed(settings(tmp_path), "otlp_metrics", 1.0)
    assert (found.level, found.what.endswith("have no key")) == (Level.WARN, True)


def test_other_topics_do_not_count(tmp_path: Path) -> None:
    """Each topic is keyed by its own exporter."""
    status(tmp_path, forwarded=60)
    assert "would save" not in _unkeyed(settings(tmp_path), "otlp_logs", 1.0).what


# --------------------------------------------------------------------------------------------------- newest records


def test_only_the_end_of_a_large_topic_is_read() -> None:
    """A topic of a day would take an hour."""
    consumer = Consumer({PLACE: (1_000, 1_000_000)})
    offsets = [offset for records in newest(consumer) for offset in records.offsets]
    assert offsets == list(range(1_000_000 - _SAMPLE, 1_000_000))


def test_a_small_topic_is_read_whole() -> None:
    """And an empty one not at all."""
    consumer = Consumer({PLACE: (7, 10), TopicPartition("otlp_logs", 0): (0, 0)})
    assert [offset for records in newest(consumer) for offset in records.offsets] == [7, 8, 9]


def test_no_partition_is_nothing_to_read() -> None:
    """The topics are missing."""
    consumer = Consumer({})
    assert newest(consumer) == []
    assert consumer.polls == 0


def test_a_broker_that_gives_nothing_does_not_hold_the_doctor() -> None:
    """It gives up after some polls and tells what it has."""
    consumer = Consumer({PLACE: (0, 10)}, stuck=True)
    assert newest(consumer) == []
    assert 0 < consumer.polls <= 50
