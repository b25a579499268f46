"""Runs of the records of one fetch, and parts of its points."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

import numpy as np

from aiops.model.durations import MINUTE
from aiops.model.records import FetchedRecords
from detectors.wire.batch import PointBatch


def part_of(fetched: FetchedRecords, begin: int, end: int) -> FetchedRecords:
    """The records at positions [begin, end)."""
    if begin == 0 and end == len(fetched.offsets):
        return fetched
    return FetchedRecords(
        fetched.source,
        fetched.offsets[begin:end],
        fetched.values[begin:end],
        fetched.keys[begin:end],
        fetched.appended_at[begin:end],
        fetched.headers[begin:end] if fetched.headers else (),
    )


def records_after(fetched: FetchedRecords, offset: int) -> FetchedRecords:
    """The records from ``offset`` on."""
    if not fetched.offsets or fetched.offsets[0] >= offset:
        return fetched
    begin = sum(1 for found in fetched.offsets if found < offset)
    return part_of(fetched, begin, len(fetched.offsets))


def by_minute(fetched: FetchedRecords) -> list[FetchedRecords]:
    """Runs of records that were appended in the same minute."""
    minutes = [at // MINUTE for at in fetched.appended_at]
    parts, begin = [], 0
    for _, run in groupby(minutes):
        end = begin + len(list(run))
        parts.append(part_of(fetched, begin, end))
        begin = end
    return parts


def chosen_points(batch: PointBatch, which: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> PointBatch:
    """Some points of a batch, by mask."""
    return replace(
        batch,
        series=batch.series[which],
        at=batch.at[which],
        value=batch.value[which],
        start=batch.start[which],
        record=batch.record[which],
        unit=batch.unit[which],
    )
