# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value"
# ruff: noqa: ANN001, ANN202
# numba infers the types.
"""One compiled pass over a batch: corrects the times of each sender and advances the senders and their topic's clock.

The result depends only on the order of the records and their receipts, so any split into batches gives the same state.
The watermark follows Flink's and Beam's: one for each sender, and together a low quantile of those that are active. A
sender is idle by attended time, which stands still while the whole input pauses (Flink, FLIP-471): after an outage the
senders that are still behind hold the watermark back until they have caught up.
"""

from __future__ import annotations

from aiops.model.durations import SECOND
from detectors.senders.cadence import note_gap
from detectors.senders.layout import Aligned, Clock, Items, Longs, Rules, Senders
from detectors.senders.skew import AHEAD, judge
from detectors.wire.compiling import compiled, inner

IDLE = 60 * SECOND
"""A sender that was not heard for this much attended time no longer counts for the watermark."""
_SHARE = 20
"""One in so many senders may be behind the common watermark: the 5 % quantile."""
_ATTENTIVE = 15 * SECOND
"""A longer time without any record is a pause of the whole input, unless the input is that sparse."""
_BEATS = 4
_VISITS = 64
"""Senders visited for each record, on average, to find the watermark."""
HIGH, RECEIPT, ATTENDED, BEAT, LAG = (int(Clock[name]) for name in ("HIGH", "RECEIPT", "ATTENDED", "BEAT", "LAG"))
SINCE, SERIAL, KNOWN = int(Clock.SINCE), int(Clock.SERIAL), int(Clock.KNOWN)


@inner
def _selected(values, count, place):
    """The value at ``place`` of the sorted first ``count`` values (quickselect; reorders them)."""
    low, high = 0, count - 1
    while low < high:
        pivot = values[(low + high) // 2]
        left, right = low, high
        while left <= right:
            while values[left] < pivot:
                left += 1
            while values[right] > pivot:
                right -= 1
            if left <= right:
                values[left], values[right] = values[right], values[left]
                left += 1
                right -= 1
        if place <= right:
            high = right
        elif place >= left:
            low = left
        else:
            break
    return values[place]


@inner
def _find_lag(senders, clock, source):
    """How far the slow senders of a topic are behind attended time."""
    rows, count = senders.rows, 0
    for s in range(len(rows)):
        row = rows[s]
        if row["newest"] > 0 and row["source"] == source and clock[ATTENDED] - row["attended"] <= IDLE:
            senders.scratch[count] = row["attended"] - row["newest"]
            count += 1
    if count:
        clock[LAG] = _selected(senders.scratch, count, count - 1 - count // _SHARE)


@inner
def _attend(clock, receipt):
    """Advances receipt and attended time."""
    if clock[RECEIPT] == 0:
        clock[RECEIPT] = receipt
    passed = max(receipt - clock[RECEIPT], 0)
    clock[ATTENDED] += min(passed, max(_ATTENTIVE, _BEATS * clock[BEAT]))
    clock[BEAT] += (min(passed, 2 * clock[BEAT] + SECOND) - clock[BEAT]) // 16
    clock[RECEIPT] += passed


@inner
def _gather(items, senders, begin, serial):
    """Newest time of each sender of the record that begins at ``begin``: (end or -1: unknown sender, senders)."""
    record, count, position, last = items.record[begin], 0, begin, -2
    top = 0
    while position < len(items.record) and items.record[position] == record:
        s = items.sender_of[items.member[position]]
        if s != last:
            if s < 0:
                return -1, 0
            if last >= 0:
                senders.work[last]["top"] = top
            last = s
            work = senders.work[s]
            if work["stamp"] != serial:
                work["stamp"], work["top"] = serial, 0
                senders.touched[count] = s
                count += 1
            top = work["top"]
        top = max(top, items.at[position])
        position += 1
    senders.work[last]["top"] = top
    return position, count


@inner
def _count_fits(items, senders, span, s, limit):
    """Splits a sender's items at ``limit``: how many are within it and beyond it, and the newest that is within."""
    work, offset, top = senders.work[s], senders.rows[s]["offset"], 0
    work["fits"], work["over"] = 0, 0
    for position in range(span[0], span[1]):
        if items.sender_of[items.member[position]] != s:
            continue
        if items.at[position] + offset <= limit:
            work["fits"] += 1
            top = max(top, items.at[position])
        else:
            work["over"] += 1
    return top


@inner
def _settle(items, senders, span, s, receipt, rules):
    """Corrects a sender's times in one record: (its newest corrected time, whether items must be changed)."""
    row, work = senders.rows[s], senders.work[s]
    top, limit, odd = work["top"], receipt + AHEAD, False
    work["shift"], work["before"] = 0, row["newest"]
    if not rules.trusted:
        if top + row["offset"] > limit:
            fitting = _count_fits(items, senders, span, s, limit)
            if work["fits"] >= work["over"]:
                top, odd = fitting, True
        work["shift"] = judge(row, top, receipt)
    row["records"] += 1
    row["received"] = max(row["received"], receipt)
    row["source"] = rules.source
    top = top + work["shift"]
    row["newest"] = max(row["newest"], min(top, limit))
    return min(top, limit), odd or work["shift"] != 0


@inner
def _correct(items, senders, span, receipt):
    """Writes the corrected times of one record; what is still ahead of its receipt gets the time of its receipt."""
    for position in range(span[0], span[1]):
        shift = senders.work[items.sender_of[items.member[position]]]["shift"]
        at = items.at[position] + shift
        items.at[position] = at if at <= receipt + AHEAD else receipt
        if len(items.start) and items.start[position] > 0:
            items.start[position] += shift


@compiled
def align(items: Items, senders: Senders, clock: Longs, receipts: Longs, out: Aligned, rules: Rules, begin: int) -> int:
    """Aligns the items from ``begin`` on; ends at a record with an unknown sender and returns its first item.

    Args:
        items: of one topic's partition.
        senders: of the slot.
        clock: of the partition, see ``Clock``.
        receipts: (records,) time of receipt.
        out: of records and items.
        rules: settings.
        begin: first item of a record.
    """
    while begin < len(items.record):
        record = items.record[begin]
        clock[SERIAL] += 1
        end, count = _gather(items, senders, begin, (clock[SERIAL] << 8) + rules.source)
        if end < 0:
            return begin
        receipt, span, changed = receipts[record], (begin, end), False
        _attend(clock, receipt)
        for place in range(count):
            clock[KNOWN] += senders.rows[senders.touched[place]]["records"] == 0
            top, odd = _settle(items, senders, span, senders.touched[place], receipt, rules)
            out.highest[record] = max(out.highest[record], top)
            changed = changed or odd
        clock[HIGH] = max(clock[HIGH], out.highest[record])
        for place in range(count):
            row = senders.rows[senders.touched[place]]
            row["attended"] = clock[ATTENDED]
            note_gap(row, clock[RECEIPT])
        if changed:
            _correct(items, senders, span, receipt)
        if len(out.late):
            for position in range(begin, end):
                work = senders.work[items.sender_of[items.member[position]]]
                out.late[position] = items.at[position] < work["before"] - rules.late_ns
        clock[SINCE] += 1
        if _VISITS * clock[SINCE] >= clock[KNOWN]:
            clock[SINCE] = 0
            _find_lag(senders, clock, rules.source)
        low = max(clock[ATTENDED] - clock[LAG], clock[HIGH] - rules.held_ns)
        out.closing[record] = min(clock[HIGH], low)
        begin = end
    return begin
