"""Errors of the product: what may be tried again, and what may not."""

from __future__ import annotations


class AiopsError(Exception):
    """Any error that the product raises on purpose; its text says what to do."""


class TemporaryError(AiopsError):
    """Something outside is not available now; the same call may work later.

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
    """A newer epoch exists: whoever gets this must stop at once and write nothing more."""


class NoTransitionError(AiopsError):
    """A state machine was given an event that its state does not know; nothing was changed."""
