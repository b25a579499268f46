"""Parts of what was fetched from one partition: cuts by place, by offset and by minute of append time."""

from __future__ import annotations

from itertools import groupby

from aiops.model.durations import MINUTE
from aiops.model.records import FetchedRecords


def cut(fetched: FetchedRecords, begin: int, end: int) -> FetchedRecords:
    """The records [begin, end) of a fetch."""
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


def after(fetched: FetchedRecords, offset: int) -> FetchedRecords:
    """The records from ``offset`` on."""
    if not fetched.offsets or fetched.offsets[0] >= offset:
        return fetched
    begin = sum(1 for found in fetched.offsets if found < offset)
    return cut(fetched, begin, len(fetched.offsets))


def by_minute(fetched: FetchedRecords) -> list[FetchedRecords]:
    """Runs of records that were appended in the same minute."""
    minutes = [at // MINUTE for at in fetched.appended_at]
    parts, begin = [], 0
    for _, run in groupby(minutes):
        end = begin + len(list(run))
        parts.append(cut(fetched, begin, end))
        begin = end
    return parts
