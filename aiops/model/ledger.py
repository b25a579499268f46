"""The ledger's words: how each data point, log line, span and control message ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aiops.model.entities import MAIN_DOMAIN


class Ending(StrEnum):
    """Every unit ends in exactly one of these."""

    LEARNED = "learned"
    FLAGGED = "flagged"
    """Scored, abnormal, not learned."""
    DUPLICATE = "duplicate"
    LATE = "late"
    WARMING_UP = "warming-up"
    APPLIED = "applied"
    """A control message that took effect, or a gap (no recorded value) that was noted."""
    DEAD_LETTER = "dead-letter"
    LOST_TO_RETENTION = "lost-to-retention"


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """Counts of one partition of one topic since the beginning, as its owner last made them durable.

    ``items == sum(endings) + forwarded`` must hold: ``forwarded`` went on through the internal topic and are
    counted by whoever receives them. ``records`` must equal ``next_offset - first_offset - lost_offsets``
    on topics that are not compacted.
    """

    topic: str
    partition: int
    records: int
    items: int
    endings: dict[Ending, int]
    forwarded: int
    first_offset: int
    next_offset: int
    lost_offsets: int = 0
    slot: int = 0
    generation: int = 0
    domain: str = MAIN_DOMAIN

    @property
    def difference(self) -> int:
        """Units that ended nowhere or twice; zero, or something is wrong."""
        return self.items - sum(self.endings.values()) - self.forwarded

    @property
    def records_difference(self) -> int:
        """Records that were skipped or counted twice; zero on topics that are not compacted."""
        return (self.next_offset - self.first_offset - self.lost_offsets) - self.records
