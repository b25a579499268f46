"""Which records a shard died of: ranges of offsets that were in progress at a death, narrowed down to one record.

After the first death in a batch, the batch's records are suspects and are processed one at a time. A record during
which the shard then dies again is condemned: it is set aside unread. Two deaths find any record, whatever the size of
the batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from aiops.model.records import FetchedRecords, TopicPartition

DEATHS: Final = 2
"""Number of deaths that condemn a record."""


@dataclass(frozen=True, slots=True)
class Span:
    """Offsets [begin, end) of a topic in the slot's partition."""

    topic: str
    begin: int
    end: int

    def __len__(self) -> int:
        return self.end - self.begin


class Treatment(Enum):
    """What happens with a run of records."""

    TOGETHER = auto()
    """They are processed as one batch."""
    ALONE = auto()
    """A suspect: one record is processed."""
    SET_ASIDE = auto()
    """One condemned record becomes a dead letter unread."""


@dataclass(frozen=True, slots=True)
class Suspects:
    """The suspects of one slot; immutable."""

    spans: tuple[tuple[Span, int], ...] = ()
    """Spans with their number of deaths. A span of one record may lie within a larger one; the larger number counts."""

    def after_death(self, span: Span) -> Suspects:
        """The suspects after a death during ``span``: one more for a record alone, the first for a batch."""
        deaths = 1 + max((count for found, count in self.spans if _within(span, found)), default=0)
        counted = deaths if len(span) == 1 else 1
        return Suspects((*(entry for entry in self.spans if entry[0] != span), (span, counted)))

    def passed(self, positions: Mapping[TopicPartition, int]) -> Suspects:
        """The suspects without the spans that lie before the durable positions of the slot."""
        reached = {place.topic: position for place, position in positions.items()}
        left = tuple(entry for entry in self.spans if entry[0].end > reached.get(entry[0].topic, 0))
        return self if len(left) == len(self.spans) else Suspects(left)

    def treatment(self, topic: str, offset: int) -> Treatment:
        """What happens with one record."""
        alone = Span(topic, offset, offset + 1)
        deaths = max((count for found, count in self.spans if _within(alone, found)), default=0)
        if deaths >= DEATHS:
            return Treatment.SET_ASIDE
        return Treatment.ALONE if deaths else Treatment.TOGETHER

    def parts(self, records: FetchedRecords) -> Iterator[tuple[FetchedRecords, Treatment]]:
        """The records in their order, in runs of one treatment; a suspect or condemned record is a run of its own."""
        topic = records.source.topic
        if records.refused is not None or not any(found.topic == topic for found, _ in self.spans):
            yield records, Treatment.TOGETHER
            return
        begin = 0
        for place, offset in enumerate(records.offsets):
            treatment = self.treatment(topic, offset)
            if treatment is Treatment.TOGETHER:
                continue
            if begin < place:
                yield records.part(begin, place), Treatment.TOGETHER
            yield records.part(place, place + 1), treatment
            begin = place + 1
        if begin < len(records.offsets):
            yield records.part(begin, len(records.offsets)), Treatment.TOGETHER


def _within(inner: Span, outer: Span) -> bool:
    return inner.topic == outer.topic and outer.begin <= inner.begin and inner.end <= outer.end
