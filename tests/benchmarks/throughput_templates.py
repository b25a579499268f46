"""Records of OTLP made once and written over: the same bytes with other times and values, as a sender's next export.

Building eight thousand protobuf messages a record would take minutes. A template is a record with marks in it, and
knows where they lie. Histograms and summaries count on from step to step; their bucket counts grow at different rates.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf import json_format
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_CUMULATIVE, Metric

from tests.benchmarks.decode import POINTS, otlp

Bytes = npt.NDArray[np.uint8]
Longs = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5)
"""Of explicit histograms: twelve buckets."""
BUCKETS = 160
"""Of exponential histograms: what SDKs hold at most."""
QUANTILES = (0.5, 0.9, 0.99)
_AT, _COUNT, _REAL = 0x1122334455667788, 0x1234567890ABCDEF >> 4, 7.123456789e77
_WIDE = 1 << 14
"""From here to 2^21 a count takes three bytes."""
_MARKED = 1 << 20
_TEXT_AT, _TEXT_VALUE = "1234567891234567891", 7777.777777777777


def _gauge(metric: Metric) -> Any:
    return metric.gauge.data_points.add(as_double=_REAL)


def _histogram(metric: Metric) -> Any:
    metric.histogram.aggregation_temporality = AGGREGATION_TEMPORALITY_CUMULATIVE
    counts = [_COUNT] * (len(BOUNDS) + 1)
    return metric.histogram.data_points.add(
        start_time_unix_nano=1, count=_COUNT, sum=_REAL, explicit_bounds=BOUNDS, bucket_counts=counts
    )


def _exponential(metric: Metric) -> Any:
    metric.exponential_histogram.aggregation_temporality = AGGREGATION_TEMPORALITY_CUMULATIVE
    point = metric.exponential_histogram.data_points.add(start_time_unix_nano=1, count=_COUNT, sum=_REAL, scale=5)
    point.positive.offset = -300
    point.positive.bucket_counts.extend([_MARKED] * BUCKETS)
    return point


def _summary(metric: Metric) -> Any:
    point = metric.summary.data_points.add(start_time_unix_nano=1, count=_COUNT, sum=_REAL)
    for quantile in QUANTILES:
        point.quantile_values.add(quantile=quantile, value=_REAL)
    return point


def _text(metric: Metric) -> Any:
    return metric.gauge.data_points.add(as_double=_TEXT_VALUE)


MAKERS = {
    "gauges": _gauge,
    "histograms": _histogram,
    "exponential": _exponential,
    "summaries": _summary,
    "json": _text,
}
"""By encoding, how a marked data point is added to a metric."""


@dataclass(slots=True)
class Template:
    """One record of ``POINTS`` data points.

    Args:
        encoding: a key of ``MAKERS``.
        first: number of its first series.
        series: how many series there are.
    """

    encoding: str
    first: int
    series: int
    _raw: Bytes = field(init=False)
    _at: Longs = field(init=False)
    _reals: Longs = field(init=False)
    _counts: Longs = field(init=False)
    _sides: Longs = field(init=False)

    def __post_init__(self) -> None:
        at = int(_TEXT_AT) if self.encoding == "json" else _AT
        request = otlp(self.first, self.series, at, MAKERS[self.encoding])
        if self.encoding == "json":
            raw = json_format.MessageToJson(request, indent=None).replace('": ', '":').replace(", ", ",").encode()
            self._at, self._reals = _places(raw, _TEXT_AT.encode()), _places(raw, repr(_TEXT_VALUE).encode())
        else:
            raw = request.SerializeToString()
            self._at, self._reals = _places(raw, struct.pack("<Q", _AT)), _places(raw, struct.pack("<d", _REAL))
        self._raw = np.frombuffer(raw, np.uint8)
        self._counts = _places(raw, struct.pack("<Q", _COUNT))
        self._sides = _places(raw, b"\x80\x80\x40" * BUCKETS)
        if len(self._at) != POINTS or len(self._reals) % POINTS or len(self._counts) % POINTS:
            raise ValueError("a mark came by chance")

    def written(self, at: Longs, step: Longs, values: Floats, rng: np.random.Generator) -> bytes:
        """The record at other times.

        Args:
            at: (POINTS,) times, ns.
            step: (POINTS,) how often the series came before; counts grow with it.
            values: (POINTS,) of gauges; of the others what sums and quantiles are.
            rng: for the counts.
        """
        out = self._raw.copy()
        if self.encoding == "json":
            _put(out, self._at, np.array([b"%d" % time for time in at.tolist()]).view(np.uint8), 19)
            _put(
                out, self._reals, np.array([b"%.12f" % value for value in (values + 2000).tolist()]).view(np.uint8), 17
            )
            return out.tobytes()
        _put(out, self._at, at.view(np.uint8), 8)
        _put(out, self._reals, np.repeat(values, len(self._reals) // POINTS).view(np.uint8), 8)
        if len(self._counts):
            each = len(self._counts) // POINTS
            _put(out, self._counts, _growing(step, each, rng).view(np.uint8), 8)
        if len(self._sides):
            counts = _WIDE + _growing(step, BUCKETS, rng).reshape(POINTS, BUCKETS)
            packed = np.stack([counts & 127 | 128, counts >> 7 & 127 | 128, counts >> 14], axis=2).astype(np.uint8)
            _put(out, self._sides, packed.reshape(-1), 3 * BUCKETS)
        return out.tobytes()


def _growing(step: Longs, each: int, rng: np.random.Generator) -> Longs:
    """Counts that never fall from one step to the next, the first the fastest (it is the count of all)."""
    rates = np.where(np.arange(each) == 0, 40 * each, 1 + np.arange(each) % 40)
    return np.floor((step[:, None] + rng.random((len(step), each))) * rates).astype(np.int64).reshape(-1)


def _put(out: Bytes, places: Longs, data: Bytes, width: int) -> None:
    out[places[:, None] + np.arange(width)] = data.reshape(-1, width)


def _places(raw: bytes, mark: bytes) -> Longs:
    return np.array([found.start() for found in re.finditer(re.escape(mark), raw)], np.int64)
