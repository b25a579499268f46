"""Dead letters: what could not be used, why, and how much of it. One per record and reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from aiops.model.entities import MAIN_DOMAIN
from aiops.model.prose import NOTHING, Prose


class DeadLetterReason(StrEnum):
    """The closed list of reasons."""

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


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Keyed by topic, partition, offset and reason, so that a repeat is counted once."""

    topic: str
    partition: int
    offset: int
    reason: DeadLetterReason
    items: int
    """Points, lines or spans of the record that are lost to this reason; 1 where they cannot be told apart."""
    places: tuple[int, ...]
    """Positions of the first ten within the record."""
    at: int
    """When the record reached the broker, ns."""
    original: bytes
    """The record's value, cut at the stated size; encrypted before it leaves the process."""
    cut: bool = False
    headers: tuple[tuple[str, bytes], ...] = ()
    """The first ones, up to the same size."""
    record_key: bytes | None = None
    """Key of the record: a compacted topic takes no record back without it."""
    detail: Prose = NOTHING
    domain: str = MAIN_DOMAIN

    @property
    def key(self) -> str:
        """Identity of this dead letter."""
        return f"{self.topic}/{self.partition}/{self.offset}/{self.reason}"


def kept_key(key: bytes | None, most_bytes: int) -> bytes | None:
    """A record's key, unless it is larger than what is kept of a record."""
    return None if key is None or len(key) > most_bytes else key


def kept_headers(headers: Sequence[tuple[str, bytes]], most_bytes: int) -> tuple[tuple[str, bytes], ...]:
    """The first headers that fit into a size together: a record may be nothing but headers, as many as it likes."""
    kept, left = [], most_bytes
    for name, value in headers:
        left -= len(name.encode(errors="surrogatepass")) + len(value)
        if left < 0:
            break
        kept.append((name, value))
    return tuple(kept)
