"""A frame's points as the runtime's decoder would give them, without going through bytes: for light runs.

Gauges and sums as they are; a histogram as its count and the quantiles of what came since the series' last point. A
test holds this equal to encoding as OTLP and decoding again.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from detectors.wire.batch import PointBatch, WireSettings
from detectors.wire.entity_names import metric_scope
from detectors.wire.identity import SeriesIdentity, origin_of, point_identity
from detectors.wire.identity import SeriesKind as WireKind
from detectors.wire.quantiles import QUANTILES, quantile_suffix
from detectors.wire.series import SeriesTable
from simulations.telemetry.frames import Floats, MetricFrame, MetricKind, SeriesInfo
from simulations.telemetry.metrics import BUCKETS, MetricEmitter
from simulations.telemetry.otlp import SCOPE

_KINDS = {
    MetricKind.GAUGE: WireKind.GAUGE,
    MetricKind.SUM: WireKind.CUMULATIVE,
    MetricKind.HISTOGRAM: WireKind.CUMULATIVE,
}


class DirectPoints:
    """Turns frames of one emitter into batches for one table of series.

    Args:
        emitter: whose frames.
        table: where the series get their numbers.
    """

    def __init__(self, emitter: MetricEmitter, table: SeriesTable) -> None:
        self.emitter = emitter
        plain = [self._identity(info) for info in emitter.series]
        self._numbers = table.add(plain)
        self._cumulative = np.array([info.kind is not MetricKind.GAUGE for info in emitter.series])
        self._first = next(n for n, info in enumerate(emitter.series) if info.kind is MetricKind.HISTOGRAM)
        shapes = emitter.series[self._first :]
        self._quantiles = np.stack([table.add([self._quantile(info, q) for info in shapes]) for q in QUANTILES])
        self._last = np.full((len(shapes), len(BUCKETS) + 1), -1, dtype=np.int64)

    def batch(self, frame: MetricFrame) -> PointBatch:
        """All points of a frame, in the order gauges and sums, counts, quantiles."""
        row = frame.histogram - self._first
        known = self._last[row, 0] >= 0
        added = frame.counts - np.where(known[:, None], self._last[row], frame.counts)
        self._last[row] = frame.counts
        seen = added.sum(axis=1) > 0
        tall = [_quantile(added[seen], q) for q in QUANTILES]
        series = [self._numbers[frame.index], self._numbers[frame.histogram], *(n[row[seen]] for n in self._quantiles)]
        values = [frame.value, frame.counts.sum(axis=1).astype(np.float64), *tall]
        units = len(frame)
        total = sum(len(part) for part in values)
        start = np.zeros(total, dtype=np.int64)
        start[: len(frame.index)] = np.where(self._cumulative[frame.index], frame.start, 0)
        start[len(frame.index) : units] = frame.start
        return PointBatch(
            series=np.concatenate(series).astype(np.int32),
            at=np.full(total, frame.at, dtype=np.int64),
            value=np.concatenate(values),
            start=start,
            record=np.zeros(total, dtype=np.int32),
            unit=(np.arange(total) < units).astype(np.uint8),
            rejected=[],
            gaps=0,
            items=np.array([units], dtype=np.int64),
        )

    def _identity(self, info: SeriesInfo) -> SeriesIdentity:
        origin = origin_of(
            dict(self.emitter.resources[info.resource].attributes),
            WireSettings().naming,
            SCOPE,
            about=metric_scope(info.metric),
        )
        shape = info.kind is MetricKind.HISTOGRAM
        metric, unit = (f"{info.metric}.count", "1") if shape else (info.metric, info.unit)
        return point_identity(origin, metric, unit, kind=_KINDS[info.kind], point=dict(info.attributes))

    def _quantile(self, info: SeriesInfo, quantile: float) -> SeriesIdentity:
        name = info.metric + quantile_suffix(quantile)
        return replace(self._identity(info), metric=name, unit=info.unit, kind=WireKind.QUANTILE)


def _quantile(counts: NDArray[np.int64], quantile: float) -> Floats:
    """[n] the quantile of each histogram: linear inside a bucket, the lower bound of the open one."""
    rank = quantile * counts.sum(axis=1)
    reached = np.cumsum(counts, axis=1)
    bucket = np.argmax((reached >= rank[:, None]) & (counts > 0), axis=1)
    rows = np.arange(len(counts))
    inside = (rank - (reached[rows, bucket] - counts[rows, bucket])) / np.maximum(counts[rows, bucket], 1)
    lower = np.array([0.0, *BUCKETS])[bucket]
    upper = np.array([*BUCKETS, BUCKETS[-1]])[bucket]
    value: Floats = lower + (upper - lower) * inside
    return value
