"""``SeriesBank``: the state of all series of one slot, and the methods that update and read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from aiops.model.durations import SECOND
from detectors.bank import loop, memory, snapshot
from detectors.bank.layout import (
    BLOCK_BITS,
    OPEN,
    RING_BITS,
    SILENT,
    TRANSITION,
    Array,
    BatchOutcome,
    Heard,
    Points,
    Tuning,
)
from detectors.bank.reservation import reserve
from detectors.bank.rings import rings_of
from detectors.turns import NO_SHARE, Share
from detectors.views.protocol import ViewModule

_NEVER = 1e30


@dataclass(frozen=True, slots=True)
class BankSettings:
    """Settings of a bank."""

    capacity: int = 1_000_000
    """Largest number of series. Memory is committed only for series in use."""
    warm_up_points: int = 30
    """A series is not scored before it has this many points."""
    allowed_lateness_seconds: float = 300.0
    """A point is late when it is more than this many seconds older than its series' newest."""
    threshold: float = 1.0
    """Scales all limits of the bank: at 2 a point must be twice as far out to be flagged."""
    adopt_seconds: float = 7200.0
    """A new level that lasted for this time and at least 24 flagged points becomes the usual one."""
    ring_step_seconds: float = 60.0
    """Length of a step of the rings of recent values."""
    ring_steps: int = 360
    """Number of steps that the rings reach back: the newest 64 as steps, older ones in cells of six steps."""
    forecast_seconds: float = 7200.0
    """A series is abnormal when its trend reaches its limit within this time."""


@dataclass(frozen=True, slots=True)
class BankResult:
    """Result of a batch."""

    ended: npt.NDArray[np.uint8]
    """(n,) ``Ended`` of each point."""
    score: npt.NDArray[np.float32]
    """(n,) score of each point in [0, 1): 0.5 is the edge of the series' usual range; 0 if it was not scored."""
    transitions: Array
    """TRANSITION records in the order of the points that caused them."""


class SeriesBank:
    """Scores and learns points of many series.

    A series is a number below ``size``; ``admit`` adds the next ones. All methods must be called by one thread.

    Args:
        settings: of the bank.
        views: further views, in addition to the built-in ones.
    """

    def __init__(self, settings: BankSettings | None = None, views: tuple[ViewModule, ...] = ()) -> None:
        self.settings = settings or BankSettings()
        self._loops = loop.loops(views)
        self._layouts = {view.NAME: view.STATE for view in views}
        self.size = 0
        self.version = 1
        """Rises with each ``to_arrays``; blocks that change afterwards are marked with it."""
        rings = rings_of(self.settings.ring_step_seconds, self.settings.ring_steps)
        self._state = reserve(self.settings.capacity, rings, self._layouts)
        self._room = np.empty(0, dtype=TRANSITION)
        self._tuning = Tuning(
            ease=1.0 / self.settings.threshold,
            warm_up=int(self.settings.warm_up_points),
            late_ns=int(self.settings.allowed_lateness_seconds * SECOND),
            adopt_ns=int(self.settings.adopt_seconds * SECOND),
            rings=rings,
            horizon_seconds=float(self.settings.forecast_seconds),
        )

    def __len__(self) -> int:
        return self.size

    def admit(
        self,
        kind: npt.NDArray[np.uint8],
        limit: npt.NDArray[np.float32] | None = None,
        *,
        series: npt.NDArray[np.int32] | None = None,
        kin: npt.NDArray[np.int32] | None = None,
    ) -> None:
        """Adds new series.

        Args:
            kind: (n,) ``ValueKind`` of each new series.
            limit: (n,) value that the series must not reach (1 for a share); 0: none. See ``views.forecast``.
            series: (n,) their numbers: released ones, or the next ones in order; None: the next ones in order.
            kin: (n, KIN) numbers plus 1 of the series that each inherits from, 0: none. See ``bank.inheritance``.

        Raises:
            ValueError: there would be more series than ``capacity``.
        """
        if series is None:
            series = np.arange(self.size, self.size + len(kind), dtype=np.int32)
        size = max(self.size, int(series.max(initial=-1)) + 1)
        if size > self.settings.capacity:
            raise ValueError(f"the bank holds {self.settings.capacity} series, {size} were announced")
        self._state.rows["kind"][series] = kind
        if limit is not None:
            self._state.rows["limit"][series] = limit
        if kin is not None:
            self._state.kin[series] = kin
        self._state.dirty_rows[series >> BLOCK_BITS] = self.version
        self.size = size

    def release(self, series: npt.NDArray[np.int32]) -> None:
        """Clears the state of series; their numbers may be admitted again. Nobody inherits from them any more."""
        state = self._state
        for array in (state.rows, state.anomalies, state.hours, state.kin, *state.views):
            array[series] = np.zeros((), array.dtype)
        gone = np.zeros(self.size + 1, np.bool_)
        gone[series + 1] = True
        heirs, places = np.nonzero(gone[state.kin[: self.size]])
        state.kin[heirs, places] = 0
        state.dirty_rows[heirs >> BLOCK_BITS] = self.version
        for dirty in (state.dirty_rows, state.dirty_anomalies, state.dirty_hours):
            dirty[series >> BLOCK_BITS] = self.version
        state.ring[:, series] = 0
        state.dirty_ring[:, series >> RING_BITS] = self.version

    def update(
        self,
        series: npt.NDArray[np.int32],
        at: npt.NDArray[np.int64],
        value: npt.NDArray[np.float64],
        *,
        start: npt.NDArray[np.int64] | None = None,
        trusted: bool = False,
    ) -> BankResult:
        """Scores and learns a batch: any number of points a series, in the order of arrival.

        Args:
            series: (n,) numbers below ``size``.
            at: (n,) event time, ns UTC, above 0.
            value: (n,) values; counters as received, the bank converts them to rates.
            start: (n,) start of the accumulation of counters and deltas, ns; 0 or None: not known.
            trusted: all points are normal: they are learned and none is flagged.

        Raises:
            ValueError: the arrays have unequal lengths, or a series was not admitted.
        """
        count = len(series)
        if count and not 0 <= int(series.min()) <= int(series.max()) < self.size:
            raise ValueError(f"series must be below {self.size}: announce them first")
        if start is None:
            start = np.zeros(count, dtype=np.int64)
        points = Points(_own(series, np.int32), _own(at, np.int64), _own(value, np.float64), _own(start, np.int64))
        if not len(points.at) == len(points.value) == len(points.start) == count:
            raise ValueError("series, at, value and start must have the same length")
        if len(self._room) < 2 * count:
            self._room = np.empty(2 * count, dtype=TRANSITION)
        out = BatchOutcome(np.empty(count, np.uint8), np.empty(count, np.float32), self._room)
        tuning = self._tuning._replace(ease=1.0 / _NEVER) if trusted else self._tuning
        reported = self._loops.advance(self._state, tuning, points, out, self.version)
        return BankResult(out.ended, out.score, self._room[:reported].copy())

    def silent(
        self,
        watermark_at: int | npt.NDArray[np.int64],
        indices: npt.NDArray[np.int32] | None = None,
        limit: npt.NDArray[np.float64] | None = None,
    ) -> Array:
        """Opens the silence of series without a point for much longer than their longest usual pause.

        Call it only while the lag of their source is known and small. ``update`` closes the silence at the next point.

        Args:
            watermark_at: event time that the senders of these series have reached, ns; one for all, or (n,).
            indices: (n,) the series; None: all.
            limit: (n,) seconds after which the sender of a series is silent, if it is; 0: it is not. None: all 0.

        Returns:
            TRANSITION records with view SILENCE; ``value`` is the seconds of silence, ``expected`` the usual interval.
        """
        if indices is None:
            indices = np.arange(self.size, dtype=np.int32)
        out = np.empty(len(indices), dtype=TRANSITION)
        heard = Heard(
            _own(np.broadcast_to(np.asarray(watermark_at, np.int64), indices.shape), np.int64),
            np.zeros(len(indices)) if limit is None else _own(limit, np.float64),
        )
        reported = self._loops.listen(self._state, self._tuning, heard, _own(indices, np.int32), out, self.version)
        return out[:reported].copy()

    def is_open(self, indices: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
        """(n,) whether a value episode or a silence of each series is open."""
        states: npt.NDArray[np.bool_] = (self._state.rows["state"][indices] & (OPEN | SILENT)) != 0
        return states

    def anomalies(self, indices: npt.NDArray[np.int32]) -> Array:
        """Copies of the TROUBLE records of series. ``peak`` is a ratio; ``score_of`` converts it to a score."""
        records: Array = self._state.anomalies[indices]
        return records

    def last_score(self, indices: npt.NDArray[np.int32]) -> npt.NDArray[np.float32]:
        """(n,) score of each series' newest scored point."""
        scores: npt.NDArray[np.float32] = self._state.rows["score"][indices]
        return scores

    def points(self) -> npt.NDArray[np.uint32]:
        """(size,) how many points each series has learned; of one that inherits, as many as it may count on."""
        learned: npt.NDArray[np.uint32] = self._state.rows["n"][: self.size]
        return learned

    def last_at(self, indices: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
        """(n,) event time of each series' newest point, ns; 0: none."""
        times: npt.NDArray[np.int64] = self._state.rows["last_at"][indices]
        return times

    def readings(
        self, indices: npt.NDArray[np.int32], window: tuple[int, int], baseline: tuple[int, int]
    ) -> memory.Readings:
        """Figures of series over ``window`` and ``baseline``, [from, to) in ns, from the rings of recent values."""
        return memory.read(self._selected(indices), window=window, baseline=baseline)

    def recent(
        self, indices: npt.NDArray[np.int32], span: tuple[int, int], resolution: memory.Resolution
    ) -> tuple[npt.NDArray[np.int64], memory.Floats]:
        """Begin of each cell of a ring in ``span``, and (cells, n) its means, as ``memory.cells``."""
        return memory.cells(self._selected(indices), span=span, resolution=resolution)

    def _selected(self, indices: npt.NDArray[np.int32]) -> memory.Selection:
        return memory.Selection(self._state, self._tuning.rings, indices)

    def to_arrays(self, since: int | None = None, share: Share = NO_SHARE, begun: int = 0) -> dict[str, Array]:
        """Copies the state, or the blocks that changed after version ``since`` and a share of the series.

        ``begun``: version at the begin of the share's turn. See ``bank.snapshot``.
        """
        arrays = snapshot.copy_changed(self._state, self.size, since, version=self.version, share=share, begun=begun)
        arrays |= snapshot.copy_views(self._state, self._layouts, arrays["rows_blocks"])
        self.version += 1
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any], settings: BankSettings | None = None) -> SeriesBank:
        """Restores a bank from ``to_arrays()``; add further parts with ``extend``."""
        bank = cls(settings)
        bank.extend(arrays)
        return bank

    def extend(self, arrays: Mapping[str, Any]) -> None:
        """Applies a part from ``to_arrays(since)``. Apply parts in order. ``ValueError`` if a part does not fit."""
        self.size, version = snapshot.restore(self._state, (self.size, self.settings.capacity), arrays)
        snapshot.restore_views(self._state, self._layouts, arrays)
        self.version = version + 1


def _own(array: npt.NDArray[Any], dtype: Any) -> Array:
    """The array in the form that the compiled loop takes; copied only if type, layout or writability differ."""
    return np.require(array, dtype=dtype, requirements=["C", "A", "W"])
