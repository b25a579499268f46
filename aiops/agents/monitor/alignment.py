"""Corrects the event times of a batch by its senders' clocks before anything is scored or counted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from aiops.agents.monitor.senders import Batch, SenderClocks, key_of, receipts_of
from detectors.senders.layout import Aligned

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from aiops.model.records import FetchedRecords
    from detectors.wire.batch import PointBatch
    from detectors.wire.hashing import Hashes
    from detectors.wire.logs import LogBatch
    from detectors.wire.series import SeriesTable
    from detectors.wire.spans import SpanBatch

    Longs = npt.NDArray[np.int64]

_EMPTY = np.empty(0, np.int64)


def bounded(fetched: FetchedRecords, polled_at: int) -> FetchedRecords:
    """The records with their time of receipt in place of the append time, which a producer's clock may have set."""
    if not fetched.appended_at or max(fetched.appended_at) <= polled_at:
        return fetched
    return replace(fetched, appended_at=receipts_of(fetched.appended_at, polled_at).tolist())


def align_points(
    senders: SenderClocks, fetched: FetchedRecords, batch: PointBatch, *, known: tuple[int, SeriesTable], transit: bool,
    trusted: bool = False,
) -> tuple[PointBatch, Aligned]:  # fmt: skip
    """The batch with corrected times.

    Args:
        senders: of the slot.
        fetched: with times of receipt.
        batch: as decoded.
        known: number of the topic, and the table of the batch's series.
        transit: it is the table of series in transit.
        trusted: another slot has corrected the times.
    """
    batch = replace(batch, at=_own(batch.at), start=_own(batch.start))
    given = Batch(batch.at, batch.start, batch.series, batch.record, np.array(fetched.appended_at, np.int64))
    return batch, senders.align_points(given, *known, transit=transit, trusted=trusted)


def align_lines(
    senders: SenderClocks, fetched: FetchedRecords, batch: LogBatch, *, source: int, late_ns: int
) -> tuple[LogBatch, Aligned]:
    """The lines with corrected times."""
    batch = replace(batch, at=_own(batch.at))
    given, named = _members(batch, batch.entities, fetched)
    return batch, senders.align_items(given._replace(at=batch.at), source, named, late_ns=late_ns)


def align_spans(
    senders: SenderClocks, fetched: FetchedRecords, batch: SpanBatch, *, source: int, late_ns: int
) -> tuple[SpanBatch, Aligned]:
    """The spans with corrected times. A span is dated by its end."""
    ends = batch.at + batch.duration
    given, named = _members(batch, batch.words, fetched)
    aligned = senders.align_items(given._replace(at=ends), source, named, late_ns=late_ns)
    return replace(batch, at=ends - batch.duration), aligned


def _members(
    batch: LogBatch | SpanBatch, words: Sequence[str], fetched: FetchedRecords
) -> tuple[Batch, tuple[Hashes, list[str]]]:
    """Items by resource, and hash and entity of each resource; by entity where a format does not tell resources."""
    if len(batch.resources):
        names = [""] * len(batch.resources)
        used, first = np.unique(batch.resource, return_index=True)
        for resource, place in zip(used.tolist(), first.tolist(), strict=True):
            names[resource] = words[batch.entity[place]]
        member, keys = batch.resource, batch.resources
    else:
        member, names = batch.entity, list(words)
        keys = np.array([key_of(name) for name in names], np.uint64)
    receipts = np.array(fetched.appended_at, np.int64)
    return Batch(_EMPTY, _EMPTY, np.ascontiguousarray(member), batch.record, receipts), (keys, names)


def _own(array: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.require(array, np.int64, ["C", "W"])
