"""Sends data for entities of other slots to these slots: points unchanged, logs and spans as counts.

All data of one origin record for one slot goes into one keyed record, and keyed records keep the order of origin
offsets. So a receiver needs only one offset per origin to drop what a replay sends again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from aiops.model.records import OutRecord, TopicPartition
from detectors import rows
from detectors.spans.flows import Flow
from detectors.wire import keyed
from detectors.wire.arrow_encoding import PointEncoder
from detectors.wire.batch import PointBatch
from detectors.wire.memory import WireMemory
from detectors.wire.series import SeriesTable
from detectors.wire.slots import slot_of

_UNKNOWN = -1
_MOST_POINTS = 65_536
"""Number of points after which a keyed record gets no further origin record."""


@dataclass(slots=True)
class PointRouter:
    """Splits points into own points and those of other slots, by the entities of their series.

    Points are decoded with a table of all slots' series (``transit``), so that foreign series do not fill the own one.
    Where nearly all points are expected to be own, ``transit`` is the memory of ``table`` itself: that costs nothing
    as long as no foreign entity arrives.
    """

    slot: int
    slots: int
    topic: str
    transit: WireMemory
    table: SeriesTable
    """The slot's own table."""
    _own: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    """Own number of each series in transit; a key of ``REFUSED`` if the own table is full."""
    _owner: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    """Slot of each entity in transit."""
    _encoder: PointEncoder | None = None
    _strays: bool = False
    """Whether an entity in transit belongs to another slot."""

    def foreign(self, series: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_] | None:
        """Which of some series in transit belong to other slots; None: none of them does."""
        self._learn()
        if not self._strays:
            return None
        foreign = self.owners(series) != self.slot
        return foreign if foreign.any() else None

    def own(self, series: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Own numbers of series in transit, negative if the own table refuses them. The slot must own all of them."""
        if self.transit.table is self.table:
            return series
        self._learn()
        found = self._own[series]
        unknown = found == _UNKNOWN
        if unknown.any():
            # In the order of their first points, so that numbers do not depend on how the input is cut.
            fresh, first = np.unique(series[unknown], return_index=True)
            fresh = fresh[np.argsort(first)]
            self._own[fresh] = self.table.add([self.transit.table.identity(number) for number in fresh.tolist()])
            found = self._own[series]
        return found

    def owners(self, series: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Slot of each series in transit."""
        self._learn()
        entities = self.transit.table.entity[series]
        owners = self._owner[entities]
        if owners.min(initial=0) < 0:
            for code in np.unique(entities[owners < 0]).tolist():
                self._owner[code] = slot_of(self.transit.table.entities[code], self.slots)
            owners = self._owner[entities]
        return owners

    def _learn(self) -> None:
        table = self.transit.table
        self._own = _longer(self._own, len(table))
        if fresh := list(table.entities[len(self._owner) :]):
            # A free code has no text: the entity that gets it is looked up then.
            slots = np.array([slot_of(entity, self.slots) if entity else _UNKNOWN for entity in fresh], np.int32)
            self._owner = np.concatenate([self._owner, slots])
            self._strays = self._strays or bool((slots != self.slot).any())

    def forget_own(self, series: npt.NDArray[np.int32]) -> None:
        """Forget own numbers that are reclaimed, and that series were refused: there may be room."""
        self._own[np.isin(self._own, series) | (self._own < 0)] = _UNKNOWN

    def forget(self, series: npt.NDArray[np.int32], entities: npt.NDArray[np.int32]) -> None:
        """Forget series in transit that are reclaimed, and entities that have none any more."""
        self._own[series[series < len(self._own)]] = _UNKNOWN
        self._owner[entities[entities < len(self._owner)]] = _UNKNOWN
        # Another entity may get the number of a forgotten one, so from now on owners are looked up.
        self._strays = self._strays or bool(len(entities))

    def forward(
        self, batch: PointBatch, which: npt.NDArray[np.int64], origin: TopicPartition, *, offsets: Sequence[int]
    ) -> list[OutRecord]:
        """Keyed records of the points at ``which``, none of them the slot's own."""
        if not len(which):
            return []
        if self._encoder is None:
            self._encoder = PointEncoder(self.transit.table)
        owners = self.owners(batch.series[which])
        records = []
        for slot in np.unique(owners).tolist():
            for part in _parts(which[owners == slot], batch.record):
                value = keyed.encode(self._encoder, batch, part, origin=((origin.topic, origin.partition), offsets))
                records.append(OutRecord(self.topic, None, value, partition=slot))
        return records


def _longer(array: npt.NDArray[np.int32], size: int) -> npt.NDArray[np.int32]:
    missing = size - len(array)
    return np.concatenate([array, np.full(missing, _UNKNOWN, np.int32)]) if missing > 0 else array


def _parts(which: npt.NDArray[np.int64], record: npt.NDArray[np.int32]) -> list[npt.NDArray[np.int64]]:
    """Split positions into parts of bounded size, never within a record."""
    begins = np.flatnonzero(np.diff(record[which], prepend=np.int32(-1)))
    cuts, size = [], 0
    for begin, end in zip(begins.tolist(), [*begins.tolist()[1:], len(which)], strict=True):
        if size and size + end - begin > _MOST_POINTS:
            cuts.append(begin)
            size = 0
        size += end - begin
    return np.split(which, cuts)


@dataclass(slots=True)
class RowRouter:
    """Collects rows of logs and spans for other slots during one batch of one partition."""

    topic: str
    origin: TopicPartition
    _logs: dict[int, dict[tuple[int, str, str, str, int], int]] = field(default_factory=dict)
    _spans: dict[int, dict[tuple[int, str, str, bool, int], tuple[Flow, list[int]]]] = field(default_factory=dict)

    def log(self, slot: int, offset: int, line: tuple[str, str, str, int], *, count: int = 1) -> None:
        """Add lines given by entity, severity, masked text and interval."""
        found = self._logs.setdefault(slot, {})
        key = (offset, *line)
        found[key] = found.get(key, 0) + count

    def span(self, slot: int, key: tuple[int, str, str, bool, int], flow: Flow, *, units: int) -> None:
        """Add a flow given by origin offset, entity, peer, whether it is a use, and interval."""
        known, counted = self._spans.setdefault(slot, {}).setdefault(key, (Flow(), [0]))
        known.add(flow)
        counted[0] += units

    def records(self) -> list[OutRecord]:
        """Keyed records of all collected rows."""
        origin = (self.origin.topic, self.origin.partition)
        out = []
        for slot in sorted(self._logs.keys() | self._spans.keys()):
            logs = [(*key, count) for key, count in self._logs.get(slot, {}).items()]
            spans = [
                (*key, flow.calls, flow.errors, sorted(flow.durations.items()), units[0])
                for key, (flow, units) in self._spans.get(slot, {}).items()
            ]
            value = rows.encode(rows.KeyedRows.model_construct(origin=origin, logs=logs, spans=spans))
            out.append(OutRecord(self.topic, None, value, partition=slot))
        return out
