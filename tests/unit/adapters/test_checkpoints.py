"""Checkpoints are signed over what goes on from the last one, and over nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from aiops.adapters.checkpoint_signatures import KEY, decode, encode, public_key, signing_key
from aiops.adapters.checkpoints import LAST, CheckpointPublisher, Signing
from aiops.control.record.audit_chain import AuditFault, signed, verify
from aiops.driver.memory_journal import MemoryJournal
from aiops.model.errors import PermanentError, TemporaryError
from aiops.model.journal import JournalEntry, JournalRow, Transaction
from aiops.model.records import OutRecord
from aiops.ports import ORCHESTRATOR


@dataclass
class FakeProducer:
    """Keeps what it was given; ``down``: nothing is acknowledged."""

    sent: list[OutRecord] = field(default_factory=list)
    down: bool = False

    def send(self, records: Iterable[OutRecord]) -> None:
        self.sent += records

    def flush(self, timeout_seconds: float = 30.0) -> None:
        if self.down:
            self.sent.clear()
            raise TemporaryError("no broker", 1.0)

    def close(self) -> None: ...


class FakeClock:
    def now(self) -> int:
        return 7


def decided(journal: MemoryJournal, count: int, domain: str = "main") -> None:
    """So many entries more."""
    begun = len(journal.rows(limit=10_000, domain=domain))
    entries = tuple(JournalEntry(f"e{n}", n, "tick", "INC-1", "", "{}", "[]") for n in range(begun, begun + count))
    journal.commit([Transaction(domain, journal.claim(ORCHESTRATOR, "test", domain), entries)])


@pytest.fixture
def journal() -> MemoryJournal:
    made = MemoryJournal()
    decided(made, 600)
    return made


def publisher(folder: Path, journal: MemoryJournal, producer: FakeProducer) -> CheckpointPublisher:
    signing = Signing("main", "aiops.audit", folder, signing_key(folder))
    return CheckpointPublisher(signing, journal, producer, clock=FakeClock())


def test_what_is_published_vouches_for_the_newest_entry(tmp_path: Path, journal: MemoryJournal) -> None:
    """Signed with the folder's key, over more than one page of entries; nothing twice; a later one goes on from it."""
    producer = FakeProducer()
    one = publisher(tmp_path, journal, producer)
    one.publish()
    one.publish()
    decided(journal, 3)
    one.publish()

    found = [decode(record.value) for record in producer.sent]
    assert [(point.number, point.at) for point in found] == [(600, 7), (603, 7)]
    assert {record.topic for record in producer.sent} == {"aiops.audit"}
    assert {record.key for record in producer.sent} == {b"main"}
    assert all(signed(point, public_key(tmp_path)) for point in found)
    assert one.number == 603
    assert verify(journal.rows(limit=10_000), found, public_key(tmp_path)).fault is None


def test_a_new_process_goes_on_from_the_last(tmp_path: Path, journal: MemoryJournal) -> None:
    """The newest checkpoint is kept beside the key; it is not published again."""
    producer = FakeProducer()
    publisher(tmp_path, journal, producer).publish()
    again = publisher(tmp_path, journal, producer)
    again.publish()

    assert (len(producer.sent), again.number) == (1, 600)


def test_an_empty_journal_is_not_signed(tmp_path: Path) -> None:
    """There is nothing to vouch for."""
    producer = FakeProducer()
    publisher(tmp_path, MemoryJournal(), producer).publish()
    assert producer.sent == []


def test_what_was_not_acknowledged_is_published_later(tmp_path: Path, journal: MemoryJournal) -> None:
    """A broker that is down costs nothing but time."""
    producer = FakeProducer(down=True)
    one = publisher(tmp_path, journal, producer)
    with pytest.raises(TemporaryError):
        one.publish()
    assert (one.number, (tmp_path / LAST).exists()) == (0, False)
    producer.down = False
    one.publish()
    assert [decode(record.value).number for record in producer.sent] == [600]


@pytest.mark.parametrize("harm", ["edited since", "cut", "rebuilt", "edited before"])
def test_a_journal_that_was_touched_is_not_signed_any_more(tmp_path: Path, journal: MemoryJournal, harm: str) -> None:
    """What was edited before the last checkpoint shows only against it; everything else is noticed by who signs."""
    producer = FakeProducer()
    one = publisher(tmp_path, journal, producer)
    one.publish()
    other = MemoryJournal()
    decided(other, 400 if harm == "cut" else 610)
    rows = other.rows(limit=10_000)
    if harm == "edited since":
        rows[604] = replace(rows[604], entry=replace(rows[604].entry, event='{"a":1}'))
    if harm == "rebuilt":
        first = (replace(rows[0].entry, event='{"a":1}'), *(row.entry for row in rows[1:]))
        rebuilt = MemoryJournal()
        rebuilt.commit([Transaction("main", rebuilt.claim(ORCHESTRATOR, "test"), first)])
        rows = rebuilt.rows(limit=10_000)
    if harm == "edited before":
        rows[5] = replace(rows[5], entry=replace(rows[5].entry, event='{"a":1}'))
    touched = Touched(rows)
    later = CheckpointPublisher(
        Signing("main", "aiops.audit", tmp_path, signing_key(tmp_path)), touched, producer, clock=FakeClock()
    )
    if harm == "edited before":
        later.publish()
        found = [decode(record.value) for record in producer.sent]
        assert verify(rows, found, public_key(tmp_path)).fault is AuditFault.EDITED
        return
    with pytest.raises(PermanentError, match="aiops audit verify"):
        later.publish()
    assert len(producer.sent) == 1


class Touched(MemoryJournal):
    """A journal whose rows somebody else wrote."""

    def __init__(self, rows: list[JournalRow]) -> None:
        super().__init__()
        self._rows = rows

    def rows(
        self, after: int = 0, limit: int = 1000, subject: str | None = None, domain: str = "main"
    ) -> list[JournalRow]:
        return [row for row in self._rows if row.number > after][:limit]


def test_a_kept_checkpoint_of_another_key_needs_a_person(tmp_path: Path, journal: MemoryJournal) -> None:
    """A key that was lost and made anew must not quietly vouch for what the old one did."""
    producer = FakeProducer()
    publisher(tmp_path, journal, producer).publish()
    (tmp_path / KEY).unlink()
    with pytest.raises(PermanentError, match="bring the right one back"):
        publisher(tmp_path, journal, producer).publish()


def test_the_key_is_its_owners_alone_and_made_once(tmp_path: Path) -> None:
    """Mode 0600; a second look gives the same; a file that is no key is told and left alone."""
    with pytest.raises(PermanentError, match="aiops up"):
        public_key(tmp_path)
    signing_key(tmp_path / "state")
    file = tmp_path / "state" / KEY
    assert file.stat().st_mode & 0o777 == 0o600
    assert signing_key(tmp_path / "state").private_bytes_raw() == file.read_bytes()
    file.write_bytes(b"short")
    with pytest.raises(PermanentError, match="5 bytes"):
        signing_key(tmp_path / "state")


@pytest.mark.parametrize("value", [b"", b"{}", b"[]", b"\xff", b'{"type":"io.aiops.item.v1","data":{}}', b"null"])
def test_what_is_no_checkpoint_is_told(value: bytes) -> None:
    """Anybody can write to a topic."""
    with pytest.raises(PermanentError, match="no checkpoint"):
        decode(value)


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path, journal: MemoryJournal) -> None:
    """From its record, and from what `jq .data` makes of it."""
    producer = FakeProducer()
    publisher(tmp_path, journal, producer).publish()
    found = decode(producer.sent[0].value)
    assert decode(encode(found, "t").value) == found
    assert decode((tmp_path / LAST).read_bytes()) == found
