from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aiops.adapters.encryption import encode_letter, open_seal
from aiops.cli import dead_letters
from aiops.cli.dead_letters import app
from aiops.cli.exits import Exit
from aiops.cli.topic_records import TopicRecord
from aiops.kafka_security import KafkaSecurity
from aiops.model.deadletters import DeadLetter, DeadLetterReason
from aiops.model.errors import PermanentError
from aiops.model.prose import Prose
from aiops.model.records import OutRecord
from tests.unit.cli.commands import NOW, call

FIRST = DeadLetter(
    "aiops.tickets", 2, 7, DeadLetterReason.SCHEMA_MISMATCH, 1, (0,), NOW, b"ann@example.org", headers=(("h", b"1"),),
    record_key=b"k", detail=Prose("title: missing\x1b[31m"),
)  # fmt: skip
SECOND = replace(
    FIRST, topic="otlp_metrics", offset=8, reason=DeadLetterReason.BAD_TIME, at=NOW + 10**9, detail=Prose("")
)


class Written:
    """A producer that keeps what it was given."""

    records: list[OutRecord]

    def __init__(self, bootstrap: str, max_bytes: int, *, security: KafkaSecurity) -> None:
        Written.records = []
        self.bootstrap = bootstrap

    def send(self, records: Iterable[OutRecord]) -> None:
        Written.records += records

    def flush(self) -> None: ...

    def close(self) -> None: ...


@pytest.fixture
def topic(state: Path, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The topic's records: two letters, the first twice, and one that is no letter."""
    seal = open_seal(state)
    values = [encode_letter(one, seal, "dead").value for one in (FIRST, SECOND, FIRST)] + [b"garbage"]

    def kept(settings: object, name: str) -> Iterator[TopicRecord]:
        assert name == "aiops.dead-letters"
        yield from (TopicRecord(f"{name}/0/{n}", value) for n, value in enumerate(values))

    monkeypatch.setattr(dead_letters, "kept", kept)
    monkeypatch.setattr(dead_letters, "KafkaPythonProducer", Written)
    monkeypatch.setenv("AIOPS_KAFKA", "broker:9092")
    return values


@pytest.mark.usefixtures("topic")
def test_a_list_has_each_letter_once_and_nothing_of_its_content() -> None:
    """Oldest first, masked, without what a terminal obeys; what is no letter is told beside it."""
    ended = call(app, "list")
    assert ended.code == Exit.OK
    lines = ended.out.splitlines()
    assert lines[0] == "2023-11-14 22:13:20  aiops.tickets/2/7/schema-mismatch  1 items, 15 bytes"
    assert "title: missing\ufffd[31m" in lines[1]
    assert lines[-1] == "2 in all: 1 schema-mismatch, 1 bad-time"
    assert "ann@" not in ended.out
    assert "aiops: aiops.dead-letters/0/3: the record is no dead letter of ours" in ended.err


@pytest.mark.usefixtures("topic")
@pytest.mark.parametrize(
    ("words", "keys"),
    [
        (("--reason", "bad-time"), ["otlp_metrics/2/8/bad-time"]),
        (("--topic", "aiops.tickets"), ["aiops.tickets/2/7/schema-mismatch"]),
        (("--limit", "1"), ["otlp_metrics/2/8/bad-time"]),
        (("--reason", "bad-time", "--topic", "aiops.tickets"), []),
    ],
)
def test_a_list_is_chosen(words: tuple[str, ...], keys: list[str]) -> None:
    """By reason, by topic, and the newest so many; JSON also counts what is not shown."""
    told = call(app, "list", *words, "--json").json
    assert [one["key"] for one in told["shown"]] == keys
    assert told["dead_letters"] == (2 if "--limit" in words else len(keys))


def test_an_empty_topic_is_no_error(topic: list[bytes]) -> None:
    """Nothing went wrong yet."""
    topic.clear()
    assert (call(app, "list").out, call(app, "list", "--json").json) == (
        "no dead letters\n",
        {"dead_letters": 0, "shown": []},
    )


def test_a_hostile_time_does_not_end_the_list(topic: list[bytes]) -> None:
    """Whoever may write to the topic may write any number: it is shown as the latest time that there is."""
    record = json.loads(topic[0])
    record["data"]["at"] = 10**30
    topic[0] = topic[2] = json.dumps(record).encode()
    ended = call(app, "list")
    assert ended.code == Exit.OK
    assert "2262-04-11 23:47:16  aiops.tickets/2/7/schema-mismatch" in ended.out


@pytest.mark.usefixtures("topic")
def test_one_is_shown_masked_or_revealed() -> None:
    """The original only when it is asked for."""
    key = "aiops.tickets/2/7/schema-mismatch"
    assert "ann@" not in call(app, "show", key).out
    assert "original   ann@example.org" in call(app, "show", key, "--reveal").out
    told = call(app, "show", key, "--reveal", "--json").json
    assert (told["key"], told["original"], told["reason"]) == (key, "ann@example.org", "schema-mismatch")


@pytest.mark.usefixtures("topic")
@pytest.mark.parametrize("command", ["show", "retry"])
def test_a_key_that_is_none_is_exit_code_one(command: str) -> None:
    """With the command that lists the keys."""
    ended = call(app, command, "a/0/0/bad-time")
    assert (ended.code, ended.out) == (Exit.NO, "")
    assert "no dead letter 'a/0/0/bad-time'; see: aiops dead-letters list" in ended.err


@pytest.mark.usefixtures("topic")
def test_another_try_writes_the_record_as_it_was() -> None:
    """Key, headers, bytes and partition; the second of two equal letters is the same record."""
    ended = call(app, "retry", "aiops.tickets/2/7/schema-mismatch", "--json")
    assert ended.json["result"] == "15 bytes written to aiops.tickets/2 again"
    assert Written.records == [OutRecord("aiops.tickets", b"k", b"ann@example.org", (("h", b"1"),), 2)]


def test_a_cut_letter_is_not_written(state: Path, topic: list[bytes]) -> None:
    """Half a record would be another dead letter."""
    topic[:] = [encode_letter(replace(FIRST, cut=True), open_seal(state), "dead").value]
    ended = call(app, "retry", "aiops.tickets/2/7/schema-mismatch")
    assert isinstance(ended.error, PermanentError)
    assert "was cut to" in str(ended.error)


@pytest.mark.parametrize("key", [None, bytes(32)])
def test_without_the_right_key_nothing_is_revealed(state: Path, topic: Any, key: bytes | None) -> None:
    """A state folder without the key, and one with another key."""
    (state / "sealing.key").unlink()
    if key is not None:
        (state / "sealing.key").write_bytes(key)
    ended = call(app, "show", "otlp_metrics/2/8/bad-time", "--reveal")
    assert isinstance(ended.error, PermanentError)
    assert "ann" not in ended.out
    assert ("sealing.key is not there" in str(ended.error)) == (key is None)
