"""How each record of a control topic ended, folded into its partition's line of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aiops.control.state.transaction import Decision
from aiops.model.entities import RUNTIME_ENTITY
from aiops.model.episodes import Episode, Signal, SignalDirection, Source
from aiops.model.ledger import Ending, LedgerLine
from aiops.model.records import TopicPartition


def ending_of(decisions: Sequence[Decision]) -> Ending:
    """How a record ended that said these events; of several, one that took effect decides."""
    endings = {decision.ending for decision in decisions}
    if not endings or Ending.APPLIED in endings:
        return Ending.APPLIED
    # Refused for what it says, not for its form: its journal entry keeps the event and the reason.
    return Ending.DUPLICATE if Ending.DUPLICATE in endings else Ending.APPLIED


def counted(line: LedgerLine | None, place: TopicPartition, next_offset: int, *, ending: Ending) -> LedgerLine:
    """The line with one more record. Offsets before it that hold none (compaction, transactions) are skipped."""
    line = line or _fresh(place, next_offset - 1)
    skipped = next_offset - 1 - line.next_offset
    return replace(
        line,
        records=line.records + 1,
        items=line.items + 1,
        endings=_more(line, ending, 1),
        next_offset=next_offset,
        lost_offsets=line.lost_offsets + max(0, skipped),
    )


def lost(line: LedgerLine | None, place: TopicPartition, begin: int, *, end: int) -> LedgerLine:
    """The line when retention removed offsets [begin, end) before they were read: each is a unit that ended so."""
    line = line or _fresh(place, begin)
    count = end - max(begin, line.next_offset)
    if count <= 0:
        return line
    return replace(
        line,
        items=line.items + count,
        endings=_more(line, Ending.LOST_TO_RETENTION, count),
        next_offset=end,
        lost_offsets=line.lost_offsets + count,
    )


def loss(place: TopicPartition, begin: int, end: int, *, at: int, domain: str) -> Episode:
    """The trouble of the runtime that such a loss is."""
    name = f"{place.topic}/{place.partition}"
    signal = Signal(
        series=f"aiops.lost.records{{partition={name}}}",
        metric="aiops.lost.records",
        direction=SignalDirection.UP,
        source=Source.RUNTIME,
        since=at,
        score=0.9,
        value=float(end - begin),
        expected=0.0,
        detector="ledger",
    )
    return Episode(
        id=f"{RUNTIME_ENTITY}@{begin}-{end}/{name}",
        entity=RUNTIME_ENTITY,
        opened_at=at,
        revision=1,
        severity=0.9,
        signals=(signal,),
        signals_total=1,
        watermark=at,
        source=Source.RUNTIME,
        domain=domain,
    )


def _fresh(place: TopicPartition, offset: int) -> LedgerLine:
    return LedgerLine(place.topic, place.partition, 0, 0, {}, 0, offset, offset)


def _more(line: LedgerLine, ending: Ending, count: int) -> dict[Ending, int]:
    return {**line.endings, ending: line.endings.get(ending, 0) + count}
