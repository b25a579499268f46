"""Counts how each record of a control topic ended, in its partition's line of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from aiops.control.state.transaction import Decision
from aiops.model.episodes import Episode
from aiops.model.ledger import Ending, LedgerLine
from aiops.model.records import TopicPartition
from aiops.model.runtime_episodes import loss_episode


def ending_of(decisions: Sequence[Decision]) -> Ending:
    """How the record of these decisions' events ended: ``APPLIED`` if at least one event took effect."""
    endings = {decision.ending for decision in decisions}
    if not endings or Ending.APPLIED in endings:
        return Ending.APPLIED
    # The record is well-formed but its event was refused: the journal entry keeps the event and the reason.
    return Ending.DUPLICATE if Ending.DUPLICATE in endings else Ending.APPLIED


def counted(line: LedgerLine | None, place: TopicPartition, next_offset: int, *, ending: Ending) -> LedgerLine:
    """The line with one more record. Offsets without a record before it (compaction, transactions) count as lost."""
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
    """The line after retention removed offsets [begin, end) unread; each is one unit lost to retention."""
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
    """The episode of the runtime that reports a loss to retention; ``at`` in ns."""
    return loss_episode(place, end - begin, id_part=f"{begin}-{end}", at=at, domain=domain)


def _fresh(place: TopicPartition, offset: int) -> LedgerLine:
    return LedgerLine(place.topic, place.partition, 0, 0, {}, 0, offset, offset)


def _more(line: LedgerLine, ending: Ending, count: int) -> dict[Ending, int]:
    return {**line.endings, ending: line.endings.get(ending, 0) + count}
