"""Joins the spans of a slot to calls, and counts them or sends them to the slot that owns the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aiops.model.ledger import Ending
from detectors.intervals import INTERVAL
from detectors.spans.flows import Added, Flow, buckets
from detectors.spans.join import FIGURES, Calls, Spans, keys_of
from detectors.spans.names import NONE, SpanNames
from detectors.wire.slots import slot_of
from detectors.wire.spans import ERROR

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from aiops.agents.monitor.plan import SlotPlan
    from aiops.agents.monitor.slot import Slot
    from aiops.agents.monitor.slot_routers import RowRouter
    from aiops.model.records import FetchedRecords
    from detectors.rows import SpanRow
    from detectors.senders.layout import Aligned
    from detectors.spans.names import Codes
    from detectors.wire.spans import SpanBatch

    Longs = npt.NDArray[np.int64]

MOST_NAME = 512
"""Greatest length of an entity's name; longer names are cut before they are stored and sent."""


def take_spans(slot: Slot, fetched: FetchedRecords, batch: SpanBatch, *, router: RowRouter, aligned: Aligned) -> None:
    """Count the calls in a batch of spans. The caller has counted the decoded units; this function counts endings.

    Spans are late as lines are, see ``lines.take_logs``.
    """
    series, plan, account = slot.spans, slot.plan, slot.accounts[fetched.source.topic]
    spans = _spans(series.names, batch)
    calls = series.join.calls(spans, len(series.names))
    closed = series.clock.closed_before(aligned.closing)
    open_from = closed[batch.record]
    behind = spans.interval < open_from
    late = behind & (aligned.late != 0)
    own, own_calls = np.ones(len(batch), np.bool_), np.ones(len(calls.entity), np.bool_)
    if plan.routed(fetched.source.topic):
        owners = _owners(series.names, np.concatenate([spans.entity, calls.entity]), plan)
        own, own_calls = owners[spans.entity] == plan.slot, owners[calls.entity] == plan.slot
        record = batch.record[calls.span]
        _forward_spans(spans, (batch.record, ~own & ~late), (series.names, owners, fetched.offsets), router=router)
        _forward_calls(
            calls, (record, ~own_calls & ~late[calls.span]), (series.names, owners, fetched.offsets), router=router
        )
    ended = int(np.count_nonzero(late))
    forwarded = int(np.count_nonzero(~own & ~late))
    account.forwarded += forwarded
    account.end(Ending.LATE, ended)
    account.end(Ending.LEARNED, len(batch) - ended - forwarded)
    series.left_out += int(np.count_nonzero(own & ~late & (spans.entity == NONE)))
    lifted = (behind & ~late)[calls.span] & (calls.interval == spans.interval[calls.span])
    calls = calls._replace(interval=np.where(lifted, open_from[calls.span], calls.interval).astype(np.int32))
    _count(slot, fetched, (calls, own_calls, batch.record[calls.span]), times=(aligned, closed))


def _count(
    slot: Slot,
    fetched: FetchedRecords,
    found: tuple[Calls, npt.NDArray[np.bool_], npt.NDArray[np.int32]],
    *,
    times: tuple[Aligned, Longs],
) -> None:
    """Count own calls. Each record closes its ended intervals before the next record is counted."""
    calls, own, record = found
    aligned, closed = times
    last = np.flatnonzero(np.diff(closed, append=-1)).tolist()
    begin = first = 0
    for number in last:
        end = int(np.searchsorted(record, number, side="right"))
        slot.spans.add(_added(calls, begin + np.flatnonzero(own[begin:end])))
        for place in range(first, number + 1):
            slot.spans.advance(int(aligned.closing[place]))
            slot.detection.record(int(aligned.highest[place]), fetched.appended_at[place])
        begin, first = end, number + 1


def _added(calls: Calls, which: Longs) -> Added:
    figure = calls.figure[which]
    return Added(
        calls.entity[which],
        calls.peer[which],
        calls.uses[which] != 0,
        calls.interval[which].astype(np.int64),
        figure & (FIGURES - 1),
        np.ones(len(which), np.int64),
        (figure >= FIGURES).astype(np.int64),
    )


def _spans(names: SpanNames, batch: SpanBatch) -> Spans:
    codes = np.full(len(batch.words) + 1, NONE, np.int32)  # the last stands for none
    for word in np.unique(np.concatenate([batch.entity, batch.peer])).tolist():
        if word >= 0:
            codes[word] = names.code(batch.words[word][:MOST_NAME])
    figure = buckets(batch.duration)
    figure[batch.status == ERROR] += FIGURES
    trace = batch.trace.view(np.uint64).reshape(-1, 2)
    key, parent = np.empty(len(batch), np.uint64), np.empty(len(batch), np.uint64)
    keys_of(trace, batch.span, key)
    keys_of(trace, batch.parent, parent)
    interval = (batch.at + batch.duration) // INTERVAL
    return Spans(codes[batch.entity], codes[batch.peer], batch.uses, batch.kind, interval, figure, key, parent)


def _owners(names: SpanNames, used: Codes, plan: SlotPlan) -> Codes:
    """Slot of each used name; calls without a name stay in this slot."""
    owners = np.full(len(names) + 1, plan.slot, np.int32)
    for code in np.unique(used[used != NONE]).tolist():
        owners[code] = slot_of(names.texts[code], plan.slots)
    return owners


_Placed = tuple["npt.NDArray[np.int32]", "npt.NDArray[np.bool_]"]
"""Record of each row, and the mask of the selected rows."""
_Known = tuple[SpanNames, "npt.NDArray[np.int32]", "Sequence[int]"]
"""Names, their slots, and the offsets of records."""


def _forward_spans(spans: Spans, placed: _Placed, known: _Known, *, router: RowRouter) -> None:
    """Send the number of spans to the slots that own them, which count their endings."""
    record, which = placed
    names, owners, offsets = known
    rows = np.stack([record, spans.entity, spans.interval], axis=1)[which]
    groups, counts = np.unique(rows, axis=0, return_counts=True)
    for (number, entity, interval), count in zip(groups.tolist(), counts.tolist(), strict=True):
        key = (offsets[number], names.texts[entity], "", False, interval)
        router.span(int(owners[entity]), key, Flow(), units=count)


def _forward_calls(calls: Calls, placed: _Placed, known: _Known, *, router: RowRouter) -> None:
    record, which = placed
    names, owners, offsets = known
    rows = np.stack([record, calls.entity, calls.peer, calls.uses, calls.interval, calls.figure], axis=1)[which]
    groups, counts = np.unique(rows, axis=0, return_counts=True)
    for (number, entity, peer, uses, interval, figure), count in zip(groups.tolist(), counts.tolist(), strict=True):
        key = (offsets[number], names.texts[entity], "" if peer == NONE else names.texts[peer], bool(uses), interval)
        flow = Flow(count, count * (figure >= FIGURES), {figure & (FIGURES - 1): count})
        router.span(int(owners[entity]), key, flow, units=0)


def take_rows(slot: Slot, found: list[SpanRow]) -> None:
    """Add counts from other slots for this slot's services. Late spans were left out by the slots that read them."""
    names, closed = slot.spans.names, slot.spans.clock.closed
    rows = []
    for _, entity, peer, uses, interval, calls, errors, durations, _ in found:
        if calls and (code := names.code(entity[:MOST_NAME])) != NONE:
            other = names.code(peer[:MOST_NAME]) if peer else NONE
            if peer and other == NONE:
                continue
            left = errors
            for bucket, count in durations:
                rows.append((code, other, uses, max(interval, closed), bucket, count, min(left, count)))
                left -= min(left, count)
    if rows:
        columns = np.array(rows, np.int64).T
        entity, peer, bucket = (columns[row].astype(np.int32) for row in (0, 1, 4))
        slot.spans.add(Added(entity, peer, columns[2] != 0, columns[3], bucket, columns[5], columns[6]))
