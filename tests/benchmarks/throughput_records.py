"""Records for the throughput benchmark: every series in turn, again and again, ten seconds of event time apart.

The first pass over the series is given apart, since in it all of them are new. OTLP records are made once for one pass
as a Collector batches them (``tests.benchmarks.decode.otlp``); later passes are the same bytes with other times and
values written over them, because building eight thousand protobuf messages a record would take minutes.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from detectors.wire.arrow_encoding import PointEncoder
from detectors.wire.series import SeriesTable
from tests.benchmarks.decode import POINTS, identity, otlp

SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
STEP = 10 * SECOND
WARM_PASSES = 32
"""Passes between the first one and those that are timed: the series' history, given without a broker."""
_MARK_AT = 0x1122334455667788
_MARK_VALUE = 7.123456789e77


@dataclass(slots=True)
class Records:
    """Records of a number of series in one encoding."""

    series: int
    encoding: str
    """``arrow`` or ``otlp``."""
    phase: int = 0
    """Where the values' random numbers begin, so that partitions differ."""
    _rng: np.random.Generator = field(init=False)
    _encoder: PointEncoder = field(init=False)
    _templates: list[tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]] = field(init=False)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.phase)
        table = SeriesTable()
        if self.encoding == "arrow":
            table.add([identity(number) for number in range(self.series)])
        self._encoder = PointEncoder(table)
        self._templates = []

    @property
    def a_pass(self) -> int:
        """Records in which every series comes at least once."""
        return -(-self.series // POINTS)

    def values(self, series: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Noise around a level of each series' own."""
        return (series % 997) + self._rng.normal(0.0, 3.0, len(series))

    def first(self) -> Iterator[bytes]:
        """Each series once (and some again): all are new."""
        for record in range(self.a_pass):
            yield self._record(record, 0)

    def timed(self, points: int) -> Iterator[bytes]:
        """At least so many points of series that are known and warm."""
        for record in range(-(-points // POINTS)):
            number, place = divmod(record, self.a_pass)
            yield self._record(place, WARM_PASSES + (number + 1) * self.steps)

    @property
    def steps(self) -> int:
        """How often the series that comes most often comes in a pass."""
        return -(-self.a_pass * POINTS // self.series)

    def _record(self, record: int, steps: int) -> bytes:
        """The record of that number in a pass that begins after so many steps of time."""
        places = np.arange(record * POINTS, (record + 1) * POINTS, dtype=np.int64)
        at = T0 + (places // self.series + steps) * STEP
        values = self.values(places % self.series)
        if self.encoding == "arrow":
            return self._encoder.encode((places % self.series).astype(np.int32), at, values)
        return self._written_over(record, at, values)

    def _written_over(self, record: int, at: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> bytes:
        if record == len(self._templates):
            self._templates.append(_template(record * POINTS % self.series, self.series))
        raw, times, doubles = self._templates[record]
        if len(times) != POINTS or len(doubles) != POINTS:
            raise ValueError("a mark came by chance")
        out = raw.copy()
        out[times[:, None] + np.arange(8)] = at.view(np.uint8).reshape(-1, 8)
        out[doubles[:, None] + np.arange(8)] = values.view(np.uint8).reshape(-1, 8)
        return out.tobytes()


def _template(first: int, series: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """A record's bytes and where its times and values lie."""
    request = otlp(first, series, _MARK_AT)
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.gauge.data_points:
                    point.as_double = _MARK_VALUE
    raw = request.SerializeToString()
    return (
        np.frombuffer(raw, np.uint8),
        _places(raw, struct.pack("<Q", _MARK_AT)),
        _places(raw, struct.pack("<d", _MARK_VALUE)),
    )


def _places(raw: bytes, mark: bytes) -> npt.NDArray[np.int64]:
    return np.array([found.start() for found in re.finditer(re.escape(mark), raw)], np.int64)
