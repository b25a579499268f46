"""Processes that the journal's tests start and kill: each takes a URL and says on its output what was acknowledged.

Run as ``python -m tests.integration.journal.writers ROLE URL NAME``.
"""

from __future__ import annotations

import sys
from itertools import count

from aiops.adapters.journal.budget import SqlBudgetStore
from aiops.adapters.journal.journal import SqlJournal
from aiops.model.effects import Release
from aiops.model.errors import AiopsError
from aiops.model.journal import HaltState, InboxRow, JournalEntry, Put, TimerRow, Transaction
from aiops.model.plans import Reservation
from aiops.model.records import TopicPartition

GROUP = 7
"""Entries a commit."""
ROWS = 40
"""Inbox rows a writer."""
SHARE = 0.1
"""Asked of the account by each reservation."""
LIMITS = {"zone-a": 0.55}


def group(epoch: int, number: int) -> Transaction:
    """Commit ``number``: every part of it names the number, so that a half would show."""
    names = [f"{number}-{place}" for place in range(GROUP)]
    return Transaction(
        "main",
        epoch,
        tuple(JournalEntry(name, number, "episode", "incident", "", f'"{name}"', "[]") for name in names),
        documents=(*(Put("item", name, str(number)) for name in names), Put("last", "number", str(number))),
        timers_set=(TimerRow("timer", number, "settle", str(number)),),
        effects=tuple(Release(name, name) for name in names),
        effects_done=tuple(f"{number - 1}-{place}" for place in range(GROUP)),
        positions={TopicPartition("topic", 0): number},
        inbox=number,
    )


def commit(journal: SqlJournal, name: str) -> None:
    """Claim, then commit until killed or fenced out; prints the epoch, then each acknowledged number."""
    epoch = journal.claim("orchestrator", name)
    begin = journal.recover().inbox + 1
    say(f"epoch {epoch}")
    for number in count(begin):
        journal.commit([group(epoch, number)])
        say(f"{number}")


def append(journal: SqlJournal, name: str) -> None:
    """Append rows of its own and rows whose key everybody wants; prints the keys it won."""
    for number in range(ROWS):
        for key in (f"{name}/{number}", f"shared/{number}"):
            if journal.append(InboxRow(key, number, "command", "{}", name)):
                say(key)


def halt(journal: SqlJournal, name: str) -> None:
    """Halt and resume ten times; prints each generation."""
    for number in range(10):
        say(str(journal.set_halt(HaltState(0, halted=number % 2 == 0, who=name, at=number)).generation))


def reserve(journal: SqlJournal, name: str) -> None:
    """Reserve and release in turn; prints the share that was in use whenever one was granted, and the token."""
    store = SqlBudgetStore(journal.engine)
    for number in range(30):
        key = f"{name}/{number}"
        asked = Reservation(key, f"plan-{key}", (f"target-{key}",), {"zone-a": SHARE}, 1, number)
        answer = store.reserve(asked, LIMITS)
        if answer.granted:
            say(f"{store.spent()['zone-a']} {answer.token}")
            store.release(key)


def say(line: str) -> None:
    """One whole line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Run one role until it ends."""
    role, url, name = sys.argv[1:]
    journal = SqlJournal(url)
    try:
        {"commit": commit, "append": append, "halt": halt, "reserve": reserve}[role](journal, name)
    except AiopsError as error:
        say(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
