"""Counts log lines of a slot and counts from other slots, or sends them to the slot that owns the entity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aiops.agents.monitor import calls
from aiops.agents.monitor.calls import MOST_NAME
from aiops.model.deadletters import DeadLetterReason
from aiops.model.ledger import Ending
from detectors import rows
from detectors.intervals import INTERVAL
from detectors.logs import lookup
from detectors.logs.counter import LEVEL_NAMES
from detectors.logs.lookup import Lines
from detectors.wire.batch import Rejected
from detectors.wire.hashing import HashIndex
from detectors.wire.slots import slot_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from aiops.agents.monitor.plan import Produced
    from aiops.agents.monitor.slot import Slot
    from aiops.agents.monitor.slot_routers import RowRouter
    from aiops.model.records import FetchedRecords
    from detectors.rows import LogRow
    from detectors.senders.layout import Aligned
    from detectors.wire.logs import LogBatch

_SEVERITIES = {"info": 9, "warning": 13, "error": 17}


def take_logs(slot: Slot, fetched: FetchedRecords, batch: LogBatch, *, router: RowRouter, aligned: Aligned) -> None:
    """Count the lines of a batch. The caller has counted the decoded units; this function counts endings.

    A line whose interval is closed is late if it is also too old for its own sender. Otherwise another sender's clock
    closed the interval, and the line counts in the oldest open one.
    """
    account, plan = slot.accounts[fetched.source.topic], slot.plan
    entities = [name[:MOST_NAME] for name in batch.entities]
    highest, closed = aligned.highest, slot.logs.clock.closed_before(aligned.closing)
    open_from = closed[batch.record]
    intervals = batch.at // INTERVAL
    late = (intervals < open_from) & (aligned.late != 0)
    own = np.ones(len(batch), np.bool_)
    if plan.routed(fetched.source.topic):
        owners = np.array([slot_of(name, plan.slots) for name in entities], np.int32)[batch.entity]
        own = owners == plan.slot
        _forward(slot, batch, (np.flatnonzero(~own & ~late), owners, entities, fetched.offsets), router=router)
    intervals = np.where(late, intervals, np.maximum(intervals, open_from))
    forwarded = int(np.count_nonzero(~own & ~late))
    account.forwarded += forwarded
    account.end(Ending.LATE, int(np.count_nonzero(late)))
    account.end(Ending.LEARNED, len(batch) - int(np.count_nonzero(late)) - forwarded)
    begin = first = 0
    for number in np.flatnonzero(np.diff(closed, append=-1)).tolist():
        end = int(np.searchsorted(batch.record, number, side="right"))
        which = begin + np.flatnonzero(own[begin:end])
        lines = Lines(batch.begin[which], batch.end[which], np.empty(0, np.uint64), batch.severity[which])
        occurrences = (batch.entity[which], intervals[which], np.ones(len(which), np.int64))
        slot.logs.add(batch.text, lines, entities, occurrences=occurrences)
        for place in range(first, number + 1):
            slot.logs.advance(int(aligned.closing[place]))
            slot.detection.record(int(highest[place]), fetched.appended_at[place])
        begin, first = end, number + 1


def _forward(
    slot: Slot,
    batch: LogBatch,
    known: tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], list[str], Sequence[int]],
    *,
    router: RowRouter,
) -> None:
    """Send counts of lines by template to the slots that own their entities."""
    which, owners, entities, offsets = known
    if not len(which):
        return
    hashes = np.array([lookup.hash_of(name.encode()) for name in entities], np.uint64)
    severity = batch.severity[which]
    lines = Lines(batch.begin[which], batch.end[which], hashes[batch.entity[which]], severity)
    keys = lookup.look_up(batch.text, lines, HashIndex().slots, general=np.zeros(1, np.uint8)).key
    columns = (batch.record[which], batch.at[which] // INTERVAL, keys.view(np.int64))
    _, first, counts = np.unique(np.stack(columns, axis=1), axis=0, return_index=True, return_counts=True)
    levels = (severity >= 13).astype(int) + (severity >= 17)
    for place, count in zip(first.tolist(), counts.tolist(), strict=True):
        line = int(which[place])
        text = slot.logs.texts.of(int(keys[place]), batch.text[batch.begin[line] : batch.end[line]])
        entity, interval = entities[batch.entity[line]], int(batch.at[line]) // INTERVAL
        occurrences = (entity, LEVEL_NAMES[levels[place]], text, interval)
        router.log(int(owners[line]), offsets[batch.record[line]], occurrences, count=count)


def take_rows(slot: Slot, fetched: FetchedRecords, received_at: int, *, out: Produced) -> None:
    """Add counts from other slots for this slot's entities."""
    account = slot.accounts[fetched.source.topic]
    mark = slot.marks[fetched.source.topic]
    for number, value in enumerate(fetched.values):
        account.take(fetched.offsets[number : number + 1], 0)
        found = rows.decode(value, slot.seen)
        if found is None:
            account.items += 1
            account.end(Ending.DEAD_LETTER, 1)
            out.dead_letters += slot.dead_letters.of_records(
                fetched, [Rejected(number, DeadLetterReason.UNDECODABLE, 1, (0,))]
            )
            continue
        units = sum(row[-1] for row in found.rows.logs) + sum(row[-1] for row in found.rows.spans)
        newest_log = max((row[4] for row in found.rows.logs), default=0)
        newest_span = max((row[4] for row in found.rows.spans), default=0)
        _add_rows(slot, found.rows.logs)
        calls.take_rows(slot, found.rows.spans)
        account.items += units + found.duplicates
        account.end(Ending.DUPLICATE, found.duplicates)
        account.end(Ending.LEARNED, units)
        slot.logs.advance(newest_log * INTERVAL)
        slot.spans.advance(newest_span * INTERVAL)
        newest, appended = max(newest_log, newest_span) * INTERVAL, fetched.appended_at[number]
        slot.detection.record(newest, appended)
        if newest:
            slot.hear(found.rows.origin, newest)
            mark.advance(np.array([newest]), np.array([appended]), received_at)


def _add_rows(slot: Slot, found: Sequence[LogRow]) -> None:
    """Add rows of counted lines. The slot that read the lines has left out late ones; the others are counted."""
    if not found:
        return
    texts = [row[3].encode(errors="replace") for row in found]
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
    begins = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
    severity = np.array([_SEVERITIES.get(row[2], 9) for row in found], np.int64)
    entities = list(dict.fromkeys(row[1][:MOST_NAME] for row in found))
    codes = {name: code for code, name in enumerate(entities)}
    which = np.array([codes[row[1][:MOST_NAME]] for row in found], np.int32)
    intervals, counts = (np.array([row[column] for row in found], np.int64) for column in (4, 5))
    intervals = np.maximum(intervals, slot.logs.clock.closed)
    lines = Lines(begins, ends, np.empty(0, np.uint64), severity)
    slot.logs.add(np.frombuffer(b"".join(texts), np.uint8), lines, entities, occurrences=(which, intervals, counts))
