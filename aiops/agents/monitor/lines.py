"""Lines, spans and rows of a slot, record by record: counted here, or sent on to the slot that owns their entity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aiops.agents.monitor import calls
from aiops.agents.monitor.calls import MOST_NAME
from aiops.model.deadletters import DeadLetterReason
from aiops.model.ledger import Ending
from detectors import rows
from detectors.intervals import INTERVAL
from detectors.logs.counter import level
from detectors.logs.masking import mask
from detectors.wire.batch import Rejected
from detectors.wire.slots import slot_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from aiops.agents.monitor.plan import Produced
    from aiops.agents.monitor.routing import RowRouter
    from aiops.agents.monitor.slot import Slot
    from aiops.ports import FetchedRecords
    from detectors.wire.logs import LogBatch


def take_logs(slot: Slot, fetched: FetchedRecords, batch: LogBatch, router: RowRouter) -> None:
    """Counts lines; what is decoded has been entered into the account, how it ends has not."""
    account, plan = slot.accounts[fetched.source.topic], slot.plan
    routed = plan.routed(fetched.source.topic)
    entities = [name[:MOST_NAME] for name in batch.entities]
    owners = [slot_of(name, plan.slots) if routed else plan.slot for name in entities]
    entity, severity, at = batch.entity.tolist(), batch.severity.tolist(), batch.at.tolist()
    for number, begin, end in _records(batch.record, len(fetched.offsets)):
        late = forwarded = 0
        for place in range(begin, end):
            code = entity[place]
            line = (entities[code], level(severity[place]), mask(batch.body[place]), at[place] // INTERVAL)
            if owners[code] != plan.slot:
                router.log(owners[code], fetched.offsets[number], line)
                forwarded += 1
            elif not slot.logs.add(line):
                late += 1
        account.forwarded += forwarded
        account.end(Ending.LATE, late)
        account.end(Ending.LEARNED, end - begin - late - forwarded)
        newest = max(at[begin:end], default=0)
        slot.logs.advance(newest)
        slot.detection.record(newest, fetched.appended_at[number])


def take_rows(slot: Slot, fetched: FetchedRecords, received_at: int, out: Produced) -> None:
    """Counts what other slots counted for this one's entities."""
    account = slot.accounts[fetched.source.topic]
    mark = slot.marks[fetched.source.topic]
    for number, value in enumerate(fetched.values):
        account.take(fetched.offsets[number : number + 1], 0)
        found = rows.decode(value, slot.seen)
        if found is None:
            account.items += 1
            account.end(Ending.DEAD_LETTER, 1)
            out.dead_letters += slot.office.letters(fetched, [Rejected(number, DeadLetterReason.UNDECODABLE, 1, (0,))])
            continue
        late = units = newest_log = 0
        for _, entity, severity, text, interval, count in found.rows.logs:
            units += count
            newest_log = max(newest_log, interval)
            late += 0 if slot.logs.add((entity, severity, text, interval), count) else count
        units += sum(row[-1] for row in found.rows.spans)
        newest_span = max((row[4] for row in found.rows.spans), default=0)
        late += calls.take_rows(slot, found.rows.spans)
        account.items += units + found.duplicates
        account.end(Ending.DUPLICATE, found.duplicates)
        account.end(Ending.LATE, late)
        account.end(Ending.LEARNED, units - late)
        slot.logs.advance(newest_log * INTERVAL)
        slot.spans.advance(newest_span * INTERVAL)
        newest, appended = max(newest_log, newest_span) * INTERVAL, fetched.appended_at[number]
        slot.detection.record(newest, appended)
        if newest:
            slot.hear(found.rows.origin, newest)
            mark.advance(np.array([newest]), np.array([appended]), received_at)


def _records(record: npt.NDArray[np.int32], count: int) -> list[tuple[int, int, int]]:
    """For each record its number and the places [from, to) of its items."""
    edges = np.searchsorted(record, np.arange(count + 1)).tolist()
    return list(zip(range(count), edges, edges[1:], strict=False))
