"""Dead letters: input that could not be used, the reason, and the number of units. One per record and reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from aiops.model.entities import MAIN_DOMAIN
from aiops.model.prose import NOTHING, Prose


class DeadLetterReason(StrEnum):
    """Why input could not be used; the list is closed."""

    UNDECODABLE = "undecodable"
    SCHEMA_MISMATCH = "schema-mismatch"
    MISSING_FIELD = "missing-field"
    NOT_A_NUMBER = "not-a-number"
    NO_TIME = "no-time"
    BAD_TIME = "bad-time"
    FAR_FUTURE = "far-future"
    SERIES_LIMIT = "series-limit"
    TOO_LARGE = "too-large"
    UNKNOWN_SERIES = "unknown-series"
    UNSUPPORTED = "unsupported"
    KILLED_SHARD = "killed-shard"
    """A shard died twice while it processed the record, which is now set aside unread."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """The units of one record that one reason made unusable. A repeat has the same ``key`` and is counted once."""

    topic: str
    partition: int
    offset: int
    reason: DeadLetterReason
    items: int
    """Number of points, lines or spans of the record lost to this reason; 1 if they cannot be distinguished."""
    places: tuple[int, ...]
    """Positions of the first ten lost units within the record."""
    at: int
    """When the record reached the broker, ns."""
    original: bytes
    """The record's value, cut to the configured size; encrypted before it leaves the process."""
    cut: bool = False
    headers: tuple[tuple[str, bytes], ...] = ()
    """The first headers, up to the same size together."""
    record_key: bytes | None = None
    """Key of the record; a compacted topic accepts no replayed record without it."""
    detail: Prose = NOTHING
    domain: str = MAIN_DOMAIN

    @property
    def key(self) -> str:
        """Identity of this dead letter."""
        return f"{self.topic}/{self.partition}/{self.offset}/{self.reason}"


def kept_key(key: bytes | None, most_bytes: int) -> bytes | None:
    """A record's key; None if it is larger than ``most_bytes``."""
    return None if key is None or len(key) > most_bytes else key


def kept_headers(headers: Sequence[tuple[str, bytes]], most_bytes: int) -> tuple[tuple[str, bytes], ...]:
    """The first headers that together fit into ``most_bytes``; the size of a record's headers is not bounded."""
    kept, left = [], most_bytes
    for name, value in headers:
        left -= len(name.encode(errors="surrogatepass")) + len(value)
        if left < 0:
            break
        kept.append((name, value))
    return tuple(kept)
