"""Additive rows of logs and spans on the internal topic: what one slot counted for the entities of another.

A row carries its origin offset, so that the receiver drops what a replaying sender sends again. The text of log rows is
masked before it gets here. Values begin with ``MAGIC`` and a letter, then JSON.
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
"""Origin offset, entity, peer, whether a use, interval, calls, errors, durations (bucket, count), spans behind it."""


class KeyedRows(BaseModel):
    """What one keyed record of this kind holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    origin: Origin
    logs: list[LogRow] = Field(default_factory=list)
    spans: list[SpanRow] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Received:
    """New rows of a record, and the units of those that were seen before."""

    rows: KeyedRows
    duplicates: int


def is_rows(value: bytes) -> bool:
    """Whether a keyed record holds rows rather than points."""
    return value.startswith(MAGIC)


def encode(rows: KeyedRows) -> bytes:
    """The record."""
    return MAGIC + rows.model_dump_json().encode()


def decode(value: bytes, seen: MutableMapping[Origin, int]) -> Received | None:
    """Rows that are new, None where the bytes are none; ``seen`` holds the last offset of each origin, and moves on."""
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
