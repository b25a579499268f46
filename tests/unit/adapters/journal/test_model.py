"""The SQL journal against a plain model, by random sequences of everything that can be done to it."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aiops.adapters.journal.engine import sqlite_url
from aiops.adapters.journal.journal import SqlJournal
from aiops.adapters.journal.reader import SqlJournalReader
from aiops.control.record.audit_chain import verify
from aiops.driver.memory_journal import MemoryJournal
from aiops.model.effects import Release
from aiops.model.errors import FencedOutError
from aiops.model.journal import HaltState, InboxRow, JournalEntry, Put, Recovered, Remove, TimerRow, Transaction
from aiops.model.records import TopicPartition

ROLE = "orchestrator"
_NAMES = st.sampled_from(["a", "b", "c", "x" * 300])
_CHANGES = st.one_of(
    st.builds(Put, st.sampled_from(["incident", "item"]), _NAMES, st.text(min_size=1, max_size=3)),
    st.builds(Remove, st.sampled_from(["incident", "item"]), _NAMES, st.booleans()),
)
_TRANSACTIONS = st.builds(
    Transaction,
    st.just("main"),
    st.just(0),
    st.lists(
        st.builds(JournalEntry, _NAMES, st.integers(0, 9), _NAMES, _NAMES, _NAMES, _NAMES, _NAMES), max_size=3
    ).map(tuple),
    documents=st.lists(_CHANGES, max_size=6).map(tuple),
    timers_set=st.lists(st.builds(TimerRow, _NAMES, st.integers(0, 9), _NAMES, _NAMES), max_size=2).map(tuple),
    timers_gone=st.lists(_NAMES, max_size=2).map(tuple),
    effects=st.lists(st.builds(Release, _NAMES, _NAMES), max_size=3).map(tuple),
    effects_done=st.lists(_NAMES, max_size=2).map(tuple),
    positions=st.dictionaries(st.builds(TopicPartition, _NAMES, st.integers(0, 2)), st.integers(0, 99), max_size=2),
    inbox=st.none() | st.integers(0, 50),
)


def _short_kinds(transaction: Transaction) -> Transaction:
    """Kinds come from our own closed lists; only names may be long."""
    return replace(transaction, entries=tuple(replace(entry, kind="kind") for entry in transaction.entries))


def comparable(recovered: Recovered) -> tuple[Any, ...]:
    documents = {kind: dict(rows) for kind, rows in recovered.documents.items() if rows}
    timers = {row.id: row for row in recovered.timers}
    return documents, timers, recovered.effects, recovered.positions, recovered.inbox, recovered.sequence


class JournalModel(RuleBasedStateMachine):
    """Does the same to both; after every step they must say the same."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.model = MemoryJournal()
        self.journal = SqlJournal(sqlite_url(Path(self.folder.name)))
        self.epoch = 0

    @initialize()
    def begin(self) -> None:
        self.claim()

    @rule()
    def claim(self) -> None:
        self.epoch = self.journal.claim(ROLE, "me")
        assert self.model.claim(ROLE, "me") == self.epoch

    @rule(group=st.lists(_TRANSACTIONS.map(_short_kinds), min_size=1, max_size=3))
    def commit(self, group: list[Transaction]) -> None:
        mine = [replace(transaction, epoch=self.epoch) for transaction in group]
        assert self.journal.commit(mine) == self.model.commit(mine)

    @rule(group=st.lists(_TRANSACTIONS.map(_short_kinds), min_size=1, max_size=2))
    def commit_too_late(self, group: list[Transaction]) -> None:
        old = [replace(transaction, epoch=self.epoch - 1) for transaction in group]
        with pytest.raises(FencedOutError):
            self.journal.commit(old)

    @rule(key=_NAMES)
    def append(self, key: str) -> None:
        row = InboxRow(key, 1, "command", "{}", "me")
        assert self.journal.append(row) == self.model.append(row)

    @rule(halted=st.booleans())
    def halt(self, halted: bool) -> None:  # noqa: FBT001 - hypothesis passes it by name
        state = HaltState(0, halted=halted, who="me", at=3)
        assert self.journal.set_halt(state) == self.model.set_halt(state)

    @rule()
    def restart(self) -> None:
        self.journal.close()
        self.journal = SqlJournal(sqlite_url(Path(self.folder.name)))

    @invariant()
    def both_say_the_same(self) -> None:
        reader = SqlJournalReader(self.journal.engine)
        assert comparable(self.journal.recover()) == comparable(self.model.recover())
        assert self.journal.halt_state() == self.model.halt_state()
        assert [row.key for row in self.journal.read_inbox(0)] == [row.key for row in self.model.read_inbox(0)]
        assert reader.rows() == self.model.rows()
        assert verify(reader.rows()).fault is None
        for kind in ("incident", "item"):
            assert reader.archived(kind) == self.model.archived(kind)
            for name in ("a", "b", "c", "x" * 300):
                assert reader.document(kind, name) == self.model.document(kind, name)

    def teardown(self) -> None:
        self.journal.close()
        self.folder.cleanup()


TestJournalModel = JournalModel.TestCase
TestJournalModel.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
