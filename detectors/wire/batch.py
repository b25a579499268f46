"""What decoding hands to the bank: parallel arrays of points, and the account of everything that is not among them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from aiops.model.deadletters import DeadLetterReason
from aiops.model.durations import SECOND

EARLIEST = 946_684_800 * SECOND
"""2000-01-01: an event time before it is a clock that was never set."""
PLACES = 10
"""How many places of a rejection are kept."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Units of one record lost to one reason."""

    record: int
    reason: DeadLetterReason
    items: int
    places: tuple[int, ...]
    """Positions within the record of the first ten, counted in units from 0."""


@dataclass(frozen=True, slots=True)
class PointBatch:
    """The points of one poll in input order.

    For every record ``items == accepted units + gaps + items of its rejections`` holds, where the accepted units
    are the points with ``unit == 1``.
    """

    series: npt.NDArray[np.int32]
    """Index into the slot's SeriesTable."""
    at: npt.NDArray[np.int64]
    """Event time, ns UTC."""
    value: npt.NDArray[np.float64]
    start: npt.NDArray[np.int64]
    """Start of the accumulation of cumulative points, ns UTC; 0 where there is none or it is not known."""
    record: npt.NDArray[np.int32]
    """Index of the record in the poll."""
    unit: npt.NDArray[np.uint8]
    """1: the primary value of a data point; 0: a further value derived from the same data point."""
    rejected: list[Rejected]
    gaps: int
    """Data points flagged as having no recorded value: counted units without a point."""
    items: npt.NDArray[np.int64]
    """Units per record. A decoder that bounds its memory may stop before the last record of a poll: then it has fewer
    entries than the poll has records, and the caller decodes the others next."""

    def __len__(self) -> int:
        return len(self.series)

    def chosen(self, which: npt.NDArray[np.bool_]) -> PointBatch:
        """The points where ``which``, (n,), is true; the account stays that of the whole batch."""
        return replace(
            self,
            series=self.series[which],
            at=self.at[which],
            value=self.value[which],
            start=self.start[which],
            record=self.record[which],
            unit=self.unit[which],
        )

    @property
    def difference(self) -> int:
        """Units of this batch that ended nowhere or twice: always 0."""
        accepted = int(self.unit.sum(dtype=np.int64))
        return int(self.items.sum()) - accepted - self.gaps - sum(entry.items for entry in self.rejected)


@dataclass(frozen=True, slots=True)
class WireSettings:
    """What a record and a point may be at most."""

    max_record_bytes: int = 16 * 1024 * 1024
    """A larger record is one TOO_LARGE, unread."""
    max_unpacked_bytes: int = 64 * 1024 * 1024
    """A compressed record that declares more is one TOO_LARGE, and is not decompressed. A poll of compressed records
    that declare more in sum is decoded in parts."""
    future_ns: int = 600 * SECOND
    """A point later than its receipt by more than this is FAR_FUTURE."""
    max_body_bytes: int = 32 * 1024
    """A log body is cut here, and flagged."""
    entity_attributes: tuple[str, ...] = (
        "aiops.entity",
        "service.name",
        "k8s.deployment.name",
        "k8s.pod.name",
        "host.name",
    )
    """Resource attributes that name the entity; the first that is present and not empty wins."""


class Rejections:
    """Collects rejections of one poll; gives one ``Rejected`` per record and reason."""

    def __init__(self) -> None:
        self._counts: dict[tuple[int, DeadLetterReason], int] = {}
        self._places: dict[tuple[int, DeadLetterReason], list[int]] = {}

    def add(self, record: int, reason: DeadLetterReason, places: Iterable[int], *, items: int | None = None) -> None:
        """Counts ``items`` units (default: one per place) of a record."""
        found = list(places)
        key = (record, reason)
        self._counts[key] = self._counts.get(key, 0) + (len(found) if items is None else items)
        # The paths of decoding report one after another, each in order.
        self._places[key] = sorted(self._places.get(key, []) + found)[:PLACES]

    def listed(self) -> list[Rejected]:
        """All rejections, by record and reason."""
        ordered = sorted(self._counts.items())
        return [
            Rejected(record, reason, items, tuple(self._places[record, reason]))
            for (record, reason), items in ordered
            if items
        ]


@dataclass(slots=True)
class PointRows:
    """Points that come one by one, from the paths that are not compiled. Lists of equal length."""

    series: list[int] = field(default_factory=list)
    at: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    start: list[int] = field(default_factory=list)
    record: list[int] = field(default_factory=list)
    unit: list[int] = field(default_factory=list)
    place: list[int] = field(default_factory=list)
    """Position of the data point within its record."""

    def add(self, series: int, at: int, value: float, *, record: int, place: int) -> None:
        """A primary value of a data point that accumulates nothing."""
        self.series.append(series)
        self.at.append(at)
        self.value.append(value)
        self.start.append(0)
        self.record.append(record)
        self.unit.append(1)
        self.place.append(place)

    def arrays(self) -> PointArrays:
        """The rows as arrays."""
        return PointArrays(
            series=np.array(self.series, dtype=np.int32),
            at=np.array(self.at, dtype=np.int64),
            value=np.array(self.value, dtype=np.float64),
            start=np.array(self.start, dtype=np.int64),
            record=np.array(self.record, dtype=np.int32),
            unit=np.array(self.unit, dtype=np.uint8),
            place=np.array(self.place, dtype=np.int64),
        )


@dataclass(frozen=True, slots=True)
class PointArrays:
    """Accepted points with their place within the record, by which parts are put back in input order."""

    series: npt.NDArray[np.int32]
    at: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    start: npt.NDArray[np.int64]
    record: npt.NDArray[np.int32]
    unit: npt.NDArray[np.uint8]
    place: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BatchAccount:
    """Units of a poll that are not points."""

    rejections: Rejections
    gaps: int
    items: npt.NDArray[np.int64]


def assemble(parts: Sequence[PointArrays], account: BatchAccount, *, ordered: bool = False) -> PointBatch:
    """One batch from parts that were decoded by different paths, in input order, in which ``ordered`` parts are."""
    filled = [part for part in parts if len(part.series)]
    if len(filled) == 1:
        return _batch(filled[0], account)
    merged = PointArrays(
        series=np.concatenate([np.empty(0, np.int32), *(part.series for part in filled)]),
        at=np.concatenate([np.empty(0, np.int64), *(part.at for part in filled)]),
        value=np.concatenate([np.empty(0, np.float64), *(part.value for part in filled)]),
        start=np.concatenate([np.empty(0, np.int64), *(part.start for part in filled)]),
        record=np.concatenate([np.empty(0, np.int32), *(part.record for part in filled)]),
        unit=np.concatenate([np.empty(0, np.uint8), *(part.unit for part in filled)]),
        place=np.concatenate([np.empty(0, np.int64), *(() if ordered else (part.place for part in filled))]),
    )
    return _batch(merged if ordered else chosen(merged, np.lexsort((merged.place, merged.record))), account)


def chosen(points: PointArrays, which: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> PointArrays:
    """Some of the points, by mask or by order."""
    return PointArrays(
        points.series[which],
        points.at[which],
        points.value[which],
        points.start[which],
        points.record[which],
        points.unit[which],
        points.place[which],
    )


def _batch(points: PointArrays, account: BatchAccount) -> PointBatch:
    columns = (points.series, points.at, points.value, points.start, points.record, points.unit)
    return PointBatch(*columns, account.rejections.listed(), account.gaps, account.items)


def joined(batches: Sequence[PointBatch]) -> PointBatch:
    """One batch of several, of one record each, in their order."""
    return PointBatch(
        np.concatenate([batch.series for batch in batches]),
        np.concatenate([batch.at for batch in batches]),
        np.concatenate([batch.value for batch in batches]),
        np.concatenate([batch.start for batch in batches]),
        np.concatenate([batch.record + np.int32(number) for number, batch in enumerate(batches)]),
        np.concatenate([batch.unit for batch in batches]),
        [replace(entry, record=number) for number, batch in enumerate(batches) for entry in batch.rejected],
        sum(batch.gaps for batch in batches),
        np.concatenate([batch.items for batch in batches]),
    )
