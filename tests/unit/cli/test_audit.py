from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import update

from aiops.adapters.checkpoint_signatures import encode, signing_key
from aiops.adapters.journal.journal import SqlJournal
from aiops.adapters.journal.reader import SqlJournalReader
from aiops.adapters.journal.tables import ENTRY
from aiops.cli import audit
from aiops.cli.audit import app
from aiops.cli.exits import Exit
from aiops.cli.topic_records import TopicRecord
from aiops.control.record.audit_chain import Checkpoint, sign
from aiops.model.errors import PermanentError, TemporaryError
from tests.unit.cli.commands import INCIDENT, NOW, call, journal_of

MORE = tuple(replace(INCIDENT, id=f"INC-{n}") for n in range(2, 5))


@pytest.fixture
def journal(state: Path) -> SqlJournal:
    """Four entries, by a runtime that has its key."""
    signing_key(state)
    return journal_of(state, INCIDENT, *MORE)


def checkpoint(journal: SqlJournal, number: int = 4, **fields: object) -> Checkpoint:
    """What the journal's entry of this number was when it was published."""
    row = SqlJournalReader(journal.engine).rows()[number - 1]
    return replace(Checkpoint("main", row.number, row.digest, NOW), **fields)  # type: ignore[arg-type]


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Records of the audit topic; the test fills them in."""
    values: list[bytes] = []

    def kept(settings: object, name: str) -> Iterator[TopicRecord]:
        yield from (TopicRecord(f"{name}/0/{n}", value) for n, value in enumerate(values))

    monkeypatch.setattr(audit, "kept", kept)
    return values


def published(one: Checkpoint, key: Ed25519PrivateKey) -> bytes:
    return encode(sign(one, key), "aiops.audit").value


def test_a_whole_record_holds_its_checkpoints(state: Path, journal: SqlJournal, topic: list[bytes]) -> None:
    """Two of our own are held; what others wrote to the topic proves nothing and breaks nothing."""
    key = signing_key(state)
    topic += [published(checkpoint(journal, 2), key), published(checkpoint(journal), key)]
    topic += [b"garbage", published(checkpoint(journal), Ed25519PrivateKey.generate())]
    topic += [published(checkpoint(journal, domain="shop", digest="0" * 64), key)]
    ended = call(app, "verify")
    assert ended.code == Exit.OK
    assert ended.out == (
        "whole: 4 entries, and matches 2 signed checkpoints, the newest at 4; "
        "2 records of the topic are not signed with this key\n"
    )
    told = call(app, "verify", "--json").json
    assert (told["whole"], told["rows"], told["checkpoint"], told["checkpoints"], told["foreign"]) == (True, 4, 4, 2, 2)


def test_without_a_checkpoint_it_says_what_does_not_show(journal: SqlJournal, topic: list[bytes]) -> None:
    """The chain alone cannot show a cut at the end."""
    ended = call(app, "verify")
    assert ended.code == Exit.OK
    assert ended.out == (
        "whole: 4 entries; not compared with a checkpoint, so a cut at the end would not show: "
        "none is on aiops.audit yet\n"
    )


def test_an_edited_entry_is_named(journal: SqlJournal, topic: list[bytes]) -> None:
    """The first bad entry, in words and as JSON, with exit code 1."""
    with journal.engine.begin() as connection:
        connection.execute(update(ENTRY).where(ENTRY.c.number == 3).values(event='{"innocent": 1}'))
    ended = call(app, "verify")
    assert ended.code == Exit.NO
    assert "at entry 3: " in ended.out
    told = call(app, "verify", "--json")
    assert (told.code, told.json["whole"], told.json["number"]) == (Exit.NO, False, 3)


def test_a_journal_that_was_built_anew_is_found(state: Path, journal: SqlJournal, topic: list[bytes]) -> None:
    """The chain is whole, but the published digest of entry 2 is another."""
    topic.append(published(checkpoint(journal, 2, digest="0" * 64), signing_key(state)))
    ended = call(app, "verify", "--json")
    assert (ended.code, ended.json["number"]) == (Exit.NO, 2)


def test_only_foreign_checkpoints_are_a_forgery(state: Path, journal: SqlJournal, topic: list[bytes]) -> None:
    """Somebody published, and none of it is signed with our key."""
    topic.append(published(checkpoint(journal), Ed25519PrivateKey.generate()))
    ended = call(app, "verify", "--json")
    assert (ended.code, ended.json["fault"], ended.json["foreign"]) == (Exit.NO, "forged", 1)


@pytest.mark.parametrize("error", [TemporaryError("broker gone"), PermanentError("which Kafka?")])
def test_a_kafka_that_does_not_answer_leaves_the_chain(
    journal: SqlJournal, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """What can be checked is checked, and the rest is said."""

    def kept(settings: object, name: str) -> Iterator[TopicRecord]:
        raise error

    monkeypatch.setattr(audit, "kept", kept)
    ended = call(app, "verify", "--json")
    assert (ended.code, ended.json["why_no_checkpoint"]) == (Exit.OK, str(error))


def test_a_checkpoint_without_its_key_is_not_taken_for_signed(
    tmp_path: Path, state: Path, journal: SqlJournal, topic: list[bytes]
) -> None:
    """The digest is held, and that the signature was not checked is said."""
    file = tmp_path / "c.json"
    file.write_bytes(published(checkpoint(journal), signing_key(state)))
    (state / "audit.key").unlink()
    ended = call(app, "verify", "--checkpoint", str(file))
    assert (ended.code, "its signature was not checked: give --public-key" in ended.out) == (Exit.OK, True)


@pytest.mark.parametrize(
    "content", [None, b"", b"no key", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"]
)
def test_a_key_file_that_is_none_is_named(tmp_path: Path, journal: SqlJournal, content: bytes | None) -> None:
    """Missing, empty, text, and PEM around nonsense."""
    file = tmp_path / "key.pem"
    if content is not None:
        file.write_bytes(content)
    ended = call(app, "verify", "--public-key", str(file))
    assert isinstance(ended.error, PermanentError)
    assert str(ended.error).startswith(f"{file}: ")


def test_a_key_of_another_kind_is_refused(tmp_path: Path, journal: SqlJournal) -> None:
    """Checkpoints are signed with Ed25519."""
    file = tmp_path / "key.pem"
    public = generate_private_key(SECP256R1()).public_key()
    file.write_bytes(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    ended = call(app, "verify", "--public-key", str(file))
    assert str(ended.error) == f"{file}: not an Ed25519 key"


def test_the_public_key_checks_what_this_runtime_signs(
    tmp_path: Path, state: Path, journal: SqlJournal, topic: list[bytes]
) -> None:
    """What `key` prints, given to `verify` elsewhere, accepts a checkpoint and refuses a changed one."""
    pem = tmp_path / "key.pem"
    pem.write_text(call(app, "key").out)
    file = tmp_path / "c.json"
    good = published(checkpoint(journal), signing_key(state))
    file.write_bytes(good)
    words = ("verify", "--checkpoint", str(file), "--public-key", str(pem))
    assert call(app, *words).code == Exit.OK
    file.write_bytes(good.replace(b'"number":4', b'"number":3'))
    assert call(app, *words, "--json").json["fault"] == "forged"
