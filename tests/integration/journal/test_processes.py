"""Real processes on one journal: they race, they are killed, and it stays whole."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from aiops.adapters.journal.journal import SqlJournal
from aiops.adapters.journal.reader import SqlJournalReader
from aiops.control.record.audit_chain import verify
from aiops.model.effects import Release
from aiops.model.journal import HaltState
from aiops.model.records import TopicPartition
from tests.integration.journal.writers import GROUP, LIMITS, ROWS

_ROOT = Path(__file__).parents[3]


@contextmanager
def running(role: str, url: str, name: str = "one") -> Iterator[subprocess.Popen[str]]:
    """A writer process; killed at the end if it still runs."""
    command = [sys.executable, "-m", "tests.integration.journal.writers", role, url, name]
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def lines(process: subprocess.Popen[str], limit: int = 10**9) -> list[str]:
    """Whole lines of its output until its end, or so many."""
    assert process.stdout is not None
    found: list[str] = []
    while len(found) < limit and (line := process.stdout.readline()).endswith("\n"):
        found.append(line.strip())
    return found


def check_whole(url: str, acknowledged: int) -> int:
    """The journal holds every acknowledged commit, at most one more, and none by half; the last one's number."""
    journal = SqlJournal(url)
    rows: list[object] = []
    reader = SqlJournalReader(journal.engine)
    all_rows = [row for start in range(0, 10**6, 1000) if (rows := [*reader.rows(start)]) for row in rows]
    recovered = journal.recover()
    last = recovered.inbox
    assert acknowledged <= last <= acknowledged + 1
    assert recovered.sequence == len(all_rows) == last * GROUP
    assert verify(all_rows).fault is None
    names = [f"{number}-{place}" for number in range(1, last + 1) for place in range(GROUP)]
    assert [row.entry.event_id for row in all_rows] == names
    assert recovered.documents["item"] == {name: name.split("-")[0] for name in names}
    assert recovered.documents["last"] == {"number": str(last)}
    assert [timer.due for timer in recovered.timers] == [last]
    assert recovered.effects == tuple(Release(name, name) for name in names[-GROUP:])
    assert recovered.positions == {TopicPartition("topic", 0): last}
    journal.close()
    return last


@pytest.mark.parametrize("after", [1, 12, 40])
def test_a_kill_in_the_middle_of_commits_loses_nothing(url: str, after: int) -> None:
    """SIGKILL at any moment: every acknowledged commit is there, none is there by half."""
    SqlJournal(url).close()
    with running("commit", url) as process:
        seen = lines(process, 1 + after)
        process.kill()
        seen += lines(process)
    check_whole(url, int(seen[-1]))


def test_two_orchestrators_at_once_are_one(url: str) -> None:
    """A second process claims while the first commits: the first is fenced out and the two never mix."""
    SqlJournal(url).close()
    with running("commit", url, "first") as first:
        head = lines(first, 10)
        with running("commit", url, "second") as second:
            tail = lines(first)
            assert tail[-1].startswith("FencedOutError")
            assert first.wait(timeout=10) == 0
            others = lines(second, 10)
            second.kill()
            others += lines(second)
    assert (head[0], others[0]) == ("epoch 1", "epoch 2")
    numbers = [int(line) for line in [*head[1:], *tail[:-1], *others[1:]]]
    assert all(after == before + 1 for before, after in pairwise(numbers))
    check_whole(url, numbers[-1])


def test_eight_writers_and_a_reader_that_misses_nothing(url: str) -> None:
    """A reader that follows "after number N" sees every row once, in order, while eight processes append."""
    journal = SqlJournal(url)
    writers = 8
    followed: list[str] = []
    stop = threading.Event()

    def follow() -> None:
        number = 0
        while True:
            ended = stop.is_set()
            rows = journal.read_inbox(number, limit=5)
            followed.extend(row.key for row in rows)
            number = rows[-1].number if rows else number
            if ended and not rows:
                return

    reader = threading.Thread(target=follow)
    reader.start()
    won: list[str] = []
    try:
        processes = [running("append", url, f"writer-{number}") for number in range(writers)]
        entered = [process.__enter__() for process in processes]
        for process in entered:
            won += lines(process)
        for context in processes:
            context.__exit__(None, None, None)
    finally:
        stop.set()
        reader.join(30)
    assert len(won) == len(set(won)) == (writers + 1) * ROWS
    assert sorted(followed) == sorted(won)
    assert followed == [row.key for row in journal.read_inbox(0, limit=10_000)]
    journal.close()


def test_halt_gets_through_while_the_orchestrator_writes(url: str) -> None:
    """Halt from another process is written and read within a second, however busy the journal is."""
    journal = SqlJournal(url)
    with running("commit", url) as process:
        lines(process, 5)
        slowest = 0.0
        for number in range(1, 21):
            began = time.monotonic()
            assert journal.set_halt(HaltState(0, halted=True, who="ann", at=number)).generation == number
            assert journal.halt_state().generation == number
            slowest = max(slowest, time.monotonic() - began)
        assert process.poll() is None
    assert slowest < 1.0
    journal.close()


def test_halts_of_several_processes_get_one_generation_each(url: str) -> None:
    """No two halts share a generation."""
    SqlJournal(url).close()
    with running("halt", url, "a") as a, running("halt", url, "b") as b:
        generations = [int(line) for line in lines(a) + lines(b)]
    assert sorted(generations) == list(range(1, 21))


def test_budget_of_several_processes_stays_inside_its_limit(url: str) -> None:
    """Four processes reserve and release at once: what is in use never passes the limit, tokens are never reused."""
    SqlJournal(url).close()
    with (
        running("reserve", url, "a") as a,
        running("reserve", url, "b") as b,
        running("reserve", url, "c") as c,
        running("reserve", url, "d") as d,
    ):
        granted = [line.split() for process in (a, b, c, d) for line in lines(process)]
    assert len(granted) >= 30
    assert max(float(spent) for spent, _ in granted) <= LIMITS["zone-a"] + 1e-9
    tokens = [int(token) for _, token in granted]
    assert len(set(tokens)) == len(tokens)


def test_many_processes_may_open_an_empty_journal_at_once(url: str) -> None:
    """The schema is made once, whoever comes first."""
    contexts = [running("halt", url, str(number)) for number in range(6)]
    processes = [context.__enter__() for context in contexts]
    generations = [int(line) for process in processes for line in lines(process)]
    for context in contexts:
        context.__exit__(None, None, None)
    assert sorted(generations) == list(range(1, 61))
