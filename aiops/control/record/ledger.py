"""The ledger: how each data point, log line, span and control message ended, checked against the broker's offsets.

It combines the durable counts of all slots and of the control topics' reader with the broker's offset bounds. If the
report's difference is not 0, units were lost or counted twice. Units that are not read yet are in flight and not part
of the difference. Pure functions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from aiops.model.ledger import Ending, LedgerLine
from aiops.model.prose import Prose
from aiops.model.records import TopicPartition


@dataclass(frozen=True, slots=True)
class OffsetBounds:
    """The offsets of a partition at the broker."""

    first: int
    """First offset that retention still keeps."""
    end: int
    """Offset that the next record will get."""
    compacted: bool = False
    """Offsets may be missing between records, so offsets do not count records."""
    slots: int | None = None
    """Number of slots, if slots read the topic; no one reads a partition with a number from ``slots`` on."""


@dataclass(frozen=True, slots=True)
class PartitionReport:
    """One partition of one topic."""

    source: TopicPartition
    records: int
    items: int
    endings: Mapping[Ending, int]
    forwarded: int
    in_flight: int
    """Records at the broker that are not read yet; of a partition without an owner, all records."""
    units_difference: int
    """Units without an ending or with two."""
    records_difference: int
    """Records that were skipped or counted twice, and positions outside the broker's bounds."""
    why: tuple[Prose, ...] = ()

    @property
    def difference(self) -> int:
        """Sum of the absolute differences of units and records."""
        return abs(self.units_difference) + abs(self.records_difference)


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """The ledger of all partitions."""

    partitions: tuple[PartitionReport, ...]
    internal: int = 0
    """Items sent through the internal topic and never received; below 0: received and never sent."""
    in_transit: int = 0
    """Items in transit through the internal topic while records of it are unread."""
    open: str = ""
    """Why the items of the internal topic cannot be reconciled yet; empty: they can."""
    endings: Mapping[Ending, int] = field(default_factory=dict)

    @property
    def difference(self) -> int:
        """Sum of all absolute differences; 0: every unit ended exactly once."""
        return sum(p.difference for p in self.partitions) + abs(self.internal)

    @property
    def in_flight(self) -> int:
        """Records that are not read yet."""
        return sum(p.in_flight for p in self.partitions)

    @property
    def items(self) -> int:
        """Units that were read."""
        return sum(p.items for p in self.partitions)


def fold(
    lines: Iterable[LedgerLine], bounds: Mapping[TopicPartition, OffsetBounds], *, internal: str | None = None
) -> LedgerReport:
    """The report over ``lines``.

    Args:
        lines: of all slots and control topics; of several lines for one partition the newest generation counts, and of
            one generation the line with the highest offset.
        bounds: of every partition of every input topic, fetched from the broker after the lines were read.
        internal: name of the topic through which items are sent to other slots.
    """
    newest: dict[TopicPartition, LedgerLine] = {}
    for line in lines:
        source = TopicPartition(line.topic, line.partition)
        held = newest.get(source)
        if held is None or (line.generation, line.next_offset) > (held.generation, held.next_offset):
            newest[source] = line
    sources = sorted(newest.keys() | bounds.keys())
    reports = tuple(_partition(source, newest.get(source), bounds.get(source)) for source in sources)
    endings: Counter[Ending] = Counter()
    for report in reports:
        endings.update(report.endings)
    inner = _internal(newest, bounds, internal)
    return LedgerReport(
        partitions=reports,
        internal=inner.missing,
        in_transit=inner.in_transit,
        open=inner.open,
        endings={e: endings[e] for e in Ending if endings[e]},
    )


def _partition(source: TopicPartition, line: LedgerLine | None, bounds: OffsetBounds | None) -> PartitionReport:
    if line is None:
        waiting = bounds.end - bounds.first if bounds else 0
        if bounds is not None and bounds.slots is not None and source.partition >= bounds.slots:
            unread = Prose(f"no slot reads this partition: kafka.partitions is {bounds.slots}")
            return PartitionReport(source, 0, 0, {}, 0, 0, 0, waiting, (unread,) if waiting else ())
        return PartitionReport(
            source, 0, 0, {}, 0, waiting, 0, 0, (Prose("no record was read yet"),) if waiting else ()
        )
    compacted = bounds is not None and bounds.compacted
    why, wrong = [], 0 if compacted else line.records_difference
    if wrong:
        why.append(f"{line.records} records counted between offsets that hold {line.records + wrong}")
    if line.difference:
        why.append(f"{line.difference} of {line.items} units ended nowhere or twice")
    if bounds is not None and line.next_offset > bounds.end:
        wrong += line.next_offset - bounds.end
        why.append(f"read up to {line.next_offset}, but the broker ends at {bounds.end}")
    if bounds is not None and not compacted and line.first_offset > bounds.first:
        wrong += line.first_offset - bounds.first
        why.append(f"began at {line.first_offset}, but the broker keeps records from {bounds.first} on")
    return PartitionReport(
        source=source,
        records=line.records,
        items=line.items,
        endings=dict(line.endings),
        forwarded=line.forwarded,
        in_flight=max(0, bounds.end - line.next_offset) if bounds else 0,
        units_difference=line.difference,
        records_difference=wrong,
        why=tuple(Prose(reason) for reason in why),
    )


@dataclass(frozen=True, slots=True)
class _Internal:
    missing: int = 0
    in_transit: int = 0
    open: str = ""


def _internal(
    newest: Mapping[TopicPartition, LedgerLine], bounds: Mapping[TopicPartition, OffsetBounds], internal: str | None
) -> _Internal:
    """Forwarded items against received ones.

    An item that is sent again after a restart arrives twice, and the second arrival ends as a duplicate. So the number
    of received items lies between the items without duplicates and all items. Missing items are in transit while
    records wait, else they are lost. Surplus items were counted twice, unless a sender's count is not durable yet.
    """
    if internal is None:
        return _Internal()
    inner = [line for source, line in newest.items() if source.topic == internal]
    forwarded = sum(line.forwarded for source, line in newest.items() if source.topic != internal)
    most = sum(line.items for line in inner)
    least = most - sum(line.endings.get(Ending.DUPLICATE, 0) for line in inner)
    if lost := sum(line.lost_offsets for line in inner):
        return _Internal(open=f"{lost} of its records were lost to retention with an unknown number of items")
    waiting = _waiting(newest, bounds, lambda topic: topic == internal)
    if forwarded > most and waiting:
        text = f"{forwarded - most} items are on their way in {waiting} records that are not read yet"
        return _Internal(in_transit=forwarded - most, open=text)
    if forwarded < least and (unread := _waiting(newest, bounds, lambda topic: topic != internal)):
        text = f"{least - forwarded} items arrived whose senders have {unread} records left to account for"
        return _Internal(open=text)
    return _Internal(missing=forwarded - min(max(forwarded, least), most))


def _waiting(
    newest: Mapping[TopicPartition, LedgerLine],
    bounds: Mapping[TopicPartition, OffsetBounds],
    of: Callable[[str], bool],
) -> int:
    """Records of these topics that are not read yet according to the durable lines."""
    return sum(
        max(0, held.end - (newest[source].next_offset if source in newest else held.first))
        for source, held in bounds.items()
        if of(source.topic)
    )


def printable(report: LedgerReport) -> str:
    """The report as text: one line per partition, then the sums."""
    rows = [f"{'partition':<32}{'records':>12}{'items':>14}{'in flight':>12}{'difference':>12}"]
    for p in report.partitions:
        name = f"{p.source.topic}/{p.source.partition}"
        rows.append(f"{name:<32}{p.records:>12,}{p.items:>14,}{p.in_flight:>12,}{p.difference:>12,}")
        rows += [f"    {reason}" for reason in p.why]
    if report.internal:
        text = "were sent to other slots and did not arrive" if report.internal > 0 else "arrived that no slot sent"
        rows.append(f"    {abs(report.internal)} items {text}")
    if report.open:
        rows.append(f"    {report.open}")
    rows += [f"{ending.value:<32}{count:>26,}" for ending, count in report.endings.items()]
    rows.append(f"{'difference':<32}{report.difference:>26,}")
    return "\n".join(rows) + "\n"
