"""Records for the throughput benchmark: every series in turn, again and again, ten seconds of event time apart.

The first pass over the series is given apart, since in it all of them are new. OTLP records are made once for one pass
as a Collector batches them (``tests.benchmarks.decode.otlp``); later passes are written over them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from detectors.wire.arrow_encoding import PointEncoder
from detectors.wire.series import SeriesTable
from tests.benchmarks.decode import POINTS, identity
from tests.benchmarks.throughput_templates import Template

SECOND = 1_000_000_000
T0 = 1_700_000_000 * SECOND
STEP = 10 * SECOND
WARM_PASSES = 32
"""Passes between the first one and those that are timed: the series' history, given without a broker."""


@dataclass(slots=True)
class Records:
    """Records of a number of series in one encoding."""

    series: int
    encoding: str
    """``arrow``, or a key of ``throughput_templates.MAKERS``."""
    phase: int = 0
    """Where the values' random numbers begin, so that partitions differ."""
    _rng: np.random.Generator = field(init=False)
    _encoder: PointEncoder = field(init=False)
    _templates: list[Template] = field(init=False)

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

    def warming(self) -> Iterator[bytes]:
        """The history of histograms and summaries, which cannot be given without their records."""
        for number in range(max(1, WARM_PASSES // self.steps)):
            for place in range(self.a_pass):
                yield self._record(place, (number + 1) * self.steps)

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
        if record == len(self._templates):
            self._templates.append(Template(self.encoding, record * POINTS % self.series, self.series))
        return self._templates[record].written(at, places // self.series + steps, values, self._rng)
