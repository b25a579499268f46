"""Outcomes of incidents: a kind, which decisions read, and a detail for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aiops.model.prose import NOTHING, Prose


class OutcomeKind(StrEnum):
    """How an incident ended, or that it was handed to a person."""

    HEALED = "healed"
    """Its plan was verified."""
    CLEARED = "cleared"
    """All its episodes ended, and no plan was verified."""
    CLEARED_WITH_PERSON = "cleared-with-person"
    """All its episodes ended after it was handed to a person."""
    SHADOW = "shadow"
    """Shadow mode; detail: what would have been done."""
    HANDED_OVER = "handed-over"
    REJECTED = "rejected"
    """Detail: who rejected its plan."""
    CLOSED_BY_PERSON = "closed-by-person"
    """Detail: who."""
    LEFT_WITH_PERSON = "left-with-person"
    """It was handed to a person, and was closed because it was still open a day after a reminder."""
    NOT_HEARD_AGAIN = "not-heard-again"
    """An incident of the runtime itself whose problem was not reported again in time."""
    MERGED = "merged"
    """Detail: the incident that it is part of."""
    UNSTATED = "unstated"
    """Text of an earlier version that matches no other kind; the text is the detail."""


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
    """Fields for external programs: ``outcome`` as text and ``outcome_kind``; both empty: not ended."""
    if outcome is None:
        return {"outcome": "", "outcome_kind": ""}
    return {"outcome": str(outcome), "outcome_kind": outcome.kind.value}
