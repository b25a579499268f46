"""Exit codes of the commands."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes, the same in every command."""

    OK = 0
    """Done, or the answer is yes."""
    NO = 1
    """The command worked and the answer is no: not running, not found, a difference, a check that failed."""
    USAGE = 2
    """The command line is wrong."""
    FAILED = 3
    """A person must change something first; the message names it."""
    LATER = 4
    """An external service is not available now; the same command may work later."""
