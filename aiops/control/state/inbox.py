"""What rows of the inbox say to the orchestrator: people's commands, executors' outcomes, events of other parts.

Other kinds are not for it: attempts are read by executors alone, ``scale`` by whoever owns the fleet.
"""

from __future__ import annotations

from dataclasses import replace

from aiops.model.codec import EVENT, decode
from aiops.model.events import CommandGiven, Event, StepReported
from aiops.model.journal import InboxRow
from aiops.model.plans import StepOutcome


class UnreadableRowError(ValueError):
    """A row that its writer should have checked cannot be read; it says nothing."""


def event_of(row: InboxRow, now: int) -> Event | None:
    """The event that a row is, as of ``now``; None: it is not for the orchestrator. Raises ``UnreadableRowError``."""
    try:
        match row.kind:
            case "outcome":
                outcome = decode(StepOutcome, row.body)
                return StepReported(id=row.key, at=now, outcome=outcome, domain=row.domain)
            case "command":
                command = decode(CommandGiven, row.body)
                return replace(command, id=row.key, at=now, who=row.who, domain=row.domain)
            case "event":
                return replace(EVENT.validate_json(row.body), id=row.key, at=now, domain=row.domain)
            case _:
                return None
    except ValueError as error:
        raise UnreadableRowError(f"inbox row {row.key!r}: {error}") from error
