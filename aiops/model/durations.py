"""Durations in nanoseconds, the unit of every time and duration inside."""

from typing import Final

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
DAY: Final = 86_400 * SECOND
