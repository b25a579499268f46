"""The account of one partition: counts of its units by how they ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from aiops.model.deadletters import Crowding, DeadLetter, DeadLetterReason, kept_headers, kept_key
from aiops.model.ledger import Ending, LedgerLine
from aiops.model.records import FetchedRecords, TopicPartition
from detectors.bank.layout import Ended
from detectors.wire.batch import PLACES, Rejected
from detectors.wire.high_cardinality import Crowds
from detectors.wire.scan import counted

ENDINGS = tuple(Ending)
_INDEX = {ending: number for number, ending in enumerate(ENDINGS)}
_CODES = np.zeros(max(Ended) + 1, np.int64)
"""Bank's code to index in ENDINGS."""
for _ended, _ending in (
    (Ended.LEARNED, Ending.LEARNED),
    (Ended.FLAGGED, Ending.FLAGGED),
    (Ended.DUPLICATE, Ending.DUPLICATE),
    (Ended.LATE, Ending.LATE),
    (Ended.WARMING_UP, Ending.WARMING_UP),
    (Ended.REFUSED, Ending.DEAD_LETTER),
):
    _CODES[_ended] = _INDEX[_ending]


@dataclass(slots=True)
class PartitionAccount:
    """Running counts; see ``LedgerLine``."""

    records: int = 0
    items: int = 0
    forwarded: int = 0
    first_offset: int = -1
    next_offset: int = -1
    """-1: nothing was read yet."""
    lost_offsets: int = 0
    endings: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(ENDINGS), np.int64))

    def take(self, offsets: Sequence[int], items: int) -> None:
        """Count records, in order, and their units."""
        if self.first_offset < 0:
            self.first_offset = offsets[0]
        self.records += len(offsets)
        self.items += items
        self.next_offset = offsets[-1] + 1

    def end(self, ending: Ending, count: int) -> None:
        """Count units that ended."""
        self.endings[_INDEX[ending]] += count

    def end_points(self, codes: npt.NDArray[np.uint8], unit: npt.NDArray[np.uint8]) -> int:
        """Count primary points by the bank's codes; returns how many of them the bank refused."""
        counts = np.zeros(len(_CODES), np.int64)
        counted(codes, unit, counts)
        np.add.at(self.endings, _CODES, counts)
        return int(counts[Ended.REFUSED])

    def lose(self, begin: int, end: int) -> int:
        """Count offsets [begin, end) that retention removed unread; returns how many were not counted before."""
        begin = max(begin, self.next_offset)
        if end <= begin:
            return 0
        if self.first_offset < 0:
            self.first_offset = begin
        self.lost_offsets += end - begin
        self.items += end - begin
        self.end(Ending.LOST_TO_RETENTION, end - begin)
        self.next_offset = end
        return end - begin

    def line(self, source: TopicPartition, slot: int, generation: int, *, domain: str) -> LedgerLine:
        """The account as a line of the ledger."""
        return LedgerLine(
            topic=source.topic,
            partition=source.partition,
            records=self.records,
            items=self.items,
            endings=dict(zip(ENDINGS, self.endings.tolist(), strict=True)),
            forwarded=self.forwarded,
            first_offset=max(self.first_offset, 0),
            next_offset=max(self.next_offset, 0),
            lost_offsets=self.lost_offsets,
            slot=slot,
            generation=generation,
            domain=domain,
        )

    def to_array(self) -> npt.NDArray[np.int64]:
        """State for a snapshot."""
        head = (self.records, self.items, self.forwarded, self.first_offset, self.next_offset, self.lost_offsets)
        return np.concatenate([np.array(head, np.int64), self.endings])

    @classmethod
    def from_array(cls, array: npt.NDArray[np.generic]) -> PartitionAccount:
        """The account that ``to_array`` was called on."""
        records, items, forwarded, first, following, lost = (int(number) for number in array[:6].tolist())
        return cls(records, items, forwarded, first, following, lost, array[6:].astype(np.int64))


@dataclass(frozen=True, slots=True)
class DeadLetterWriter:
    """Writes dead letters."""

    most_bytes: int
    """Most bytes of the original record that a dead letter keeps."""
    domain: str
    crowds: tuple[Crowds, ...]
    """Of the tables that name what is decoded."""

    def of_records(self, fetched: FetchedRecords, rejected: Sequence[Rejected]) -> list[DeadLetter]:
        """One dead letter per record and reason; ``rejected`` refers to records by their index in ``fetched``."""
        return [self._dead_letter(fetched, entry) for entry in rejected]

    def refused(
        self, fetched: FetchedRecords, records: npt.NDArray[np.int32], reason: DeadLetterReason
    ) -> list[DeadLetter]:
        """Dead letters for points that were refused after decoding; places within the record are not known."""
        numbers, counts = np.unique(records, return_counts=True)
        found = zip(numbers.tolist(), counts.tolist(), strict=True)
        return [self._dead_letter(fetched, Rejected(number, reason, count, ())) for number, count in found]

    def _dead_letter(self, fetched: FetchedRecords, entry: Rejected) -> DeadLetter:
        number = entry.record
        original = fetched.values[number]
        return DeadLetter(
            topic=fetched.source.topic,
            partition=fetched.source.partition,
            offset=fetched.offsets[number],
            reason=entry.reason,
            items=entry.items,
            places=entry.places[:PLACES],
            at=fetched.appended_at[number],
            original=original[: self.most_bytes],
            cut=len(original) > self.most_bytes,
            record_key=kept_key(fetched.keys[number], self.most_bytes),
            headers=kept_headers(fetched.headers[number], self.most_bytes) if fetched.headers else (),
            domain=self.domain,
            crowding=self._crowding() if entry.reason is DeadLetterReason.ENTITY_LIMIT else (),
        )

    def _crowding(self) -> tuple[Crowding, ...]:
        return next(filter(None, (crowds.of() for crowds in self.crowds)), ())
