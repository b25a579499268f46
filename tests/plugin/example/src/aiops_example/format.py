"""A telemetry format: lines of text, ``SECONDS ENTITY METRIC VALUE``, any number a record."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from aiops.model.deadletters import DeadLetterReason
from detectors.wire.batch import EARLIEST, BatchAccount, PointBatch, PointRows, Rejections, assemble
from detectors.wire.formats import PointFormat
from detectors.wire.identity import SeriesIdentity
from detectors.wire.memory import WireMemory
from detectors.wire.series import REFUSED

Line = tuple[int, str, str, float]


def decode(records: Sequence[bytes], memory: WireMemory, received_at: int) -> PointBatch:
    """Each line is a unit: a point, or rejected with its reason."""
    rows, rejections, items = PointRows(), Rejections(), np.zeros(len(records), np.int64)
    for record, value in enumerate(records):
        if len(value) > memory.settings.max_record_bytes:
            items[record] = 1
            rejections.add(record, DeadLetterReason.TOO_LARGE, (0,))
            continue
        lines = [line for line in value.split(b"\n") if line.strip()] or [b""]
        items[record] = len(lines)
        for place, line in enumerate(lines):
            found = _point(line, received_at + memory.settings.future_ns)
            if isinstance(found, DeadLetterReason):
                rejections.add(record, found, (place,))
                continue
            at, entity, metric, number = found
            series = int(memory.table.add([SeriesIdentity(entity, metric)])[0])
            if series < 0:
                rejections.add(record, REFUSED[series], (place,))
                continue
            rows.series.append(series)
            rows.at.append(at)
            rows.value.append(number)
            rows.start.append(0)
            rows.record.append(record)
            rows.unit.append(1)
            rows.place.append(place)
    return assemble([rows.arrays()], BatchAccount(rejections, 0, items))


def _point(line: bytes, latest: int) -> Line | DeadLetterReason:
    try:
        seconds, entity, metric, value = line.decode().split()
        at, number = round(float(seconds) * 1e9), float(value)
    except (ValueError, OverflowError):
        return DeadLetterReason.UNDECODABLE
    if at > latest:
        return DeadLetterReason.FAR_FUTURE
    if at < EARLIEST:
        return DeadLetterReason.BAD_TIME
    return (at, entity, metric, number) if math.isfinite(number) else DeadLetterReason.NOT_A_NUMBER


PLAIN_LINES = PointFormat(decode)
