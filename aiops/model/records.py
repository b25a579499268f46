"""Kafka records in the runtime, and the snapshot of a slot."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
import numpy.typing as npt

from aiops.model.deadletters import DeadLetterReason
from aiops.model.durations import MINUTE
from aiops.model.entities import MAIN_DOMAIN

Arrays = dict[str, npt.NDArray[np.generic]]
"""Arrays of a snapshot by name."""


@dataclass(frozen=True, slots=True, order=True)
class TopicPartition:
    """One partition of one topic."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class FetchedRecords:
    """Records of one partition in offset order, as parallel sequences. The hot path creates no object per record."""

    source: TopicPartition
    offsets: Sequence[int]
    values: Sequence[bytes]
    """A null value (tombstone) is ``b""``."""
    keys: Sequence[bytes | None]
    appended_at: Sequence[int]
    """Append time of the broker, ns."""
    headers: Sequence[Sequence[tuple[str, bytes]]] = ()
    """Empty: no record has headers."""
    refused: DeadLetterReason | None = None
    """None: records. Otherwise these offsets are one batch that was not unpacked; the first value has its bytes."""

    def part(self, begin: int, end: int) -> FetchedRecords:
        """The records at the places [begin, end)."""
        if begin == 0 and end == len(self.offsets):
            return self
        return FetchedRecords(
            self.source,
            self.offsets[begin:end],
            self.values[begin:end],
            self.keys[begin:end],
            self.appended_at[begin:end],
            self.headers[begin:end] if self.headers else (),
            self.refused,
        )

    def after(self, offset: int) -> FetchedRecords:
        """The records from ``offset`` on."""
        if not self.offsets or self.offsets[0] >= offset:
            return self
        return self.part(bisect_left(self.offsets, offset), len(self.offsets))

    def by_minute(self) -> Iterator[FetchedRecords]:
        """Runs of records that were appended in the same minute, in order."""
        begin = 0
        for _, run in groupby(at // MINUTE for at in self.appended_at):
            end = begin + len(list(run))
            yield self.part(begin, end)
            begin = end


@dataclass(frozen=True, slots=True)
class TopicOrigin:
    """The topic behind a partition's name.

    A topic that was made anew has another id, and its offsets begin at 0 again. ``shift`` is added to the offsets of
    the broker, so that the offsets of one name only grow, whatever happens to its topics.
    """

    topic_id: str
    """As the broker says; empty: the broker has no ids."""
    shift: int = 0
    end: int = 0
    """Shifted end offset when the broker was last asked."""


@dataclass(frozen=True, slots=True)
class OutRecord:
    """One record to write. ``partition`` None: the key selects the partition."""

    topic: str
    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int | None = None


@dataclass(frozen=True, slots=True)
class SlotSnapshot:
    """State of one slot at one position of its inputs. With a ``base``, ``parts`` holds what changed, and a share."""

    slot: int
    generation: int
    sequence: int
    """Number of the snapshot; increases by one with each snapshot of a slot."""
    positions: Mapping[TopicPartition, int]
    parts: Mapping[str, Arrays]
    base: int | None = None
    """Sequence of the snapshot from which on all together hold everything; None: this one alone does."""
    domain: str = MAIN_DOMAIN
    origins: Mapping[TopicPartition, TopicOrigin] = field(default_factory=dict)
    """The topics that ``positions`` belong to."""
