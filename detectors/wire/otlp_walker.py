"""OTLP metrics on the hot path: a compiled walk over the wire format, with no object per point.

The way of a poll:

1. ``walk`` writes every data point to a tape: hash of its series' bytes, time, value; for histograms and summaries the
   count of observations as value, and their buckets, bounds and quantiles to flat arrays.
2. The hashes are looked up. New series are named (``otlp_identity``) and numbered in the order of their points.
3. ``derive`` compares each histogram and summary with the last one of its series, and gives quantiles and means. Their
   series have hashes made from the point's hash and the quantile; new ones are numbered in the order of their points.
4. Counts and what was derived from them are joined in one batch, in input order.

A record that is in any way unusual (a message that comes in two parts, a group, unpacked numbers) is *foreign*:
protobuf parses it and writes it anew in its usual form, and that is walked. So protobuf has the last word on what is
decodable. Parts that are never read (descriptions, exemplars) are not checked.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from aiops.model.deadletters import DeadLetterReason
from detectors.wire import tape as t
from detectors.wire.batch import PLACES, BatchAccount, PointBatch, Rejections, joined
from detectors.wire.batch_assembly import assemble_batch
from detectors.wire.interval_loop import Derived, derive, make_derived
from detectors.wire.memory import WireMemory
from detectors.wire.otlp_identity import IdentityNames
from detectors.wire.series import REFUSED
from detectors.wire.walk import walk

_Series = npt.NDArray[np.int32]


def decode(records: Sequence[bytes], memory: WireMemory, received_at: int) -> PointBatch:
    """Points of OTLP protobuf export requests.

    Args:
        records: values of Kafka records, in the order of their offsets.
        memory: the slot's series and histograms.
        received_at: when the poll was made, ns UTC; what is much later is FAR_FUTURE.
    """
    found = _Walk(records, memory, received_at)
    if len(records) > 1 and found.must_be_cut():
        return joined([decode([record], memory, received_at) for record in records])
    if not found.is_sound():
        usual = _usual(records[0])
        found = _Walk([b"" if usual is None else usual], memory, received_at)
        if usual is None or not found.is_sound():
            found = _Walk([b""], memory, received_at)
            found.refuse(0, DeadLetterReason.UNDECODABLE)
    return found.batch()


def _usual(record: bytes) -> bytes | None:
    """The same request as exporters write it, without unknown fields; None where the bytes are none."""
    try:
        request = ExportMetricsServiceRequest.FromString(record)
    except DecodeError:
        return None
    request.DiscardUnknownFields()
    return request.SerializeToString()


class _Walk:
    """One walk over a poll, and what Python adds to it: new series, the account."""

    def __init__(self, records: Sequence[bytes], memory: WireMemory, received_at: int) -> None:
        self._memory = memory
        self._items = np.zeros(len(records), np.int64)
        self._rejections = Rejections()
        readable = list(records)
        for record, value in enumerate(records):
            if len(value) > memory.settings.max_record_bytes:
                readable[record] = b""
                self.refuse(record, DeadLetterReason.TOO_LARGE)
        self._whole = readable[0] if len(readable) == 1 else b"".join(readable)
        ends = np.cumsum([len(record) for record in readable], dtype=np.int64)
        self._tape = _taped(self._whole, ends, received_at + memory.settings.future_ns, seed=memory.seed)
        self._points = int(self._tape.cursor[t.POINTS])
        self._distributions = int(self._tape.cursor[t.DISTRIBUTIONS])
        self._hashes = self._tape.hashes[: self._points]
        self._series = memory.table.find(self._hashes)
        self._names = IdentityNames(self._whole, self._tape, memory)
        self._fresh = _Fresh(self._hashes, self._series)
        self._sound: bool | None = None

    def refuse(self, record: int, reason: DeadLetterReason) -> None:
        """Counts a record that cannot be split as one unit."""
        self._items[record] = 1
        self._rejections.add(record, reason, (0,))

    def must_be_cut(self) -> bool:
        """Whether the records must go one by one.

        Numbers of series must not depend on how the input is cut into polls, and derived series get theirs after the
        others of their record.
        """
        return bool(len(self._fresh.points) and self._distributions) or not self.is_sound()

    def is_sound(self) -> bool:
        """Whether all records are as expected, and all new series can be named."""
        if self._sound is None:
            self._sound = not self._tape.status.any() and self._names.read(self._fresh.points)
        return self._sound

    def batch(self) -> PointBatch:
        """Takes everything."""
        table, tape, series = self._memory.table, self._tape, self._series
        if self._memory.relations.again:
            ranges = tape.metrics[: tape.cursor[t.METRICS], [t.RESOURCE, t.RESOURCE_END]]
            self._memory.relations.read(self._whole, ranges)
        if len(self._fresh.points):
            numbers = self._names.add()
            table.remember(self._fresh.hashes, numbers)
            self._fresh.fill(series, numbers)
        derived = self._derived() if self._distributions else None
        self._account()
        return assemble_batch(
            tape, series, derived, account=BatchAccount(self._rejections, int(tape.gaps.sum()), self._items)
        )

    def _derived(self) -> tuple[Derived, _Series]:
        """What histograms and summaries give, and its series."""
        memory, tape = self._memory, self._tape
        kept = memory.histograms.room_for(len(memory.table), self._distributions, int(tape.cursor[t.FILLED_COUNTS]))
        out = make_derived(self._distributions, int(tape.cursor[t.FILLED_REALS]))
        derive(tape, self._series, kept, out)
        size = int(out.cursor[0])
        series = memory.table.find(out.hashes[:size])
        fresh = _Fresh(out.hashes[:size], series)
        if len(fresh.points):
            numbers = self._names.add_derived(out, fresh.points, self._series)
            memory.table.remember(fresh.hashes, numbers)
            fresh.fill(series, numbers)
        return out, series

    def _account(self) -> None:
        """Items and rejections of all points."""
        tape, series = self._tape, self._series
        self._items += tape.items
        for record, reason in np.argwhere(tape.rejected).tolist():
            count = int(tape.rejected[record, reason])
            self._rejections.add(record, t.REASONS[reason], tape.places[record, reason, :count].tolist(), items=count)
        if not len(series) or series.min() >= 0:
            return
        lost = np.flatnonzero(series < 0)
        records = tape.metrics[tape.numbers[t.ROW, lost], t.RECORD]
        for record, code in sorted(set(zip(records.tolist(), series[lost].tolist(), strict=True))):
            places = tape.numbers[t.IN_RECORD, lost[(records == record) & (series[lost] == code)]]
            self._rejections.add(record, REFUSED[code], places[:PLACES].tolist(), items=len(places))


class _Fresh:
    """Hashes without a series, each once, in the order of their first points."""

    def __init__(self, hashes: npt.NDArray[np.uint64], series: _Series) -> None:
        self._missing = np.flatnonzero(series == -1)
        self.hashes = np.empty(0, np.uint64)
        self.points = self._missing
        """First point of each."""
        if len(self._missing):
            found, first, back = np.unique(hashes[self._missing], return_index=True, return_inverse=True)
            # In input order, so that the numbers of series do not depend on their hashes.
            order = np.argsort(first)
            self.hashes, self.points = found[order], self._missing[first[order]]
            rank = np.empty_like(order)
            rank[order] = np.arange(len(order))
            self._back = rank[back]

    def fill(self, series: _Series, numbers: _Series) -> None:
        """Writes the numbers that the hashes got to all their points."""
        series[self._missing] = numbers[self._back]


def _taped(whole: bytes, ends: npt.NDArray[np.int64], latest: int, *, seed: np.uint64) -> t.Tape:
    """The walk, begun again on a longer tape where the first was too short."""
    buffer = np.frombuffer(whole, dtype=np.uint8)
    room = len(whole) // 32 + 64  # pages that are not written cost nothing
    while True:
        tape = t.make_tape(len(ends), room, latest, seed=seed)
        if walk(buffer, ends, tape):
            return tape
        room *= 4
