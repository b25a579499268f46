"""Who new series of a walk are: read by protobuf from the bytes of their first point, its resource and its scope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    ExponentialHistogramDataPoint,
    HistogramDataPoint,
    NumberDataPoint,
    SummaryDataPoint,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from detectors.wire import tape as t
from detectors.wire.identity import Origin, SeriesIdentity, SeriesKind, attributes_of, origin_of, point_identity
from detectors.wire.interval_loop import MEAN, Derived
from detectors.wire.memory import WireMemory
from detectors.wire.quantiles import quantile_suffix

_Message = NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint | SummaryDataPoint
_Series = npt.NDArray[np.int32]
_MESSAGES: Mapping[int, type[_Message]] = {
    t.NUMBER: NumberDataPoint,
    t.EXPLICIT: HistogramDataPoint,
    t.EXPONENTIAL: ExponentialHistogramDataPoint,
    t.SUMMARY: SummaryDataPoint,
}
COUNT = ".count"
"""Suffix of the series that counts the observations of a histogram or summary; its unit is 1."""


class Names:
    """Reads identities from the bytes of one walk.

    Args:
        whole: the bytes.
        tape: what the walk wrote.
        memory: whose table the series go to.
    """

    def __init__(self, whole: bytes, tape: t.Tape, memory: WireMemory) -> None:
        self._whole = whole
        self._tape = tape
        self._memory = memory
        self._origins: dict[tuple[int, ...], Origin] = {}
        self._read: list[SeriesIdentity] = []

    def read(self, points: npt.NDArray[np.int64]) -> bool:
        """Reads the identities of points; False where the bytes of one of them are broken."""
        try:
            self._read = [self._identity(point) for point in points.tolist()]
        except (DecodeError, UnicodeDecodeError):
            return False
        return True

    def add(self) -> _Series:
        """Adds what was read last to the table; the series of each."""
        return self._memory.table.add(self._read)

    def _identity(self, point: int) -> SeriesIdentity:
        row = self._tape.metrics[self._tape.numbers[t.ROW, point]].tolist()
        begin = int(self._tape.numbers[t.OFFSET, point])
        message = _MESSAGES[row[t.FORM]]
        parsed = message.FromString(self._whole[begin : begin + int(self._tape.numbers[t.LENGTH, point])])
        name = self._whole[row[t.NAME] : row[t.NAME_END]].decode()
        unit = self._whole[row[t.UNIT] : row[t.UNIT_END]].decode()
        if row[t.FORM] != t.NUMBER:
            name, unit = name and name + COUNT, "1"
        return point_identity(self._origin(row), name, unit, SeriesKind(row[t.KIND]), attributes_of(parsed.attributes))

    def _origin(self, row: list[int]) -> Origin:
        key = (row[t.RESOURCE], row[t.RESOURCE_END], row[t.SCOPE], row[t.SCOPE_END])
        known = self._origins.get(key)
        if known is None:
            resource = Resource.FromString(self._whole[key[0] : key[1]])
            scope = InstrumentationScope.FromString(self._whole[key[2] : key[3]])
            names = self._memory.settings.entity_attributes
            known = self._origins[key] = origin_of(attributes_of(resource.attributes), names, scope.name)
        return known

    def add_derived(self, derived: Derived, which: npt.NDArray[np.int64], series: _Series) -> _Series:
        """Adds derived series to the table; they differ from the series of their point in name, unit and kind.

        Args:
            derived: values of the walk.
            which: those whose series are new.
            series: of each point.
        """
        return self._memory.table.add([self._derived(derived, place, series) for place in which.tolist()])

    def _derived(self, derived: Derived, place: int, series: _Series) -> SeriesIdentity:
        point = int(derived.point[place])
        count = self._memory.table.identity(int(series[point]))
        row = self._tape.metrics[self._tape.numbers[t.ROW, point]]
        unit = self._whole[row[t.UNIT] : row[t.UNIT_END]].decode()
        name = count.metric.removesuffix(COUNT)
        quantile = float(derived.quantile[place])
        if quantile == MEAN:
            return replace(count, metric=f"{name}.mean", unit=unit, kind=SeriesKind.GAUGE)
        return replace(count, metric=name + quantile_suffix(quantile), unit=unit, kind=SeriesKind.QUANTILE)
