"""Additive rows of logs and spans on the internal topic: what one slot counted for the entities of another.

A row carries its origin offset. The receiver uses it to drop rows that a replaying sender sends again. The sender masks
the text of log rows. A value is ``MAGIC`` followed by JSON.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from detectors.spans.flows import BUCKETS

MAGIC = b"aiops-rows-1:"
_NATURAL = Annotated[int, Field(ge=0, lt=2**53)]
_INTERVAL = Annotated[int, Field(ge=0, lt=2**31)]
_BUCKET = Annotated[int, Field(ge=0, lt=BUCKETS)]
_TEXT = Annotated[str, Field(max_length=8192)]
Origin = tuple[str, int]
"""Topic and partition."""
LogRow = tuple[_NATURAL, _TEXT, _TEXT, _TEXT, _INTERVAL, _NATURAL]
"""Origin offset, entity, severity, masked text, interval, lines."""
SpanRow = tuple[_NATURAL, _TEXT, _TEXT, bool, _INTERVAL, _NATURAL, _NATURAL, list[tuple[_BUCKET, _NATURAL]], _NATURAL]
"""Origin offset, entity, peer, whether it is a use, interval, calls, errors, durations (bucket, count), span count."""


class KeyedRows(BaseModel):
    """The rows of one keyed record."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    origin: Origin
    logs: list[LogRow] = Field(default_factory=list)
    spans: list[SpanRow] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Received:
    """New rows of a record, and the number of lines and spans in its repeated rows."""

    rows: KeyedRows
    duplicates: int
    """Lines and spans counted by rows that were received before."""


def is_rows(value: bytes) -> bool:
    """Whether a keyed record holds rows rather than points."""
    return value.startswith(MAGIC)


def encode(rows: KeyedRows) -> bytes:
    """The value of a record."""
    return MAGIC + rows.model_dump_json().encode()


def decode(value: bytes, seen: MutableMapping[Origin, int]) -> Received | None:
    """The new rows of a record's value; None: the bytes are malformed.

    ``seen`` holds the last offset of each origin. This call advances it.
    """
    try:
        rows = KeyedRows.model_validate_json(value[len(MAGIC) :])
    except ValidationError:
        return None
    last = seen.get(rows.origin, -1)
    logs = [row for row in rows.logs if row[0] > last]
    spans = [row for row in rows.spans if row[0] > last]
    before = sum(row[5] for row in rows.logs if row[0] <= last) + sum(row[8] for row in rows.spans if row[0] <= last)
    seen[rows.origin] = max([last, *(row[0] for row in logs), *(row[0] for row in spans)])
    return Received(KeyedRows(origin=rows.origin, logs=logs, spans=spans), before)
