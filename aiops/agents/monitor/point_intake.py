"""Takes decoded points into a slot: corrects their times, forwards those of other slots, feeds the rest to detection.

The functions count how each point ends. Lines and spans are taken by ``lines`` and ``calls``.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from aiops.agents.monitor.alignment import align_points
from aiops.agents.monitor.lines import take_rows
from aiops.agents.monitor.points import Longs, PointFeed
from aiops.model.deadletters import DeadLetterReason
from aiops.model.ledger import Ending
from detectors import rows
from detectors.bank.layout import Ended
from detectors.wire import keyed
from detectors.wire.series import REFUSED

if TYPE_CHECKING:
    from aiops.agents.monitor.plan import Produced
    from aiops.agents.monitor.slot import Slot
    from aiops.model.records import FetchedRecords
    from detectors.wire.batch import PointBatch


def take_points(slot: Slot, fetched: FetchedRecords, batch: PointBatch, *, received_at: int, out: Produced) -> None:
    """Take the points of a telemetry topic, whose series are those of the topic's router."""
    topic = fetched.source.topic
    slot.open(fetched, int(batch.items.sum()), batch.rejected, out=out)
    slot.accounts[topic].end(Ending.APPLIED, batch.gaps)
    batch, highest = aligned(slot, fetched, batch, received_at=received_at, transit=slot.routers[topic] is slot.shared)
    kept = _route(slot, fetched, batch, out=out) if slot.plan.routed(topic) else batch
    feed(slot, fetched, kept, out=out, highest=highest if kept is batch else None)


def take_keyed(slot: Slot, fetched: FetchedRecords, times: tuple[int, int], *, out: Produced) -> None:
    """Take keyed records, which hold points or rows; runs of one kind are processed together, in order.

    Args:
        slot: that the records belong to.
        fetched: the records.
        times: latest time that a point may have, less what the settings allow, and the time of the poll, ns.
        out: receives the output.
    """
    now, received_at = times
    begin = 0
    for of_rows, run in groupby(fetched.values, key=rows.is_rows):
        end = begin + len(list(run))
        part = fetched.part(begin, end)
        begin = end
        if of_rows:
            take_rows(slot, part, received_at, out=out)
            slot.leave_out(fetched.source.topic)
            continue
        found = keyed.decode(part.values, slot.memory, now, seen=slot.seen)
        batch, duplicates = found.points, int(found.duplicates.sum())
        slot.open(part, int(batch.items.sum()) + duplicates, batch.rejected, out=out)
        slot.accounts[part.source.topic].end(Ending.DUPLICATE, duplicates)
        slot.accounts[part.source.topic].end(Ending.APPLIED, batch.gaps)
        batch, highest = aligned(slot, part, batch, received_at=received_at, trusted=True)
        for origin, at in zip(found.origins, highest.tolist(), strict=True):
            slot.hear(origin, at)
        feed(slot, part, batch, out=out, highest=highest)


def aligned(
    slot: Slot,
    fetched: FetchedRecords,
    batch: PointBatch,
    *,
    received_at: int,
    transit: bool = False,
    trusted: bool = False,
) -> tuple[PointBatch, Longs]:
    """The points with corrected times, and the newest time of each record, ns, 0 if it has none."""
    known = slot.numbers[fetched.source.topic], (slot.transit if transit else slot.memory).table
    batch, found = align_points(slot.senders, fetched, batch, known=known, transit=transit, trusted=trusted)
    slot.mark(fetched, found, received_at)
    return batch, found.highest


def feed(
    slot: Slot, fetched: FetchedRecords, batch: PointBatch, *, out: Produced, highest: Longs | None = None
) -> None:
    """Score and learn points with own numbers."""
    slot.detection.admit()
    points = PointFeed(batch.series, batch.at, batch.value, batch.start, highest)
    codes = slot.detection.feed(points, batch.record, fetched.appended_at)
    if slot.accounts[fetched.source.topic].end_points(codes, batch.unit):
        refused = (batch.unit == 1) & (codes == int(Ended.REFUSED))
        out.dead_letters += slot.dead_letters.refused(fetched, batch.record[refused], DeadLetterReason.NOT_A_NUMBER)


def _route(slot: Slot, fetched: FetchedRecords, batch: PointBatch, *, out: Produced) -> PointBatch:
    """Send points of other slots to them; returns the remaining points with own numbers."""
    account, router = slot.accounts[fetched.source.topic], slot.routers[fetched.source.topic]
    foreign = router.foreign(batch.series)
    if router is slot.shared or foreign is not None:
        router.transit.table.seen.touch(batch.series, slot.detection.source, slot.detection.minute)
    if foreign is not None:
        which = np.flatnonzero(foreign)
        account.forwarded += int(batch.unit[which].sum(dtype=np.int64))
        out.forwards += router.forward(batch, which, fetched.source, offsets=fetched.offsets)
        batch = batch.chosen(~foreign)
    series = router.own(batch.series)
    if series is batch.series:
        return batch
    batch = replace(batch, series=series)
    for code in np.unique(series[series < 0]).tolist():
        lost = batch.record[(series == code) & (batch.unit == 1)]
        account.end(Ending.DEAD_LETTER, len(lost))
        out.dead_letters += slot.dead_letters.refused(fetched, lost, REFUSED[code])
    return batch.chosen(series >= 0) if len(series) and int(series.min()) < 0 else batch
