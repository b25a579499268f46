"""Writes a person's command where the runtime reads it: an inbox row or the halt table.

It imports little, so that `aiops halt` starts quickly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aiops.model.codec import encode
from aiops.model.entities import MAIN_DOMAIN
from aiops.model.errors import PermanentError
from aiops.model.events import CommandGiven
from aiops.model.journal import HaltState, InboxRow
from aiops.model.prose import Prose
from aiops.ports import Clock, Inbox

LONGEST_REASON: Final = 500
LONGEST_NAME: Final = 200


class UnknownError(PermanentError):
    """No incident, plan or page has that name."""


class NotNowError(PermanentError):
    """The incident's state does not allow the command."""


class WrongError(PermanentError):
    """The command is invalid: no name, or a number out of range."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The result of a command."""

    text: str
    """A sentence for the person who gave it."""
    new: bool = True
    """False: the same person gave the same command before, so nothing was written."""


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """A command as ``aiops.control.events.commands`` knows it."""

    command: str
    subject: str
    who: str
    arguments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Switch:
    """Halts and resumes all actions, whether the orchestrator runs or not.

    Args:
        inbox: the inbox and the halt table, which other processes than the orchestrator write.
        clock: gives the rows their times, which are for display only.
        domain: the domain whose actions are halted.
    """

    inbox: Inbox
    clock: Clock
    domain: str = MAIN_DOMAIN

    def halt(self, who: str, reason: str = "") -> CommandResult:
        """Stop new actions. The row is written even if actions are halted already, so that no halt is lost."""
        state = self._write(who, reason, halted=True)
        return CommandResult(f"halted (generation {state.generation}): no new action starts; to go on: aiops resume")

    def resume(self, who: str, reason: str = "") -> CommandResult:
        """Allow new actions again."""
        if not self.inbox.halt_state(self.domain).halted:
            return CommandResult("actions were not halted", new=False)
        state = self._write(who, reason, halted=False)
        return CommandResult(f"resumed (generation {state.generation}): new actions may start")

    def submit(self, key: str, word: CommandRequest, text: str) -> CommandResult:
        """Append the command; ``key`` is unique, so that the same command of the same person counts once."""
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
            return CommandResult(text)
        return CommandResult(f"{text} (already recorded; nothing changes)", new=False)

    def _write(self, who: str, reason: str, *, halted: bool) -> HaltState:
        reason = sentence(reason)
        wanted = HaltState(0, halted, checked_name(who), self.clock.now(), Prose(reason))
        state = self.inbox.set_halt(wanted, self.domain)
        word = "halt" if halted else "resume"
        # The table takes effect at once; the row records in the journal who asked and why.
        self.submit(f"command/{word}/{state.generation}", CommandRequest(word, "", who, {"reason": reason}), "")
        return state


def checked_name(who: str) -> str:
    """The name if it can be recorded; raises ``WrongError`` otherwise."""
    if not who.strip() or len(who) > LONGEST_NAME or not who.isprintable():
        raise WrongError(f"a command needs the name of who gives it: 1 to {LONGEST_NAME} printable characters")
    return who


def sentence(reason: str) -> str:
    """A reason on one line, at most ``LONGEST_REASON`` characters."""
    return " ".join(reason.split())[:LONGEST_REASON]
