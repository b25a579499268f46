from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from aiops.adapters.kafka.topics import TopicState
from aiops.cli import topic_records
from aiops.cli.topic_records import TopicRecord, kafka_of, kept
from aiops.kafka_security import KafkaSecurity
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.settings import Settings
from tests.unit.cli.commands import status_of

HERE = Settings.model_validate({"kafka": {"bootstrap": "broker:9092"}})


class FakeTopics:
    """A broker with one topic of two partitions."""

    def __init__(self, bootstrap: str, *, patient: bool = True, security: KafkaSecurity) -> None:
        assert (bootstrap, patient, security) == ("broker:9092", False, HERE.kafka)

    def describe(self, names: list[str]) -> list[TopicState]:
        return [TopicState(name, 2) for name in names if name == "dead"]

    def close(self) -> None: ...


class FakeConsumer:
    """Two records in partition 0, one of them removed; more arrives while it is read."""

    closed = 0
    error: TemporaryError | None = None

    def __init__(self, bootstrap: str, group: str, *, security: KafkaSecurity) -> None:
        assert security == HERE.kafka
        self.group = group
        self.at: dict[TopicPartition, int] = {}
        self.polls = 0

    def assign(self, positions: Mapping[TopicPartition, int | None]) -> None:
        self.at = {place: 4 if place.partition == 0 else 0 for place in positions}

    def bounds(self) -> dict[TopicPartition, tuple[int, int]]:
        return {place: (4, 7) if place.partition == 0 else (0, 0) for place in self.at}

    def positions(self) -> dict[TopicPartition, int]:
        return dict(self.at)

    def poll(self, timeout_seconds: float, max_bytes: int) -> list[FetchedRecords]:
        if self.error:
            raise self.error
        self.polls += 1
        if self.polls == 1:
            return []
        place = TopicPartition("dead", 0)
        self.at[place] = 9
        return [FetchedRecords(place, (4, 6, 8), (b"a", b"b", b"new"), (None,) * 3, (0,) * 3)]

    def close(self) -> None:
        FakeConsumer.closed += 1


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(topic_records, "KafkaTopics", FakeTopics)
    monkeypatch.setattr(topic_records, "KafkaPythonConsumer", FakeConsumer)
    monkeypatch.setattr(FakeConsumer, "closed", 0)
    return FakeConsumer


def test_every_record_with_its_place() -> None:
    """In the topic's order; it ends though records go on arriving, and the connection is closed."""
    assert list(kept(HERE, "dead")) == [
        TopicRecord("dead/0/4", b"a"),
        TopicRecord("dead/0/6", b"b"),
        TopicRecord("dead/0/8", b"new"),
    ]
    assert FakeConsumer.closed == 1


def test_a_topic_that_is_not_there_is_empty() -> None:
    """Nothing was ever written to it."""
    assert list(kept(HERE, "missing")) == []


def test_a_broker_that_goes_away_is_told_and_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error passes and the connection is closed."""
    monkeypatch.setattr(FakeConsumer, "error", TemporaryError("gone"))
    with pytest.raises(TemporaryError, match="gone"):
        list(kept(HERE, "dead"))
    assert FakeConsumer.closed == 1


def test_a_reader_that_stops_early_closes_the_connection() -> None:
    """Whoever has found what it looked for ends the reading."""
    found = kept(HERE, "dead")
    assert next(found).value == b"a"
    found.close()  # type: ignore[attr-defined]
    assert FakeConsumer.closed == 1


def test_the_settings_broker_wins_over_the_last_one(state: Path) -> None:
    """Without settings it is the one that the runtime last used; a broken status does not matter where one is set."""
    status_of(state, kafka="127.0.0.1:19092")
    assert kafka_of(Settings(state=state)) == "127.0.0.1:19092"
    assert kafka_of(HERE.model_copy(update={"state": state})) == "broker:9092"
    (state / "status.json").write_text("broken")
    assert kafka_of(HERE.model_copy(update={"state": state})) == "broker:9092"


def test_where_nobody_knows_which_kafka_it_says_how_to_name_one(state: Path) -> None:
    """Neither settings nor a status, or a status without an address."""
    with pytest.raises(PermanentError, match="AIOPS_KAFKA=host:port"):
        kafka_of(Settings(state=state))
    status_of(state)
    with pytest.raises(PermanentError, match="AIOPS_KAFKA=host:port"):
        kafka_of(Settings(state=state))
