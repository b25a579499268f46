"""Who new series of a walk are: read by protobuf from the bytes of their attributes, their resource and their scope.

A sender's series come in families: the same attributes under many metrics, the same resource for hundreds of points. So
what was read of a range of bytes is kept for the length of the walk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

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
from detectors.wire.attribute_runs import find_runs
from detectors.wire.entity_names import MetricScope, metric_scope
from detectors.wire.identity import (
    MAX_IDENTITY_CHARS,
    PEERS,
    Origin,
    SeriesKind,
    attributes_of,
    kind_of,
    merged,
    origin_of,
    peer_of,
)
from detectors.wire.interval_loop import MEAN, Derived
from detectors.wire.memory import WireMemory
from detectors.wire.quantiles import quantile_suffix
from detectors.wire.series import TOO_LARGE, Name
from detectors.wire.series_text import attributes_text

_Message = NumberDataPoint | HistogramDataPoint | ExponentialHistogramDataPoint | SummaryDataPoint
_Series = npt.NDArray[np.int32]
_MESSAGES: Mapping[int, type[_Message]] = {
    t.NUMBER: NumberDataPoint,
    t.EXPLICIT: HistogramDataPoint,
    t.EXPONENTIAL: ExponentialHistogramDataPoint,
    t.SUMMARY: SummaryDataPoint,
}
_ENTITY, _METRIC, _ATTRIBUTES, _UNIT, _PEER, _KIND = range(6)
"""Columns of ``SeriesTable.codes``."""
COUNT = ".count"
"""Suffix of the series that counts the observations of a histogram or summary; its unit is 1."""


@dataclass(frozen=True, slots=True)
class _Metric:
    """What all points of a metric share."""

    origin: Origin
    place: tuple[int, ...]
    """Byte ranges of resource and scope, and the ``MetricScope``: what the origin follows from."""
    form: int
    name: str
    unit: str
    kind: SeriesKind


class _Attributes(NamedTuple):
    """What all series of an origin share that have the same attributes."""

    point: Mapping[str, str]
    peered: bool
    """Whether the point has an attribute that may name a peer."""
    text: str
    chars: int


class IdentityNames:
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
        self._metrics: dict[int, _Metric] = {}
        self._attributes: dict[tuple[tuple[int, ...], int, bytes], _Attributes] = {}
        self._derived: dict[tuple[int, int, float], tuple[int, int, int, int]] = {}
        self._read: list[Name] = []

    def read(self, points: npt.NDArray[np.int64]) -> bool:
        """Reads the identities of points; False where the bytes of one of them are broken."""
        if not len(points):
            return True
        runs = np.empty((len(points), 2), np.int64)
        find_runs(np.frombuffer(self._whole, np.uint8), self._tape, points, runs)
        rows = self._tape.numbers[t.ROW, points].tolist()
        try:
            self._read = [self._name(row, *run) for row, run in zip(rows, runs.tolist(), strict=True)]
        except (DecodeError, UnicodeDecodeError):
            return False
        return True

    def add(self) -> _Series:
        """Adds what was read last to the table; the series of each."""
        return self._memory.table.add_named(self._read)

    def _name(self, row: int, begin: int, end: int) -> Name:
        metric = self._metrics.get(row)
        if metric is None:
            metric = self._metrics[row] = self._metric(self._tape.metrics[row].tolist())
        key = (metric.place, metric.form, self._whole[begin:end])
        attributes = self._attributes.get(key)
        if attributes is None:
            attributes = self._attributes[key] = _read_attributes(metric, key[2])
        entity, name, unit = metric.origin.entity, metric.name, metric.unit
        peer = peer_of(name, attributes.point) if attributes.peered else None
        chars = len(entity) + len(name) + len(unit) + len(peer or "") + attributes.chars
        return entity, name, attributes.text, unit, peer, metric.kind, chars

    def _metric(self, row: list[int]) -> _Metric:
        name = self._whole[row[t.NAME] : row[t.NAME_END]].decode()
        unit = self._whole[row[t.UNIT] : row[t.UNIT_END]].decode()
        if row[t.FORM] != t.NUMBER:
            name, unit = name and name + COUNT, "1"
        about = metric_scope(name)
        place = (row[t.RESOURCE], row[t.RESOURCE_END], row[t.SCOPE], row[t.SCOPE_END], about.value)
        return _Metric(self._origin(place), place, row[t.FORM], name, unit, kind_of(name, SeriesKind(row[t.KIND])))

    def _origin(self, place: tuple[int, ...]) -> Origin:
        known = self._origins.get(place)
        if known is None:
            resource = Resource.FromString(self._whole[place[0] : place[1]])
            scope = InstrumentationScope.FromString(self._whole[place[2] : place[3]])
            naming, about = self._memory.settings.naming, MetricScope(place[4])
            attributes = attributes_of(resource.attributes)
            self._memory.relations.note(self._whole[place[0] : place[1]], attributes)
            known = self._origins[place] = origin_of(attributes, naming, scope.name, about=about)
        return known

    def add_derived(self, derived: Derived, which: npt.NDArray[np.int64], series: _Series) -> _Series:
        """Adds derived series to the table; they differ from the series of their point in name, unit and kind.

        Args:
            derived: values of the walk.
            which: those whose series are new.
            series: of each point.
        """
        points = derived.point[which]
        counts = series[points]
        codes = self._memory.table.codes[counts].copy()
        rows, quantiles = self._tape.numbers[t.ROW, points].tolist(), derived.quantile[which].tolist()
        keys = zip(rows, codes[:, _METRIC].tolist(), quantiles, strict=True)
        found = np.array([self._derived.get(key) or self._named(key) for key in keys], np.int32)
        codes[:, [_METRIC, _UNIT, _KIND]] = found[:, :3]
        out = np.array(list(map(self._size, counts.tolist(), found[:, 3].tolist())), np.int32)
        out[out == 0] = self._memory.table.add_codes(codes[out == 0])
        return out

    def _size(self, count: int, chars: int) -> int:
        """0 where an identity with the attributes of a count's is not too long, given the length of the rest."""
        table = self._memory.table
        entity, _, attributes, _, peer, _ = table.codes[count].tolist()
        shared = len(table.entities[entity]) + len(table.word(attributes)) + (len(table.word(peer)) if peer >= 0 else 0)
        if chars + shared <= MAX_IDENTITY_CHARS:  # nearly all; the text of attributes is longer than they are
            return 0
        identity = table.identity(count)
        return TOO_LARGE if identity.chars - len(identity.metric) - 1 + chars > MAX_IDENTITY_CHARS else 0

    def _named(self, key: tuple[int, int, float]) -> tuple[int, int, int, int]:
        """Codes of metric and unit, kind, and length of the text, of what is derived from a metric."""
        row, count, quantile = key
        table, metric = self._memory.table, self._tape.metrics[row]
        unit = self._whole[metric[t.UNIT] : metric[t.UNIT_END]].decode()
        suffix, kind = (
            (".mean", SeriesKind.GAUGE) if quantile == MEAN else (quantile_suffix(quantile), SeriesKind.QUANTILE)
        )
        name = table.word(count).removesuffix(COUNT) + suffix
        found = self._derived[key] = (table.word_code(name), table.word_code(unit), kind, len(name) + len(unit))
        return found


def _read_attributes(metric: _Metric, run: bytes) -> _Attributes:
    point = attributes_of(_MESSAGES[metric.form].FromString(run).attributes)
    pairs = merged(metric.origin, point)
    chars = sum([len(key) + len(value) for key, value in pairs])
    return _Attributes(point, any(name in point for name in PEERS), attributes_text(pairs), chars)
