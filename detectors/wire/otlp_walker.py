"""OTLP metrics on the hot path: a compiled walk over the wire format, with no object per point.

The walk takes gauges and sums as every exporter writes them. Histograms and summaries are handed to protobuf one metric
at a time, by their byte range; a record that is in any way unusual (a message that comes in two parts, a group, a
truncated field) is handed over whole, so protobuf has the last word on what is decodable. Parts that are never read
(descriptions, exemplars) are not checked. ``otlp_protobuf.decode`` is the reference that this must agree with.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, NumberDataPoint
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from aiops.model.deadletters import DeadLetterReason
from detectors.wire import tape as t
from detectors.wire.batch import PLACES, Account, PointArrays, PointBatch, assemble, chosen, joined
from detectors.wire.identity import Origin, SeriesIdentity, SeriesKind, attributes_of, origin_of, point_identity
from detectors.wire.memory import WireMemory
from detectors.wire.otlp_protobuf import MetricReader, Sink, open_sink, read_record, refuse
from detectors.wire.series import REFUSED
from detectors.wire.walk import HANDED, walk


def decode(records: Sequence[bytes], memory: WireMemory, received_at: int) -> PointBatch:
    """Points of OTLP protobuf export requests.

    Args:
        records: values of Kafka records, in the order of their offsets.
        memory: the slot's series and histograms.
        received_at: when the poll was made, ns UTC; what is much later is FAR_FUTURE.
    """
    found = _together(records, memory, received_at)
    return _one_by_one(records, memory, received_at) if found is None else found


def _together(records: Sequence[bytes], memory: WireMemory, received_at: int) -> PointBatch | None:
    """All records in one walk; None where protobuf is needed and there are several.

    New series get their numbers in the order of their points, those of protobuf after the others of their record. So
    records that need both go one by one: numbers must not depend on how the input is cut into polls.
    """
    sink = open_sink(records, memory, received_at)
    largest = memory.settings.max_record_bytes
    readable = list(records)
    for record, value in enumerate(records):
        if len(value) > largest:
            readable[record] = b""
            refuse(sink, record, DeadLetterReason.TOO_LARGE)
    walk = _Walk(readable, sink)
    if len(records) > 1 and walk.needs_protobuf():
        return None
    walk.parse_handed()
    series = walk.resolve()
    points = walk.accepted(series)
    walk.account()
    walk.slow_paths(records)
    return assemble([points, sink.rows.arrays()], Account(sink.rejections, sink.gaps, sink.items))


def _one_by_one(records: Sequence[bytes], memory: WireMemory, received_at: int) -> PointBatch:
    found = [_together([record], memory, received_at) for record in records]
    return joined([batch for batch in found if batch is not None])


class _Walk:
    """One walk over a poll and what Python has to add to it: new series, handed metrics, the account."""

    def __init__(self, records: Sequence[bytes], sink: Sink) -> None:
        self.sink = sink
        self.whole = records[0] if len(records) == 1 else b"".join(records)
        self.tape = _taped(self.whole, np.cumsum([len(record) for record in records], dtype=np.int64), sink.latest)
        self.points = int(self.tape.cursor[t.POINTS])
        self.metrics = self.tape.metrics[: int(self.tape.cursor[t.METRICS])]
        self._origins: dict[tuple[int, ...], Origin] = {}
        self._handed: dict[int, list[MetricReader]] = {}
        self._identities: dict[int, SeriesIdentity | None] = {}

    def needs_protobuf(self) -> bool:
        """Whether something is left to protobuf: a record, a metric, or a new series whose bytes are broken."""
        if self.tape.status.any() or (self.metrics[:, t.KIND] == HANDED).any():
            return True
        hashes = self.tape.hashes[: self.points]
        missing = np.flatnonzero(self.sink.memory.table.find(hashes) == -1)
        _, first = np.unique(hashes[missing], return_index=True)
        return any(self._identity(place) is None for place in missing[first].tolist())

    def resolve(self) -> npt.NDArray[np.int32]:
        """Series of every point; new ones are added, once each."""
        table = self.sink.memory.table
        hashes = self.tape.hashes[: self.points]
        series = table.find(hashes)
        missing = np.flatnonzero(series == -1)
        if not len(missing):
            return series
        fresh, first, back = np.unique(hashes[missing], return_index=True, return_inverse=True)
        # In input order, so that the numbers of series do not depend on their hashes.
        order = np.argsort(first)
        identities = [self._identity(int(missing[first[place]])) for place in order]
        sound = np.array([identity is not None for identity in identities], dtype=np.bool_)
        numbers = np.full(len(fresh), -1, dtype=np.int32)
        numbers[order[sound]] = table.add([identity for identity in identities if identity is not None])
        table.remember(fresh[order[sound]], numbers[order[sound]])
        series[missing] = numbers[back]
        broken = self.tape.numbers[t.ROW, : self.points][series == -1]
        self.tape.status[self.metrics[broken, t.RECORD]] = t.FOREIGN
        return series

    def _identity(self, point: int) -> SeriesIdentity | None:
        """Identity behind a point, or None where its bytes are broken."""
        if point not in self._identities:
            self._identities[point] = self._read_identity(point)
        return self._identities[point]

    def _read_identity(self, point: int) -> SeriesIdentity | None:
        row = self.metrics[self.tape.numbers[t.ROW, point]].tolist()
        begin = int(self.tape.numbers[t.OFFSET, point])
        try:
            parsed = NumberDataPoint.FromString(self.whole[begin : begin + int(self.tape.numbers[t.LENGTH, point])])
            name = self.whole[row[t.NAME] : row[t.NAME_END]].decode()
            unit = self.whole[row[t.UNIT] : row[t.UNIT_END]].decode()
            origin = self._origin(row)
        except (DecodeError, UnicodeDecodeError):
            return None
        kind = SeriesKind(max(row[t.KIND], 0))
        return point_identity(origin, name, unit, kind, attributes_of(parsed.attributes))

    def _origin(self, row: list[int]) -> Origin:
        key = (row[t.RESOURCE], row[t.RESOURCE_END], row[t.SCOPE], row[t.SCOPE_END])
        known = self._origins.get(key)
        if known is None:
            resource = Resource.FromString(self.whole[key[0] : key[1]])
            scope = InstrumentationScope.FromString(self.whole[key[2] : key[3]])
            names = self.sink.memory.settings.entity_attributes
            known = self._origins[key] = origin_of(attributes_of(resource.attributes), names, scope.name)
        return known

    def accepted(self, series: npt.NDArray[np.int32]) -> PointArrays:
        """The points that have a series and whose record is sound."""
        tape, points = self.tape, self.points
        record = self.metrics[:, t.RECORD].astype(np.int32)[tape.numbers[t.ROW, :points]]
        columns = PointArrays(
            series,
            tape.numbers[t.AT, :points],
            tape.value[:points],
            tape.numbers[t.START, :points],
            record,
            _ones(points),
            tape.numbers[t.IN_RECORD, :points],
        )
        if not tape.status.any() and (not points or series.min() >= 0):
            return columns
        sound = tape.status[record] == t.OK
        for number in np.unique(series[sound & (series < 0)]).tolist():
            for which in np.unique(record[sound & (series == number)]).tolist():
                places = tape.numbers[t.IN_RECORD, :points][sound & (series == number) & (record == which)]
                self.sink.rejections.add(which, REFUSED[number], places[:PLACES].tolist(), len(places))
        return chosen(columns, sound & (series >= 0))

    def account(self) -> None:
        """Items, gaps and rejections of the records that the walk understood."""
        tape, sink = self.tape, self.sink
        sound = tape.status == t.OK
        sink.items[sound] += tape.items[sound]
        sink.gaps += int(tape.gaps[sound].sum())
        for record, reason in np.argwhere(tape.rejected * sound[:, None]).tolist():
            count = int(tape.rejected[record, reason])
            places = tape.places[record, reason, :count].tolist()
            sink.rejections.add(record, t.REASONS[reason], places, count)

    def parse_handed(self) -> None:
        """Parses the metrics that are handed to protobuf, before anything is taken: one may turn out to be broken."""
        for row in self.metrics[self.metrics[:, t.KIND] == HANDED].tolist():
            record = row[t.RECORD]
            try:
                metric = Metric.FromString(self.whole[row[t.METRIC] : row[t.METRIC_END]])
                origin = self._origin(row)
            except DecodeError:
                self.tape.status[record] = t.FOREIGN
            else:
                reader = MetricReader(self.sink, record, origin, metric, row[t.FIRST_PLACE])
                self._handed.setdefault(record, []).append(reader)

    def slow_paths(self, records: Sequence[bytes]) -> None:
        """Reads handed metrics and foreign records, in input order, since histograms remember their last point."""
        foreign = set(np.flatnonzero(self.tape.status == t.FOREIGN).tolist())
        for record in sorted(foreign | self._handed.keys()):
            if record in foreign:
                read_record(records[record], record, self.sink)
            else:
                for reader in self._handed[record]:
                    reader.read()


def _taped(whole: bytes, ends: npt.NDArray[np.int64], latest: int) -> t.Tape:
    """The walk, begun again on a longer tape where the first was too short."""
    buffer = np.frombuffer(whole, dtype=np.uint8)
    room = len(whole) // 32 + 64  # pages that are not written cost nothing
    while True:
        tape = t.make_tape(len(ends), room, room + 64, latest)
        if walk(buffer, ends, tape):
            return tape
        room *= 4


def _ones(size: int) -> npt.NDArray[np.uint8]:
    return np.ones(size, dtype=np.uint8)
