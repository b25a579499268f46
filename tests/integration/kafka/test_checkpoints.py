"""Signed checkpoints through a real Kafka: whoever touches the journal's file is found by the command."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from aiops.adapters.bundle.configuration import load_settings
from aiops.adapters.checkpoint_signatures import signing_key
from aiops.adapters.checkpoints import CheckpointPublisher, Signing
from aiops.adapters.clock import SystemClock
from aiops.adapters.journal.engine import sqlite_url
from aiops.adapters.journal.journal import SqlJournal
from aiops.adapters.journal.reader import SqlJournalReader
from aiops.adapters.kafka.producer import KafkaPythonProducer
from aiops.cli import main as program
from aiops.cli.exits import Exit
from aiops.control.record.audit_chain import chained
from aiops.model.journal import JournalEntry, Transaction
from aiops.model.records import OutRecord
from aiops.ports import ORCHESTRATOR
from tests.integration.conftest import MakeTopic

Verify = Callable[..., tuple[int, Any]]


def entries(begin: int, count: int) -> tuple[JournalEntry, ...]:
    return tuple(JournalEntry(f"e{n}", n, "tick", "INC-1", "", "{}", "[]") for n in range(begin, begin + count))


@pytest.fixture
def verify(broker: str, topics: MakeTopic, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Verify:
    """A journal of 30 entries with checkpoints at 10, 20 and 30 on a topic; the command over it."""
    file, topic = tmp_path / "aiops.yaml", topics("audit")
    values = {"state": str(tmp_path / "state"), "kafka": {"bootstrap": broker}, "topics": {"audit": topic}}
    file.write_text(yaml.safe_dump(values))
    settings = load_settings(file)
    settings.state.mkdir()
    journal, producer = SqlJournal(sqlite_url(settings.state)), KafkaPythonProducer(broker)
    signing = Signing(settings.domain, topic, settings.state, signing_key(settings.state))
    publisher = CheckpointPublisher(signing, SqlJournalReader(journal.engine), producer, clock=SystemClock())
    epoch = journal.claim(ORCHESTRATOR, "test")
    for begin in (0, 10, 20):
        journal.commit([Transaction("main", epoch, entries(begin, 10))])
        publisher.publish()
    producer.send([OutRecord(topic, None, b"nonsense")])
    producer.flush()
    producer.close()
    journal.close()

    def call(*words: str) -> tuple[int, Any]:
        with pytest.raises(SystemExit) as ended:
            program.main(["audit", "verify", "--json", "--config", str(file), *words])
        return int(ended.value.code or 0), json.loads(capsys.readouterr().out)

    return call


def touch(folder: Path, statement: str, *rows: tuple[Any, ...]) -> None:
    """What somebody with access to the file does, behind everybody's back."""
    with sqlite3.connect(folder / "state" / "journal.db") as connection:
        for row in rows or ((),):
            connection.execute(statement, row)
    connection.close()


def test_an_untouched_journal_holds_all_checkpoints(verify: Verify, tmp_path: Path) -> None:
    """Nonsense on the topic proves nothing and breaks nothing; another key's owner sees that nothing is by it."""
    code, told = verify()
    assert (code, told["whole"], told["rows"]) == (Exit.OK, True, 30)
    assert (told["checkpoints"], told["checkpoint"], told["foreign"]) == (3, 30, 1)
    (tmp_path / "state" / "audit.key").write_bytes(bytes(range(32)))
    code, told = verify()
    assert (code, told["fault"]) == (Exit.NO, "forged")


def test_an_edited_journal_is_found(verify: Verify, tmp_path: Path) -> None:
    """One field of one entry."""
    touch(tmp_path, "UPDATE entry SET event = '{\"a\":1}' WHERE number = 7")
    code, told = verify()
    assert (code, told["fault"], told["number"]) == (Exit.NO, "edited", 7)


def test_a_truncated_journal_is_found(verify: Verify, tmp_path: Path) -> None:
    """The chain that is left is whole; only what was published tells."""
    touch(tmp_path, "DELETE FROM entry WHERE number > 25")
    code, told = verify()
    assert (code, told["fault"], told["number"]) == (Exit.NO, "cut", 26)


def test_a_rewritten_journal_is_found(verify: Verify, tmp_path: Path) -> None:
    """From entry 15 on it says something else, with every digest made anew."""
    with sqlite3.connect(tmp_path / "state" / "journal.db") as connection:
        (previous,) = connection.execute("SELECT digest FROM entry WHERE number = 14").fetchone()
    connection.close()
    forged = [JournalEntry(f"e{n}", n, "tock", "INC-1", "", "{}", "[]") for n in range(14, 30)]
    rows = chained(forged, "main", after=14, previous=previous)
    touch(
        tmp_path,
        "UPDATE entry SET kind = ?, previous = ?, digest = ? WHERE number = ?",
        *((row.entry.kind, row.previous, row.digest, row.number) for row in rows),
    )
    code, told = verify()
    assert (code, told["fault"], told["number"]) == (Exit.NO, "rebuilt", 20)
