"""What a shell uses: grouped transactions, the timer queue, resumed effects, the journal in memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.control.events.recovery import resume_effects
from aiops.control.record.audit_chain import verify
from aiops.control.state.timers import TimerQueue
from aiops.control.state.transaction import Decision, Writer, together
from aiops.driver.memory_journal import MemoryJournal
from aiops.model.effects import Effect, Release, Reserve, RunStep
from aiops.model.errors import FencedOutError
from aiops.model.journal import HaltState, InboxRow, JournalEntry, Put, Remove, TimerRow
from aiops.model.plans import Action, Capability, Reservation, StepDirection, StepOrder

ENTRY = JournalEntry("e", 1, "tick", "", "", "{}", "[]")
WRITER = Writer("main", 1)


def row(name: str, due: int) -> TimerRow:
    """A timer."""
    return TimerRow(name, due, "settle", "INC-1")


def test_of_a_group_only_the_last_version_is_written() -> None:
    """Documents, timers and effects: the net of all decisions, entries one by one."""
    first = Decision(ENTRY, (Put("a", "1", "old"),), (row("t", 1), row("u", 1)), (), (Release("r", "x"),))
    second = Decision(ENTRY, (Put("a", "1", "new"), Remove("a", "2")), (), ("t",), (), ("r", "s"))
    done = together([first, second], WRITER, performed=["p"])
    assert done.documents == (Put("a", "1", "new"), Remove("a", "2"))
    assert (done.timers_set, done.timers_gone) == ((row("u", 1),), ("t",))
    assert (done.effects, set(done.effects_done)) == ((), {"r", "s", "p"})
    assert len(done.entries) == 2


def test_an_effect_that_is_asked_for_again_is_pending() -> None:
    """Done and then asked for once more within one group."""
    decisions = [Decision(ENTRY, effects_done=("r",)), Decision(ENTRY, effects=(Release("r", "x"),))]
    done = together(decisions, WRITER)
    assert (done.effects, done.effects_done) == ((Release("r", "x"),), ())


@given(st.lists(st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.integers(0, 20)))), st.integers(0, 25))
def test_timers_come_once_and_in_order(moves: list[tuple[str, int | None]], until: int) -> None:
    """Set, replaced and cancelled in any order: what is due comes by (due, id), and only as it is now."""
    rows: dict[str, TimerRow] = {}
    queue = TimerQueue(rows)
    for name, due in moves:
        if due is None:
            rows.pop(name, None)
        else:
            rows[name] = row(name, due)
            queue.set([rows[name]])
    expected = sorted((r.due, r.id) for r in rows.values() if r.due <= until)
    got = []
    while (found := queue.pop(until)) is not None:
        got.append((found.due, found.id))
        del rows[found.id]
    assert got == expected


def test_a_step_is_never_resumed_and_a_reservation_gets_the_new_epoch() -> None:
    """Everything else is asked for again."""
    capability = Capability("c", "INC-1", "k", Action("restart", "web"), StepDirection.DO, 1, 0, 9)
    pending: list[Effect] = [
        RunStep("c", StepOrder(capability, 9)),
        Reserve("r", Reservation("r", "INC-1", ("web",), {}, 1, 0)),
        Release("x", "y"),
    ]
    again = resume_effects(pending, 2)
    assert [effect.key for effect in again] == ["r", "x"]
    assert isinstance(again[0], Reserve)
    assert again[0].reservation.epoch == 2


def test_a_stale_epoch_writes_nothing() -> None:
    """Not even the transactions of the group that would be right."""
    journal = MemoryJournal()
    old, new = journal.claim("orchestrator", "a"), journal.claim("orchestrator", "b")
    good = together([Decision(ENTRY, (Put("a", "1", "x"),))], Writer("main", new))
    bad = together([Decision(ENTRY)], Writer("main", old))
    with pytest.raises(FencedOutError):
        journal.commit([good, bad])
    assert journal.recover().documents == {}
    assert journal.commit([good]) == 1
    assert verify(journal.rows()).fault is None


def test_removed_documents_can_be_read_in_the_archive() -> None:
    """Only those that were archived."""
    journal = MemoryJournal()
    writer = Writer("main", journal.claim("orchestrator", "a"))
    journal.commit([together([Decision(ENTRY, (Put("a", "1", "x"), Put("a", "2", "y")))], writer)])
    journal.commit([together([Decision(ENTRY, (Remove("a", "1", archive=True), Remove("a", "2")))], writer)])
    assert (journal.document("a", "1"), journal.document("a", "2")) == ("x", None)
    assert journal.archived("a") == {"1": "x"}
    assert journal.documents("a") == {}


def test_what_is_archived_is_archived_as_it_was_last() -> None:
    """Also when it was written and archived within one group, or within one event."""
    journal = MemoryJournal()
    writer = Writer("main", journal.claim("orchestrator", "a"))
    group = [
        Decision(ENTRY, (Put("a", "1", "x"),)),
        Decision(ENTRY, (Put("a", "1", "y"), Remove("a", "1", archive=True))),
    ]
    journal.commit([together(group, writer)])
    assert (journal.documents("a"), journal.archived("a")) == ({}, {"1": "y"})
    again = [Decision(ENTRY, (Put("a", "2", "z"),)), Decision(ENTRY, (Remove("a", "2", archive=True),))]
    journal.commit([together(again, writer)])
    assert journal.archived("a") == {"2": "z", "1": "y"}


def test_inbox_keys_are_unique_and_halts_rise() -> None:
    """The two tables that others write."""
    journal = MemoryJournal()
    assert journal.append(InboxRow("k", 1, "command", "{}", "ann"))
    assert not journal.append(InboxRow("k", 2, "command", "{}", "bob"))
    assert journal.append(InboxRow("l", 2, "command", "{}", "bob"))
    assert [r.key for r in journal.read_inbox(1)] == ["l"]
    assert journal.halt_state().generation == 0
    assert journal.set_halt(HaltState(7, halted=True)).generation == 1
    assert journal.set_halt(HaltState(7, halted=False)).generation == 2
