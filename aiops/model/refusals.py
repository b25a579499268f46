"""Why an event was refused: a kind, which decisions read, and a sentence for people."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aiops.model.errors import AiopsError, NoTransitionError
from aiops.model.prose import Prose


class RefusalKind(StrEnum):
    """Kinds of refusal."""

    OLD = "old"
    """A duplicate: the same report or a newer one arrived before."""
    LATE = "late"
    """The object of the event has changed since, or no request waits for the answer any more."""
    UNKNOWN = "unknown"
    """The event names an object that does not exist."""
    MALFORMED = "malformed"
    """A field of the event is missing or invalid."""
    NOT_PERMITTED = "not-permitted"
    """The event requests something that is not permitted."""
    FAULT = "fault"
    """A bug in the product stopped the handling of the event."""
    UNSTATED = "unstated"
    """Version 0.1.0 wrote only the sentence."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event was refused; nothing was changed."""

    kind: RefusalKind
    reason: Prose


class RefusedError(AiopsError):
    """The event is refused. Nothing was changed."""

    def __init__(self, kind: RefusalKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class OldNewsError(RefusedError):
    """The event is a duplicate: the same report or a newer one arrived before."""

    def __init__(self, message: str) -> None:
        super().__init__(RefusalKind.OLD, message)


def refusal_of(error: AiopsError) -> Refusal:
    """The refusal of an event whose handling raised ``error``."""
    match error:
        case RefusedError(kind=kind):
            pass
        case NoTransitionError():
            kind = RefusalKind.LATE
        case _:
            kind = RefusalKind.NOT_PERMITTED
    return Refusal(kind, Prose(str(error)))
