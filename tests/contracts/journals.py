"""What every journal must do, in memory, in SQLite and in PostgreSQL: one suite, subclassed by the tests of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Protocol

import pytest

from aiops.control.record.audit_chain import GENESIS, verify
from aiops.model.effects import Effect, Release
from aiops.model.errors import FencedOutError
from aiops.model.journal import (
    AttemptFacts,
    AttemptGuard,
    HaltState,
    InboxRow,
    JournalEntry,
    Put,
    Recovered,
    Remove,
    TimerRow,
    Transaction,
)
from aiops.model.prose import Prose
from aiops.model.records import TopicPartition
from aiops.ports import Journal, JournalReader

ROLE = "orchestrator"
HOSTILE = (
    "",
    "plain",
    "a'; DROP TABLE entry; --",
    "\0",
    "nul \0 inside",
    "\\json:odd",
    "ü" * 5000,
    "x" * 40_000,
    "\t\n☃",
)
"""Names as somebody may send them."""


class FullJournal(Journal, JournalReader, Protocol):
    """Both sides, as the suite uses them."""


@dataclass(frozen=True)
class Store:
    """A store that can be opened more than once, each time as if by another process."""

    open: Callable[[], FullJournal]


def entry(number: int, subject: str = "incident-1") -> JournalEntry:
    return JournalEntry(f"event-{number}", number, "episode", subject, f"cause-{number}", f'{{"n":{number}}}', "[]")


def timer(name: str, due: int = 5) -> TimerRow:
    return TimerRow(name, due, "settle", "incident-1", 3)


def effect(key: str) -> Effect:
    return Release(key, f"reservation of {key}")


def transaction(epoch: int, number: int = 1, domain: str = "main") -> Transaction:
    """One entry and nothing else; tests replace what they need."""
    return Transaction(domain, epoch, (entry(number),))


def comparable(recovered: Recovered) -> tuple[object, ...]:
    """What must be equal between journals: kinds without documents and the order of timers do not matter."""
    documents = {kind: dict(rows) for kind, rows in recovered.documents.items() if rows}
    timers = {row.id: row for row in recovered.timers}
    assert len(timers) == len(recovered.timers)
    return documents, timers, recovered.effects, dict(recovered.positions), recovered.inbox, recovered.sequence


class JournalContract:
    """The suite; a subclass gives the fixture ``store``."""

    def test_a_new_journal_is_empty(self, store: Store) -> None:
        """Nothing was ever written: nothing is recovered, and nobody holds an epoch."""
        journal = store.open()
        assert comparable(journal.recover()) == ({}, {}, (), {}, 0, 0)
        assert journal.epoch(ROLE) == 0
        assert journal.rows() == []

    def test_epochs_rise_by_role_and_domain(self, store: Store) -> None:
        """Every claim is higher than all before, and roles and domains do not touch each other's."""
        journal = store.open()
        assert [journal.claim(ROLE, "a"), journal.claim(ROLE, "b"), journal.claim("fleet", "a")] == [1, 2, 1]
        assert journal.claim(ROLE, "a", "other") == 1
        assert (journal.epoch(ROLE), journal.epoch("fleet"), journal.epoch(ROLE, "other")) == (2, 1, 1)

    def test_a_second_claim_fences_the_first_out(self, store: Store) -> None:
        """Whoever holds an older epoch cannot write any more, and leaves no trace by trying."""
        first, second = store.open(), store.open()
        old = first.claim(ROLE, "first")
        first.commit([transaction(old, 1)])
        new = second.claim(ROLE, "second")
        with pytest.raises(FencedOutError):
            first.commit([transaction(old, 2)])
        assert second.commit([transaction(new, 3)]) == 2
        assert [row.entry.event_id for row in second.rows()] == ["event-1", "event-3"]

    def test_nobody_writes_without_a_claim(self, store: Store) -> None:
        """An epoch that was never claimed is refused."""
        journal = store.open()
        with pytest.raises(FencedOutError):
            journal.commit([transaction(1)])
        journal.claim(ROLE, "a")
        with pytest.raises(FencedOutError):
            journal.commit([transaction(2)])

    def test_recover_equals_what_was_committed(self, store: Store) -> None:
        """Documents, timers, outbox in order, positions, inbox number and sequence come back as they went in."""
        journal = store.open()
        epoch = journal.claim(ROLE, "a")
        place = TopicPartition("aiops.anomalies", 0)
        first = replace(
            transaction(epoch),
            documents=(Put("incident", "1", '{"a":1}'), Put("incident", "2", '{"a":2}'), Put("ticket", "1", "{}")),
            timers_set=(timer("t1"), timer("t2", 9)),
            effects=(effect("z"), effect("a"), effect("m")),
            positions={place: 10, TopicPartition("aiops.tickets", 3): 2**40},
            inbox=4,
        )
        second = replace(
            transaction(epoch, 2),
            documents=(Put("incident", "2", '{"a":3}'), Remove("ticket", "1")),
            timers_set=(timer("t2", 11),),
            timers_gone=("t1", "never was"),
            effects=(effect("b"),),
            effects_done=("a", "never was"),
            positions={place: 12},
            inbox=7,
        )
        assert journal.commit([first]) == 1
        assert journal.commit([second]) == 2
        assert comparable(store.open().recover()) == (
            {"incident": {"1": '{"a":1}', "2": '{"a":3}'}},
            {"t2": timer("t2", 11)},
            (effect("z"), effect("m"), effect("b")),
            {place: 12, TopicPartition("aiops.tickets", 3): 2**40},
            7,
            2,
        )

    def test_inside_a_group_the_last_write_wins(self, store: Store) -> None:
        """One commit of many transactions leaves what the same transactions one by one would leave."""
        group = self.group()
        together, alone = store.open(), store.open()
        one, two = together.claim(ROLE, "a"), alone.claim(ROLE, "a", "alone")
        assert together.commit([replace(t, epoch=one) for t in group]) == len(group)
        for t in group:
            alone.commit([replace(t, epoch=two, domain="alone")])
        assert comparable(together.recover()) == comparable(alone.recover("alone"))
        assert together.archived("incident") == alone.archived("incident", domain="alone")

    def group(self) -> list[Transaction]:
        """Every kind of change made, changed, taken back and made again."""
        place = TopicPartition("t", 0)
        return [
            replace(
                transaction(0, 1),
                documents=(Put("incident", "1", "a"), Put("incident", "2", "a"), Put("incident", "3", "a")),
                timers_set=(timer("t1"), timer("t2"), timer("t3")),
                effects=(effect("one"), effect("two"), effect("three")),
                positions={place: 1},
                inbox=1,
            ),
            replace(
                transaction(0, 2),
                documents=(
                    Put("incident", "1", "b"),
                    Remove("incident", "1", archive=True),
                    Remove("incident", "2"),
                    Put("incident", "4", "d"),
                    Remove("incident", "4", archive=True),
                    Put("incident", "4", "again"),
                ),
                timers_gone=("t1", "t2"),
                effects=(effect("four"),),
                effects_done=("one", "two"),
                positions={place: 2},
                inbox=3,
            ),
            replace(
                transaction(0, 3),
                documents=(Put("incident", "2", "c"), Remove("incident", "3", archive=True)),
                timers_set=(timer("t1", 99),),
                effects=(effect("one"),),
                effects_done=("four",),
            ),
        ]

    def test_a_commit_is_all_or_nothing(self, store: Store) -> None:
        """One bad transaction in a group takes all of it back, and the next commit goes on as if it never was."""
        journal = store.open()
        epoch = journal.claim(ROLE, "a")
        good = replace(transaction(epoch), documents=(Put("incident", "1", "{}"),), timers_set=(timer("t"),))
        journal.commit([good])
        before = comparable(journal.recover())
        changed = replace(transaction(epoch, 2), documents=(Remove("incident", "1"),), effects=(effect("e"),), inbox=5)
        with pytest.raises(FencedOutError):
            journal.commit([changed, transaction(epoch - 1, 3)])
        assert comparable(journal.recover()) == before
        assert journal.commit([transaction(epoch, 4)]) == 2
        assert verify(journal.rows()).fault is None

    def test_the_archive_keeps_the_last_body(self, store: Store) -> None:
        """What moved to the archive is no open document any more, but can be read, newest first."""
        journal = store.open()
        epoch = journal.claim(ROLE, "a")
        for number in range(1, 4):
            name = str(number)
            put = replace(transaction(epoch, number), documents=(Put("incident", name, f"old {name}"),))
            done = (Put("incident", name, f"last {name}"), Remove("incident", name, archive=True))
            journal.commit([put, replace(transaction(epoch, number), documents=done)])
        assert journal.documents("incident") == {}
        assert list(journal.archived("incident", limit=2).items()) == [("3", "last 3"), ("2", "last 2")]
        assert journal.document("incident", "1") == "last 1"
        assert journal.document("incident", "9") is None
        assert comparable(journal.recover())[0] == {}

    def test_rows_form_one_chain(self, store: Store) -> None:
        """Entries come back in order, chained from the beginning, over several claims; a reader needs no epoch."""
        for number in range(3):
            journal = store.open()
            epoch = journal.claim(ROLE, f"holder {number}")
            journal.commit([transaction(epoch, 2 * number), replace(transaction(epoch, 2 * number + 1))])
        rows = store.open().rows()
        assert [row.number for row in rows] == [1, 2, 3, 4, 5, 6]
        assert [row.entry for row in rows] == [entry(number) for number in range(6)]
        assert rows[0].previous == GENESIS
        assert all(after.previous == before.digest for before, after in pairwise(rows))
        assert verify(rows).fault is None

    def test_rows_by_number_and_subject(self, store: Store) -> None:
        """A reader gets what it asks for: after a number, at most so many, of one work item, of one domain."""
        journal = store.open()
        epoch, other = journal.claim(ROLE, "a"), journal.claim(ROLE, "a", "other")
        entries = tuple(entry(number, subject=f"incident-{number % 2}") for number in range(1, 7))
        journal.commit([Transaction("main", epoch, entries)])
        journal.commit([Transaction("other", other, entries[:1])])
        assert [row.number for row in journal.rows(after=2, limit=3)] == [3, 4, 5]
        assert [row.number for row in journal.rows(subject="incident-0")] == [2, 4, 6]
        assert [row.number for row in journal.rows(after=2, limit=1, subject="incident-1")] == [3]
        assert [row.domain for row in journal.rows(domain="other")] == ["other"]
        assert journal.rows(subject="nobody") == []

    def test_domains_do_not_see_each_other(self, store: Store) -> None:
        """The same names in two domains are two things."""
        journal = store.open()
        for domain in ("main", "other"):
            epoch = journal.claim(ROLE, "a", domain)
            full = replace(
                transaction(epoch, domain=domain),
                documents=(Put("incident", "1", domain),),
                timers_set=(replace(timer("t"), name=domain),),
                effects=(effect("e"),),
                positions={TopicPartition("t", 0): len(domain)},
            )
            journal.commit([full])
            assert journal.append(InboxRow("k", 1, "command", domain, "me", domain=domain))
        journal.commit([replace(transaction(1, 2), documents=(Remove("incident", "1"),), timers_gone=("t",))])
        assert comparable(journal.recover("other")) == (
            {"incident": {"1": "other"}},
            {"t": replace(timer("t"), name="other")},
            (effect("e"),),
            {TopicPartition("t", 0): 5},
            0,
            1,
        )
        assert [row.body for row in journal.read_inbox(0, domain="other")] == ["other"]

    def test_an_inbox_key_is_taken_once(self, store: Store) -> None:
        """The second row with a key is refused and changes nothing, whoever brings it."""
        one, two = store.open(), store.open()
        assert one.append(InboxRow("attempt/1", 1, "attempt", "first", "executor"))
        assert not two.append(InboxRow("attempt/1", 2, "attempt", "second", "observer"))
        assert two.append(InboxRow("attempt/2", 3, "attempt", "third", "executor"))
        assert (one.has("attempt/1"), one.has("attempt/3")) == (True, False)
        assert [(row.key, row.body) for row in two.read_inbox(0)] == [("attempt/1", "first"), ("attempt/2", "third")]

    def test_the_inbox_is_read_in_order(self, store: Store) -> None:
        """Rows come with rising numbers; reading after the last one seen gives the rest."""
        journal = store.open()
        for number in range(10):
            journal.append(InboxRow(f"k{number}", number, "command", "{}", "me"))
        first = journal.read_inbox(0, limit=4)
        rest = journal.read_inbox(first[-1].number)
        assert [row.key for row in first + rest] == [f"k{number}" for number in range(10)]
        assert all(before.number < after.number for before, after in pairwise(first + rest))
        assert journal.read_inbox(rest[-1].number) == []

    def test_the_inbox_number_never_goes_back(self, store: Store) -> None:
        """A claim keeps how far the inbox was read."""
        journal = store.open()
        epoch = journal.claim(ROLE, "a")
        journal.commit([replace(transaction(epoch), inbox=9)])
        again = journal.claim(ROLE, "b")
        journal.commit([transaction(again, 2), replace(transaction(again, 3), inbox=4)])
        assert journal.recover().inbox == 9

    def test_an_attempt_is_recorded_once_under_its_epoch_and_halt(self, store: Store) -> None:
        """Facts and row belong to one transaction; the row is in the inbox only if the facts permit it."""
        one, two = store.open(), store.open()
        epoch = one.claim(ROLE, "a")
        guard, row = AttemptGuard(epoch, 0), InboxRow("attempt/c1", 5, "attempt", "{}", "executor")
        assert two.attempt(row, guard) == AttemptFacts(epoch, HaltState(0, halted=False), recorded=True)
        assert two.attempt(row, guard).recorded is False
        assert [found.key for found in one.read_inbox(0)] == ["attempt/c1"]

    def test_no_attempt_is_recorded_after_a_halt_or_a_claim(self, store: Store) -> None:
        """Nor after a resume: the capability was made before the halt. Another domain is not concerned."""
        one, two = store.open(), store.open()
        epoch = one.claim(ROLE, "a")
        one.claim(ROLE, "a", "other")
        row = InboxRow("attempt/c1", 5, "attempt", "{}", "executor")
        halt = one.set_halt(HaltState(0, halted=True, who="ann", at=7))
        assert two.attempt(row, AttemptGuard(epoch, 0)) == AttemptFacts(epoch, halt, recorded=False)
        assert two.attempt(row, AttemptGuard(epoch, 1)).recorded is False
        one.set_halt(HaltState(0, halted=False, who="ann", at=8))
        assert two.attempt(row, AttemptGuard(epoch, 0)).recorded is False
        assert two.attempt(replace(row, domain="other"), AttemptGuard(1, 0)).recorded is True
        newer = one.claim(ROLE, "b")
        assert two.attempt(row, AttemptGuard(epoch, 2)) == AttemptFacts(newer, one.halt_state(), recorded=False)
        assert two.attempt(row, AttemptGuard(newer, 2)).recorded is True

    def test_halt_generations_rise(self, store: Store) -> None:
        """Each halt and resume is a new generation that every other process reads."""
        one, two = store.open(), store.open()
        assert one.halt_state() == HaltState(0, halted=False)
        assert two.set_halt(HaltState(99, halted=True, who="ann", at=7, reason=Prose("storm"))).generation == 1
        assert one.halt_state() == HaltState(1, halted=True, who="ann", at=7, reason=Prose("storm"))
        assert one.set_halt(HaltState(0, halted=False, who="bob", at=8)).generation == 2
        assert two.halt_state() == HaltState(2, halted=False, who="bob", at=8)
        assert two.halt_state("other").generation == 0

    def test_hostile_names_come_back_as_they_were(self, store: Store) -> None:
        """Names may be long, empty, or hold a NUL: they stay apart, are found, and never stop a commit."""
        journal = store.open()
        epoch = journal.claim(ROLE, "a")
        names = [name + tail for name in HOSTILE for tail in ("", "2")]
        full = Transaction(
            "main",
            epoch,
            tuple(replace(entry(1), event_id=name, subject=name, cause=name) for name in names),
            documents=tuple(Put("item", name, f"body of {name}") for name in names),
            timers_set=tuple(TimerRow(name, 1, "settle", name) for name in names),
            effects=tuple(effect(name) for name in names),
        )
        journal.commit([full])
        recovered = store.open().recover()
        assert recovered.documents["item"] == {name: f"body of {name}" for name in names}
        assert {(row.id, row.subject) for row in recovered.timers} == {(name, name) for name in names}
        assert [e.key for e in recovered.effects] == names
        assert verify(journal.rows()).fault is None
        for name in names:
            assert journal.append(InboxRow(name, 1, "command", name, name))
            assert not journal.append(InboxRow(name, 1, "command", name, name))
            assert journal.has(name)
            assert journal.document("item", name) == f"body of {name}"
            assert [row.entry.subject for row in journal.rows(subject=name)] == [name]
        assert [row.key for row in journal.read_inbox(0)] == names
        gone = replace(
            transaction(epoch),
            documents=tuple(Remove("item", name, archive=True) for name in names),
            timers_gone=tuple(names),
            effects_done=tuple(names),
        )
        journal.commit([gone])
        assert comparable(journal.recover())[:3] == ({}, {}, ())
        assert set(journal.archived("item")) == set(names)
