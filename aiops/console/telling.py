"""How a person's word reaches the runtime: one inbox row, or the halt table. Light to import: halting must be quick."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aiops.model.codec import encode
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.errors import PermanentError
from aiops.model.events import CommandGiven
from aiops.model.prose import Prose
from aiops.ports import Clock, HaltState, Inbox, InboxRow

LONGEST_REASON: Final = 500
LONGEST_NAME: Final = 200


class UnknownError(PermanentError):
    """There is nothing of that name."""


class NotNowError(PermanentError):
    """It exists, but the command does not fit what it is doing."""


class WrongError(PermanentError):
    """The command itself is wrong: no name, a number out of range."""


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a command."""

    text: str
    """A sentence for the person who gave it."""
    new: bool = True
    """False: the same person had said the same before; nothing was written."""


@dataclass(frozen=True, slots=True)
class Word:
    """A command as ``aiops.control.events.commands`` knows it."""

    command: str
    subject: str
    who: str
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Switch:
    """Stops and starts all actions, whether the orchestrator runs or not.

    Args:
        inbox: the two tables that others than the orchestrator write.
        clock: for the rows' times, for display only.
        domain: whose actions.
    """

    inbox: Inbox
    clock: Clock
    domain: str = MAIN_DOMAIN

    def halt(self, who: str, reason: str = "") -> Told:
        """Let no new action begin from this moment on. Written even when it is halted already: a stop is never lost."""
        state = self._write(who, reason, halted=True)
        return Told(f"halted (generation {state.generation}): no new action begins; `aiops resume` lets it go on")

    def resume(self, who: str, reason: str = "") -> Told:
        """Let actions begin again."""
        if not self.inbox.halt_state(self.domain).halted:
            return Told("it was not halted", new=False)
        state = self._write(who, reason, halted=False)
        return Told(f"resumed (generation {state.generation}): actions may begin again")

    def tell(self, key: str, word: Word, text: str) -> Told:
        """Append the command; ``key`` is unique, so that the same word of the same person counts once."""
        now, who = self.clock.now(), checked_name(word.who)
        event = CommandGiven(
            id=key,
            at=now,
            command=word.command,
            subject=word.subject,
            who=who,
            arguments=word.arguments,
            domain=self.domain,
        )
        if self.inbox.append(InboxRow(key, now, "command", encode(event), who, domain=self.domain)):
            return Told(text)
        return Told(f"{text} (said before; nothing changes)", new=False)

    def _write(self, who: str, reason: str, *, halted: bool) -> HaltState:
        reason = sentence(reason)
        wanted = HaltState(0, halted, checked_name(who), self.clock.now(), Prose(reason))
        state = self.inbox.set_halt(wanted, self.domain)
        word = "halt" if halted else "resume"
        # The table has stopped it already; the row lets the journal tell who asked and why.
        self.tell(f"command/{word}/{state.generation}", Word(word, "", who, {"reason": reason}), "")
        return state


def checked_name(who: str) -> str:
    """A person's name as it goes into the journal."""
    if not who.strip() or len(who) > LONGEST_NAME or not who.isprintable():
        raise WrongError(f"a command needs the name of who gives it, at most {LONGEST_NAME} printable characters")
    return who


def sentence(reason: str) -> str:
    """A reason on one line, cut."""
    return " ".join(reason.split())[:LONGEST_REASON]
