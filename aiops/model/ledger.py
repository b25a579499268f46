"""The ledger's types: how each unit (data point, log line, span or control message) ends."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aiops.model.entities import MAIN_DOMAIN


class Ending(StrEnum):
    """How a unit ended; each unit has exactly one ending."""

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
    OVER_LIMIT = "over-limit"
    """A line or span of an entity for which there is no room: read, and counted nowhere else."""


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """Counts of one partition of one topic since its first record, as its owner last made them durable.

    ``items == sum(endings) + forwarded`` must hold: ``forwarded`` units went to other slots through the internal
    topic, and their receivers count them. ``records`` must equal ``next_offset - first_offset - lost_offsets`` on
    topics that are not compacted.
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
        """Number of units without an ending or with two; not 0 means a bug."""
        return self.items - sum(self.endings.values()) - self.forwarded

    @property
    def records_difference(self) -> int:
        """Number of records skipped or counted twice; 0 is required on topics that are not compacted."""
        return (self.next_offset - self.first_offset - self.lost_offsets) - self.records
