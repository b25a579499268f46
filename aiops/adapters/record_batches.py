"""Divides fetched records into batches for the agent, sized by the CPU time per batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from aiops.model.records import FetchedRecords

_BATCH_BYTES = 512 * 1024
"""Bytes per batch before the first measurement."""
_LEAST_BYTES, _MOST_BYTES = 64 * 1024, 4 * 1024 * 1024
_BATCH_SECONDS = 0.02
"""Target CPU time per batch. Large batches cost less per point; questions wait for the current batch."""


@dataclass(slots=True)
class Pace:
    """Bytes per batch of each topic. A byte of log text costs a thousand bytes of an Arrow column.

    The division into batches changes no score and no count; therefore it may depend on measured time.
    """

    bytes_: dict[str, int] = field(default_factory=dict)

    def of(self, topic: str) -> int:
        """Bytes per batch of ``topic``."""
        return self.bytes_.get(topic, _BATCH_BYTES)

    def learn(self, topic: str, size: int, seconds: float) -> None:
        """Adapt to a batch of ``size`` bytes that took ``seconds``. Small batches count only if slow."""
        held = self.of(topic)
        if 2 * size >= held or seconds > _BATCH_SECONDS:
            fitting = size * _BATCH_SECONDS / max(seconds, 1e-6)
            self.bytes_[topic] = round(min(max((held + fitting) / 2, _LEAST_BYTES), _MOST_BYTES))


def batches(fetched: Sequence[FetchedRecords], pace: Pace) -> Iterator[tuple[list[FetchedRecords], int]]:
    """Batches of one partition with about the bytes of ``pace``, each with its size in bytes."""
    for records in fetched:
        if records.refused is not None:
            yield [records], 0
            continue
        begin = size = 0
        for place, value in enumerate(records.values):
            size += len(value)
            if size >= pace.of(records.source.topic):
                yield [records.part(begin, place + 1)], size
                begin, size = place + 1, 0
        if begin < len(records.values):
            yield [records.part(begin, len(records.values))], size
