"""Rules for every telemetry format. The subject is a format with some records of it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from aiops.contracts.rule import BrokenContractError, require
from aiops.model.durations import DAY
from detectors.wire.batch import PointBatch, WireSettings
from detectors.wire.formats import Format
from detectors.wire.logs import LogBatch
from detectors.wire.memory import WireMemory
from detectors.wire.spans import SpanBatch

MUTATIONS: Final = 200
Batch = PointBatch | LogBatch | SpanBatch


@dataclass(frozen=True, slots=True)
class FormatSubject:
    """A format, valid records of it, and a time (ns UTC) shortly after theirs."""

    format: Format
    records: Sequence[bytes]
    now: int


def good_records_are_read_whole(subject: FormatSubject) -> None:
    """No unit of a valid record is rejected, and each record gives at least one unit."""
    batch = _decode(subject, subject.records)
    require(not batch.rejected, f"units of valid records are rejected: {batch.rejected[:3]}")
    require(len(batch) > 0 and bool((batch.items > 0).all()), f"units per record: {batch.items.tolist()[:10]}")


def every_unit_is_accounted_for(subject: FormatSubject) -> None:
    """For any bytes: no exception, and items = accepted + gaps + rejected for each record."""
    draw = random.Random(11)  # noqa: S311 (seeded cases, no secret)
    for _ in range(MUTATIONS):
        given = [_mutated(draw, record) for record in subject.records] + [b"", b"\x00" * 9, subject.records[0]]
        batch = _decode(subject, given)
        _adds_up(batch, len(given))


def a_bad_record_harms_no_other(subject: FormatSubject) -> None:
    """A record after an invalid one gives the same units and rows as it gives alone."""
    alone = _decode(subject, subject.records[:1])
    after = _decode(subject, [b"\xff\x00rubbish", subject.records[0]])
    require(int(after.items[1]) == int(alone.items[0]), "a record gives another number of units after an invalid one")
    require(int((after.record == 1).sum()) == len(alone), "a record gives another number of rows after an invalid one")


def the_future_is_rejected(subject: FormatSubject) -> None:
    """Decoded one year before their times, all units are too far in the future."""
    early = subject.now - 365 * DAY
    batch = subject.format.decode(subject.records, WireMemory(1000, WireSettings()), early)
    require(len(batch) == 0, f"{len(batch)} rows with a time a year ahead are accepted")
    _adds_up(batch, len(subject.records))


def the_same_records_give_the_same_batch(subject: FormatSubject) -> None:
    """Decoding depends on its arguments alone."""
    one, two = _decode(subject, subject.records), _decode(subject, subject.records)
    require(one.at.tobytes() == two.at.tobytes() and len(one) == len(two), "two decodings of the same records differ")


RULES: Final = (
    good_records_are_read_whole,
    every_unit_is_accounted_for,
    a_bad_record_harms_no_other,
    the_future_is_rejected,
    the_same_records_give_the_same_batch,
)


def _decode(subject: FormatSubject, records: Sequence[bytes]) -> Batch:
    try:
        return subject.format.decode(records, WireMemory(1000, WireSettings()), subject.now)
    except Exception as error:
        raise BrokenContractError(f"decoding raises {error!r}, and must reject unusable input") from error


def _adds_up(batch: Batch, count: int) -> None:
    """Check items = accepted + gaps + rejected. Of points only the primary ones count as units."""
    units = batch.record[batch.unit == 1] if isinstance(batch, PointBatch) else batch.record
    accepted = np.bincount(units, minlength=count)
    rejected = np.zeros(count, np.int64)
    for entry in batch.rejected:
        rejected[entry.record] += entry.items
    left = batch.items - accepted - rejected
    gaps = batch.gaps if isinstance(batch, PointBatch) else 0
    require(len(batch.items) == count, f"items are given for {len(batch.items)} of {count} records")
    require(
        bool((left >= 0).all()) and int(left.sum()) == gaps,
        f"units not accounted for, or counted twice, by record: {left.tolist()}",
    )


def _mutated(draw: random.Random, record: bytes) -> bytes:
    broken = bytearray(record)
    for _ in range(draw.randrange(4)):
        broken[draw.randrange(len(broken))] = draw.randrange(256)
    return bytes(broken[: draw.randrange(len(broken) + 1)] if draw.random() < 0.2 else broken)
