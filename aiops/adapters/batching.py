"""Cuts what a poll fetched into batches for the agent: as large as pays, as small as whoever asks can wait for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from aiops.model.records import FetchedRecords

_BATCH_BYTES = 512 * 1024
"""Bytes the agent is given at once, until it is known what they take."""
_LEAST_BYTES, _MOST_BYTES = 64 * 1024, 4 * 1024 * 1024
_BATCH_SECONDS = 0.02
"""CPU time that a batch may take: large ones cost less a point, and questions wait for the batch in hand."""


@dataclass(slots=True)
class Pace:
    """How many bytes of each topic make a batch: a byte of log text costs a thousand times one of an Arrow column.

    How the input is cut changes no score and no count, so this may depend on the clock.
    """

    bytes_: dict[str, int] = field(default_factory=dict)

    def of(self, topic: str) -> int:
        """Bytes to give at once."""
        return self.bytes_.get(topic, _BATCH_BYTES)

    def learn(self, topic: str, size: int, seconds: float) -> None:
        """A batch of ``size`` bytes took so long; one that was far from full says little about full ones."""
        held = self.of(topic)
        if 2 * size >= held or seconds > _BATCH_SECONDS:
            fitting = size * _BATCH_SECONDS / max(seconds, 1e-6)
            self.bytes_[topic] = round(min(max((held + fitting) / 2, _LEAST_BYTES), _MOST_BYTES))


def batches(fetched: Sequence[FetchedRecords], pace: Pace) -> Iterator[tuple[list[FetchedRecords], int]]:
    """Cuts what was fetched into pieces of one partition and about as many bytes as ``pace`` says; with their size."""
    for records in fetched:
        begin = size = 0
        for place, value in enumerate(records.values):
            size += len(value)
            if size >= pace.of(records.source.topic):
                yield [_part(records, begin, place + 1)], size
                begin, size = place + 1, 0
        if begin < len(records.values):
            yield [_part(records, begin, len(records.values))], size


def _part(records: FetchedRecords, begin: int, end: int) -> FetchedRecords:
    if begin == 0 and end == len(records.values):
        return records
    return FetchedRecords(
        source=records.source,
        offsets=records.offsets[begin:end],
        values=records.values[begin:end],
        keys=records.keys[begin:end],
        appended_at=records.appended_at[begin:end],
        headers=records.headers[begin:end] if records.headers else (),
    )
