from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from aiops.adapters import control_records
from aiops.adapters.control_records import ControlTopics, control_places
from aiops.adapters.encryption import Seal
from aiops.adapters.kafka.topics import TopicState
from aiops.kafka_security import KafkaSecurity
from aiops.model.cloudevents import encode, of_change, of_item
from aiops.model.deadletters import DeadLetter, DeadLetterReason
from aiops.model.entities import Edge, Item
from aiops.model.errors import TemporaryError
from aiops.model.events import ChangeReported, Event, ItemReported
from aiops.model.prose import NOTHING, Prose
from aiops.model.records import FetchedRecords, TopicPartition
from aiops.model.reports import Change
from aiops.settings import Settings

PLACE = TopicPartition("aiops.changes", 3)
AT = 1_700_000_000_000_000_000
SEAL = Seal(bytes(32))
CHANGE = Change("c1", "cart", AT, "deploy", Prose("version 7"), author="ann@example.org")


def read(value: bytes, **fields: Any) -> tuple[tuple[Event, ...], DeadLetter | None]:
    """What one record says; it stands second in its batch, at offset 8."""
    settings = Settings.model_validate(
        {"data": {"dead_letter_bytes": fields.pop("kept", 1024)}, **fields.pop("own", {})}
    )
    headers = fields.pop("headers", None)
    records = FetchedRecords(
        PLACE,
        (7, 8),
        (b"first", value),
        (None, fields.pop("key", b"cart")),
        (1, AT - 5),
        () if headers is None else ((), headers),
    )
    return ControlTopics(settings, SEAL)(records, 1, AT + 1_000_000_000)


def test_a_record_becomes_its_event() -> None:
    """The time is that of the receipt, and the author's name a keyed digest."""
    (event,), buried = read(encode(of_change(CHANGE)))
    assert buried is None
    assert isinstance(event, ChangeReported)
    assert (event.at, event.change.entity, event.change.at) == (AT + 1_000_000_000, "cart", AT)
    assert event.change.author == SEAL.pseudonym("ann@example.org")


def test_an_item_brings_its_edges() -> None:
    """Both in one event."""
    (event,), _ = read(encode(of_item(Item("web"), (Edge("web", "cart"),), AT)))
    assert isinstance(event, ItemReported)
    assert [(edge.source, edge.target) for edge in event.edges] == [("web", "cart")]


def test_what_cannot_be_used_is_a_dead_letter_with_its_place() -> None:
    """Topic, partition, offset and the broker's time of the record itself, not of its batch."""
    events, letter = read(b"\xff", headers=(("from", b"ci"),))
    assert events == ()
    assert letter == DeadLetter(
        "aiops.changes",
        3,
        8,
        DeadLetterReason.UNDECODABLE,
        items=1,
        places=(0,),
        at=AT - 5,
        original=b"\xff",
        headers=(("from", b"ci"),),
        record_key=b"cart",
        detail=letter.detail if letter else NOTHING,
    )


def test_another_domains_record_is_refused() -> None:
    """Both names are told; the other runtime reads it for itself."""
    _, letter = read(encode(of_change(CHANGE)), own={"domain": "shop"})
    assert letter is not None
    assert (letter.reason, letter.domain) == (DeadLetterReason.UNSUPPORTED, "shop")
    assert letter.detail == "it belongs to domain 'main', and this is 'shop'"


def test_the_original_is_cut() -> None:
    """No more of a record is kept than the settings allow: value, key and headers each."""
    _, letter = read(b"x" * 1025, kept=1024, key=b"k" * 1025, headers=(("a", b"1"), ("b", b"x" * 2000), ("c", b"2")))
    assert letter is not None
    assert (len(letter.original), letter.cut, letter.record_key, letter.headers) == (1024, True, None, (("a", b"1"),))
    _, whole = read(b"x" * 1024, kept=1024, key=None)
    assert whole is not None
    assert (whole.cut, whole.record_key, whole.headers) == (False, None, ())


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"{", DeadLetterReason.UNDECODABLE),
        (b"[]", DeadLetterReason.SCHEMA_MISMATCH),
        (b'{"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": {}}', DeadLetterReason.UNSUPPORTED),
        (b" " * (1024 * 1024 + 1), DeadLetterReason.TOO_LARGE),
        (b'{"specversion": "1.0"}', DeadLetterReason.MISSING_FIELD),
    ],
)
def test_reasons(value: bytes, reason: DeadLetterReason) -> None:
    """Each kind of broken record has its own reason."""
    _, letter = read(value)
    assert letter is not None
    assert letter.reason is reason
    assert letter.detail


def test_a_tombstone_says_nothing() -> None:
    """The empty value that compaction needs is neither an event nor a dead letter."""
    assert read(b"") == ((), None)


@examples(max_examples=50)
@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(value: bytes) -> None:
    """Whatever arrives: events or one dead letter, never both."""
    events, letter = read(value)
    assert not (events and letter)


class FakeTopics:
    """A broker with these topics."""

    found: tuple[TopicState, ...] = ()
    closed = 0

    def __init__(self, bootstrap: str, *, security: KafkaSecurity) -> None:
        self.bootstrap, self.security = bootstrap, security

    def describe(self, names: list[str]) -> list[TopicState]:
        return [topic for topic in self.found if topic.name in names]

    def close(self) -> None:
        FakeTopics.closed += 1


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> type[FakeTopics]:
    monkeypatch.setattr(control_records, "KafkaTopics", FakeTopics)
    monkeypatch.setattr(FakeTopics, "closed", 0)
    return FakeTopics


def test_every_partition_of_every_control_topic(broker: type[FakeTopics], monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as the broker has, whoever created the topic."""
    control = Settings().topics.control
    monkeypatch.setattr(broker, "found", tuple(TopicState(name, n + 1) for n, name in enumerate(control)))
    found = control_places(Settings(), "broker:9092")
    assert found == tuple(TopicPartition(name, p) for n, name in enumerate(control) for p in range(n + 1))
    assert broker.closed == 1


def test_a_topic_that_is_missing_may_come(broker: type[FakeTopics], monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary error with the names: whoever creates topics may be about to; the connection is closed."""
    first, *rest = Settings().topics.control
    monkeypatch.setattr(broker, "found", (TopicState(first, 1),))
    with pytest.raises(TemporaryError) as raised:
        control_places(Settings(), "broker:9092")
    assert all(name in str(raised.value) for name in rest)
    assert first not in str(raised.value).split(": ")[1].split(", ")
    assert broker.closed == 1
