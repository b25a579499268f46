"""Errors of the product: temporary ones, which may be tried again, and permanent ones."""

from __future__ import annotations


class AiopsError(Exception):
    """Base class of the errors that the product raises; the text states what to do."""


class TemporaryError(AiopsError):
    """An external system is not available; the same call may succeed later.

    Args:
        message: what failed and what to do about it.
        delay_seconds: how long to wait before the next try.
    """

    def __init__(self, message: str, delay_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.delay_seconds = delay_seconds


class PermanentError(AiopsError):
    """The same call will fail again until a person changes something."""


class FencedOutError(PermanentError):
    """A newer epoch exists; a process that gets this error must stop at once and write nothing more."""


class NoTransitionError(AiopsError):
    """A state machine has no transition for an event in its present state; nothing was changed."""
