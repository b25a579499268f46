"""Lines, spans and rows of a slot, record by record: counted here, or sent on to the slot that owns their entity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from aiops.model.deadletters import DeadLetterReason
from aiops.model.ledger import Ending
from detectors import rows
from detectors.intervals import INTERVAL
from detectors.logs.counter import level
from detectors.logs.masking import mask
from detectors.spans.flows import Flow, bucket
from detectors.spans.join import Call, Span
from detectors.wire.batch import Rejected
from detectors.wire.slots import slot_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from aiops.agents.monitor.plan import Produced
    from aiops.agents.monitor.routing import RowRouter
    from aiops.agents.monitor.slot import Slot
    from aiops.ports import FetchedRecords
    from detectors.wire.logs import LogBatch
    from detectors.wire.spans import SpanBatch

_MOST_NAME = 512
"""Names of entities are cut here: they are kept and sent on."""


def take_logs(slot: Slot, fetched: FetchedRecords, batch: LogBatch, router: RowRouter) -> None:
    """Counts lines; what is decoded has been entered into the account, how it ends has not."""
    account, plan = slot.accounts[fetched.source.topic], slot.plan
    routed = plan.routed(fetched.source.topic)
    entities = [name[:_MOST_NAME] for name in batch.entities]
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


def take_spans(slot: Slot, fetched: FetchedRecords, batch: SpanBatch, router: RowRouter) -> None:
    """Counts the calls that spans show; as ``take_logs``."""
    account, plan = slot.accounts[fetched.source.topic], slot.plan
    routed = plan.routed(fetched.source.topic)
    found = _spans(batch)
    for number, begin, end in _records(batch.record, len(fetched.offsets)):
        late = forwarded = newest = 0
        offset = fetched.offsets[number]
        for _ in range(begin, end):
            span = next(found)
            newest = max(newest, span.interval)
            owner = slot_of(span.entity, plan.slots) if routed else plan.slot
            if owner != plan.slot:
                router.span(owner, (offset, span.entity, "", False, span.interval), Flow(), 1)
                forwarded += 1
            elif span.interval < slot.spans.clock.closed:
                late += 1
            for call in slot.spans.join.calls(span):
                _count(slot, call, offset, router if routed else None)
        account.forwarded += forwarded
        account.end(Ending.LATE, late)
        account.end(Ending.LEARNED, end - begin - late - forwarded)
        ends = batch.at[begin:end] + batch.duration[begin:end]
        highest = int(ends.max()) if end > begin else 0
        slot.spans.advance(highest)
        slot.detection.record(highest, fetched.appended_at[number])


def _count(slot: Slot, call: Call, offset: int, router: RowRouter | None) -> None:
    flow = Flow(1, int(call.error), {bucket(call.duration): 1})
    owner = slot.plan.slot if router is None else slot_of(call.entity, slot.plan.slots)
    if router is not None and owner != slot.plan.slot:
        router.span(owner, (offset, call.entity, call.peer, call.uses, call.interval), flow, 0)
    else:
        slot.spans.add((call.entity, call.peer), call.interval, flow, uses=call.uses)


def _spans(batch: SpanBatch) -> Iterator[Span]:
    words = batch.words
    traces = batch.trace.tobytes().hex()
    columns = zip(
        batch.entity.tolist(),
        batch.kind.tolist(),
        batch.at.tolist(),
        batch.duration.tolist(),
        batch.status.tolist(),
        batch.span.tolist(),
        batch.parent.tolist(),
        batch.peer.tolist(),
        batch.uses.tolist(),
        strict=True,
    )
    for place, (entity, kind, at, duration, status, own, parent, peer, uses) in enumerate(columns):
        trace = traces[32 * place : 32 * place + 32]
        yield Span(
            entity=words[entity][:_MOST_NAME],
            kind=kind,
            interval=(at + duration) // INTERVAL,
            duration=duration,
            error=status == 2,
            key=f"{trace}{own:016x}" if own else "",
            parent=f"{trace}{parent:016x}" if parent else "",
            peer="" if peer < 0 else words[peer],
            uses=uses,
        )


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
        late = units = newest_log = newest_span = 0
        for _, entity, severity, text, interval, count in found.rows.logs:
            units += count
            newest_log = max(newest_log, interval)
            late += 0 if slot.logs.add((entity, severity, text, interval), count) else count
        for _, entity, peer, uses, interval, calls, errors, durations, spans in found.rows.spans:
            units += spans
            newest_span = max(newest_span, interval)
            taken = slot.spans.add((entity, peer), interval, Flow(calls, errors, dict(durations)), uses=uses)
            late += 0 if taken else spans
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
