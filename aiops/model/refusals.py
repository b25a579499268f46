"""Why an event has no effect: a kind that decisions read, and a sentence for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aiops.model.errors import AiopsError, NoTransitionError
from aiops.model.prose import Prose


class RefusalKind(StrEnum):
    """Kinds of refusal."""

    OLD = "old"
    """It was told before, or something newer was: a duplicate."""
    LATE = "late"
    """What it speaks of has moved on, or nobody waits for it any more."""
    UNKNOWN = "unknown"
    """It names something that does not exist."""
    MALFORMED = "malformed"
    """A field of it is missing or makes no sense."""
    NOT_PERMITTED = "not-permitted"
    """It asks for something that it may not."""
    FAULT = "fault"
    """Its handling failed with a fault of ours."""
    UNSTATED = "unstated"
    """Version 0.1.0 wrote the sentence only."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event had no effect; nothing was changed."""

    kind: RefusalKind
    reason: Prose


class RefusedError(AiopsError):
    """The event may not have an effect. Nothing was changed."""

    def __init__(self, kind: RefusalKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class OldNewsError(RefusedError):
    """The event was told before, or something newer was: a duplicate."""

    def __init__(self, message: str) -> None:
        super().__init__(RefusalKind.OLD, message)


def refusal_of(error: AiopsError) -> Refusal:
    """What an error of ours that ends an event's handling says of the event."""
    match error:
        case RefusedError(kind=kind):
            pass
        case NoTransitionError():
            kind = RefusalKind.LATE
        case _:
            kind = RefusalKind.NOT_PERMITTED
    return Refusal(kind, Prose(str(error)))
