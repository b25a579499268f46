"""How incidents end: a kind that decisions read, with a detail for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aiops.model.prose import NOTHING, Prose


class OutcomeKind(StrEnum):
    """How an incident ended, or where it stands with a person."""

    HEALED = "healed"
    """Its plan was verified."""
    CLEARED = "cleared"
    """All its episodes ended, and no plan was verified."""
    CLEARED_WITH_PERSON = "cleared-with-person"
    """The same, while a person had it."""
    SHADOW = "shadow"
    """Shadow mode; detail: what would have been done."""
    HANDED_OVER = "handed-over"
    REJECTED = "rejected"
    """Detail: who rejected its plan."""
    CLOSED_BY_PERSON = "closed-by-person"
    """Detail: who."""
    LEFT_WITH_PERSON = "left-with-person"
    """Nothing was heard of it for too long after it was handed over."""
    NOT_HEARD_AGAIN = "not-heard-again"
    """A trouble of the runtime that has been quiet for long enough."""
    MERGED = "merged"
    """Detail: the incident that it is part of."""
    UNSTATED = "unstated"
    """Words of an earlier version that fit nothing else; they are the detail."""


_WORDS: Final = {
    OutcomeKind.HEALED: "healed",
    OutcomeKind.CLEARED: "cleared by itself",
    OutcomeKind.CLEARED_WITH_PERSON: "cleared while a person had it",
    OutcomeKind.SHADOW: "shadow: would ",
    OutcomeKind.HANDED_OVER: "handed to a person",
    OutcomeKind.REJECTED: "rejected by ",
    OutcomeKind.CLOSED_BY_PERSON: "closed by ",
    OutcomeKind.LEFT_WITH_PERSON: "left with a person",
    OutcomeKind.NOT_HEARD_AGAIN: "not heard of again",
    OutcomeKind.MERGED: "part of ",
    OutcomeKind.UNSTATED: "",
}


@dataclass(frozen=True, slots=True)
class IncidentOutcome:
    """How one incident ended. ``str`` gives it for people."""

    kind: OutcomeKind
    detail: Prose = NOTHING

    def __str__(self) -> str:
        """A few words: ``closed by kim``."""
        return f"{_WORDS[self.kind]}{self.detail}"


def as_fields(outcome: IncidentOutcome | None) -> dict[str, str]:
    """For programs outside: ``outcome`` in words, as ever, and ``outcome_kind`` to decide by; both empty: not ended."""
    if outcome is None:
        return {"outcome": "", "outcome_kind": ""}
    return {"outcome": str(outcome), "outcome_kind": outcome.kind.value}
