"""Calls, errors and durations per service and edge in intervals of ten seconds, additive until an interval closes.

Durations are counted in buckets of a quarter of a power of two of a microsecond, so a quantile is within 10 %.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from aiops.model.durations import SECOND
from aiops.model.entities import Edge, EdgeKind
from detectors.intervals import INTERVAL
from detectors.spans.names import NONE, Codes, SpanNames
from detectors.spans.tally import Tally
from detectors.wire.hashing import Hashes, HashIndex

Longs = npt.NDArray[np.int64]
BUCKETS = 136
FORGET = 3600 * SECOND // INTERVAL
"""Intervals after which an edge or service that is not seen any more is forgotten."""
_REPEAT_AFTER = 60 * SECOND // INTERVAL
_QUANTILES = (0.5, 0.99)
_SEEN, _REPORTED, _USES = range(3)
_INTERVAL_BITS, _FLOW_BITS = 32, 8


def buckets(durations: Longs) -> npt.NDArray[np.int32]:
    """Bucket of each duration in ns."""
    found = (4 * np.log2(np.maximum(durations, 1) / 1000)).astype(np.int32) + 1
    return np.where(durations > 1000, np.clip(found, 0, BUCKETS - 1), 0).astype(np.int32)


def milliseconds(number: int) -> float:
    """Middle of a bucket."""
    return float(2 ** ((number - 0.5) / 4) / 1000)


_MILLISECONDS = np.array([milliseconds(number) for number in range(BUCKETS)])


@dataclass(slots=True)
class Flow:
    """What a service or edge did in an interval."""

    calls: int = 0
    errors: int = 0
    durations: dict[int, int] = field(default_factory=dict)
    """Bucket to count."""

    def add(self, other: Flow) -> None:
        """Adds another flow's figures."""
        self.calls += other.calls
        self.errors += other.errors
        for number, count in other.durations.items():
            self.durations[number] = self.durations.get(number, 0) + count


@dataclass(frozen=True, slots=True)
class Added:
    """Calls to count: columns of one length, those of one service or edge and interval in any number of rows."""

    entity: Codes
    peer: Codes
    """NONE: the service itself."""
    uses: npt.NDArray[np.bool_]
    interval: Longs
    bucket: npt.NDArray[np.int32]
    calls: Longs
    errors: Longs


@dataclass(frozen=True, slots=True)
class ClosedFlows:
    """All known services and edges in one closed interval: columns of one length."""

    at: int
    """End of the interval, ns."""
    flows: Longs
    """Rows of ``FlowCounter.series``."""
    entity: Codes
    peer: Codes
    calls: Longs
    errors: Longs
    quantiles: npt.NDArray[np.float64]
    """Median and 99th percentile of the durations, ms; 0 where there are no calls. Shape (n, 2)."""
    begins: Longs
    """Where the durations of each row begin, and where the last ends."""
    buckets: Longs
    counts: Longs

    def flow(self, row: int) -> Flow:
        """The figures of one row."""
        begin, end = self.begins[row], self.begins[row + 1]
        durations = dict(zip(self.buckets[begin:end].tolist(), self.counts[begin:end].tolist(), strict=True))
        return Flow(int(self.calls[row]), int(self.errors[row]), durations)


class FlowCounter:
    """Flows of one slot.

    Args:
        names: of services and other ends.
        most: services and edges that are known at a time; further ones are not counted until others are forgotten.
    """

    def __init__(self, names: SpanNames, most: int = 20_000) -> None:
        self.names, self.most = names, most
        self._tally = Tally()
        """By interval, flow and bucket: calls and errors."""
        self._pairs = np.empty((0, 2), np.int32)
        """Entity and peer of each flow, in the order of first sight."""
        self._known = np.empty((0, 3), np.int64)
        """Interval in which it was seen last, interval in which its edge was last told (-1: never), whether a use."""
        self._index = HashIndex()
        self.series = np.empty((0, 4), np.int32)
        """Numbers of the series of each flow, -1 where they were not asked for; a cache for who makes points."""

    def __len__(self) -> int:
        return len(self._pairs)

    def add(self, added: Added) -> None:
        """Counts calls; their intervals must be open."""
        flows = self._flows(added)
        taken = flows >= 0
        uses = flows[taken & added.uses]
        self._known[uses, _USES] = 1
        low = (flows.astype(np.int64) + 1) << _FLOW_BITS  # so that no key is 0
        keys = (added.interval << _INTERVAL_BITS) | low | added.bucket
        amounts = np.stack([added.calls, added.errors], axis=1)
        self._tally.add(keys[taken].astype(np.uint64), amounts[taken])

    def _flows(self, added: Added) -> npt.NDArray[np.int32]:
        """Flow of each row, new ones in their order; -1 where there is no room."""
        pairs = _packed(added.entity, added.peer)
        flows = self._index.find(pairs)
        missing = np.flatnonzero(flows < 0)
        if len(missing):
            _, first = np.unique(pairs[missing], return_index=True)
            fresh = missing[np.sort(first)][: max(0, self.most - len(self))]
            self._learn(np.stack([added.entity[fresh], added.peer[fresh]], axis=1), added.interval[fresh])
            flows = self._index.find(pairs)
        return flows

    def _learn(self, pairs: Codes, intervals: Longs) -> None:
        begin = len(self)
        self._pairs = np.concatenate([self._pairs, pairs])
        news = np.stack([intervals, np.full(len(pairs), -1), np.zeros(len(pairs))], axis=1).astype(np.int64)
        self._known = np.concatenate([self._known, news])
        self.series = np.concatenate([self.series, np.full((len(pairs), 4), -1, np.int32)])
        self._index.insert(_packed(pairs[:, 0], pairs[:, 1]), np.arange(begin, len(self), dtype=np.int32))

    def close(self, closed: int) -> tuple[list[ClosedFlows], list[Edge]]:
        """All intervals below ``closed`` in which anything was seen, oldest first, and the edges that are due."""
        keys, counts = self._tally.take(closed << _INTERVAL_BITS)
        intervals = (keys >> np.uint64(_INTERVAL_BITS)).astype(np.int64)
        found: list[ClosedFlows] = []
        edges: list[Edge] = []
        cuts = [*np.flatnonzero(np.diff(intervals, prepend=-1)).tolist(), len(keys)]
        for begin, end in pairwise(cuts):
            interval = int(intervals[begin])
            low = (keys[begin:end] & np.uint64((1 << _INTERVAL_BITS) - 1)).astype(np.int64)
            found.append(self._measure(interval, low, counts[begin:end]))
            edges += self._due(interval, found[-1])
        return found, edges

    def _measure(self, interval: int, low: Longs, counts: Longs) -> ClosedFlows:
        flows, first = np.unique((low >> _FLOW_BITS) - 1, return_index=True)
        self._known[flows, _SEEN] = np.maximum(self._known[flows, _SEEN], interval)
        sums = np.zeros((len(self), 2), np.int64)
        sums[flows] = np.add.reduceat(counts, first, axis=0)
        ends = np.full(len(self), -1, np.int64)
        ends[flows] = np.append(first[1:], len(low))
        ends = np.maximum.accumulate(np.maximum(ends, 0))
        begins = np.concatenate([np.zeros(1, np.int64), ends])
        quantiles = np.zeros((len(self), len(_QUANTILES)))
        quantiles[flows] = _quantiles(low & ((1 << _FLOW_BITS) - 1), counts[:, 0], first)
        return ClosedFlows(
            at=(interval + 1) * INTERVAL,
            flows=np.arange(len(self)),
            entity=self._pairs[:, 0],
            peer=self._pairs[:, 1],
            calls=sums[:, 0],
            errors=sums[:, 1],
            quantiles=quantiles,
            begins=begins,
            buckets=low & ((1 << _FLOW_BITS) - 1),
            counts=counts[:, 0],
        )

    def _due(self, interval: int, closed: ClosedFlows) -> Iterator[Edge]:
        reported = self._known[:, _REPORTED]
        due = (closed.peer != NONE) & (closed.calls > 0) & ((reported < 0) | (interval - reported >= _REPEAT_AFTER))
        for row in np.flatnonzero(due).tolist():
            self._known[row, _REPORTED] = interval
            source, target = (self.names.texts[code] for code in self._pairs[row].tolist())
            kind = EdgeKind.USES if self._known[row, _USES] else EdgeKind.CALLS
            yield Edge(source, target, kind, "spans", closed.at, int(closed.calls[row]) * SECOND / INTERVAL)

    def forget(self, closed: int) -> None:
        """Lets go of what was not seen for an hour, of which nothing is open."""
        kept = closed - self._known[:, _SEEN] <= FORGET
        keys, counts = self._tally.entries()
        flows = _flow_of(keys)
        kept[flows] = True
        if kept.all():
            return
        numbers = np.cumsum(kept) - 1
        shift = (flows - numbers[flows]).astype(np.uint64) << np.uint64(_FLOW_BITS)
        self._tally.replace(keys - shift, counts)
        self._pairs, self._known, self.series = self._pairs[kept], self._known[kept], self.series[kept]
        self._reindex()

    def _reindex(self) -> None:
        self._index = HashIndex()
        self._index.insert(_packed(self._pairs[:, 0], self._pairs[:, 1]), np.arange(len(self), dtype=np.int32))

    def used(self, names: int) -> npt.NDArray[np.bool_]:
        """Which codes are still needed."""
        found = np.zeros(names + 1, np.bool_)  # NONE marks the last
        found[self._pairs.ravel()] = True
        return found[:-1]

    def renamed(self, codes: Codes) -> None:
        """Goes on with other codes: the new one of each old one, NONE last."""
        self._pairs = codes[self._pairs]
        self._reindex()

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """State for a snapshot; the same state gives the same bytes."""
        keys, counts = self._tally.entries()
        return {"keys": keys, "counts": counts, "pairs": self._pairs, "known": self._known}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, npt.NDArray[np.generic]], names: SpanNames, most: int = 20_000
    ) -> FlowCounter:
        """The counter that ``to_arrays`` was called on."""
        found = cls(names, most)
        found._pairs, found._known = arrays["pairs"].astype(np.int32), arrays["known"].astype(np.int64)
        found.series = np.full((len(found._pairs), 4), -1, np.int32)
        found._reindex()
        found._tally.replace(arrays["keys"].astype(np.uint64), arrays["counts"].astype(np.int64))
        return found


def _packed(entity: Codes, peer: Codes) -> Hashes:
    """Entity and peer as one spread number, never 0; two pairs never share one."""
    mixed = ((entity.astype(np.uint64) + np.uint64(1)) << np.uint64(32)) | (peer.astype(np.int64) + 1).astype(np.uint64)
    # Finaliser of MurmurHash3: a bijection, so different pairs stay different.
    mixed = (mixed ^ (mixed >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    return np.asarray(mixed ^ (mixed >> np.uint64(33)), np.uint64)


def _flow_of(keys: Hashes) -> Longs:
    return ((keys & np.uint64((1 << _INTERVAL_BITS) - 1)) >> np.uint64(_FLOW_BITS)).astype(np.int64) - 1


def _quantiles(bucket: Longs, counts: Longs, first: Longs) -> npt.NDArray[np.float64]:
    """Quantiles of each group of buckets in rising order, which begin at ``first``; ms, shape (groups, 2)."""
    running = np.cumsum(counts)
    before = running[first] - counts[first]
    total = np.add.reduceat(counts, first)
    found = np.zeros((len(first), len(_QUANTILES)))
    for column, share in enumerate(_QUANTILES):
        wanted = np.ceil(share * total).astype(np.int64) + before
        found[:, column] = _MILLISECONDS[bucket[np.searchsorted(running, wanted)]]
    return np.where(total[:, None] > 0, found, 0.0)
