"""The ledger: how each data point, log line, span and control message ended, checked against the broker's own offsets.

Folds what every slot and the control topics' reader made durable, beside the broker's bounds. The report's difference
is 0, or work was lost or counted twice; what is not read yet is in flight, not missing. Pure and printable.
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
    """A partition as the broker knows it."""

    first: int
    """First offset that retention still keeps."""
    end: int
    """Offset that the next record will get."""
    compacted: bool = False
    """Offsets may be missing inside: records cannot be counted by them."""


@dataclass(frozen=True, slots=True)
class PartitionReport:
    """One partition of one topic."""

    source: TopicPartition
    records: int
    items: int
    endings: Mapping[Ending, int]
    forwarded: int
    in_flight: int
    """Records at the broker that are not read yet; of a partition that nobody owns: all of them."""
    units_difference: int
    """Units that ended nowhere or twice."""
    records_difference: int
    """Records that were skipped or counted twice, and positions that the broker contradicts."""
    why: tuple[Prose, ...] = ()

    @property
    def difference(self) -> int:
        """All that is wrong with it, without sign."""
        return abs(self.units_difference) + abs(self.records_difference)


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """The public figure."""

    partitions: tuple[PartitionReport, ...]
    internal: int = 0
    """Items that went on through the internal topic and were never received; below 0: received and never sent."""
    in_transit: int = 0
    """Items on their way through the internal topic while records of it wait."""
    open: str = ""
    """What cannot be told yet of the internal topic; empty: everything can."""
    endings: Mapping[Ending, int] = field(default_factory=dict)

    @property
    def difference(self) -> int:
        """0: every unit ended exactly once."""
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
        lines: of all slots and control topics; of several for one partition the newest generation counts, and of one
            generation the one that is furthest.
        bounds: of every partition of every input topic, asked of the broker after the lines were read.
        internal: name of the topic through which items go on to other slots.
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
        return PartitionReport(
            source, 0, 0, {}, 0, waiting, 0, 0, (Prose("nobody has read it yet"),) if waiting else ()
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

    An item that was sent on again after a restart arrives twice; its second arrival ended as a duplicate, so what was
    received lies between the items without duplicates and all items. Too few are on their way while records wait,
    else lost; too many were counted twice, unless a sender has not made durable yet what it sent.
    """
    if internal is None:
        return _Internal()
    inner = [line for source, line in newest.items() if source.topic == internal]
    forwarded = sum(line.forwarded for source, line in newest.items() if source.topic != internal)
    most = sum(line.items for line in inner)
    least = most - sum(line.endings.get(Ending.DUPLICATE, 0) for line in inner)
    if lost := sum(line.lost_offsets for line in inner):
        return _Internal(open=f"{lost} of its records were lost to retention, nobody knows with how many items")
    waiting = _waiting(newest, bounds, lambda topic: topic == internal)
    if forwarded > most and waiting:
        said = f"{forwarded - most} items are on their way in {waiting} records that are not read yet"
        return _Internal(in_transit=forwarded - most, open=said)
    if forwarded < least and (unread := _waiting(newest, bounds, lambda topic: topic != internal)):
        said = f"{least - forwarded} items arrived whose senders have {unread} records left to account for"
        return _Internal(open=said)
    return _Internal(missing=forwarded - min(max(forwarded, least), most))


def _waiting(
    newest: Mapping[TopicPartition, LedgerLine],
    bounds: Mapping[TopicPartition, OffsetBounds],
    of: Callable[[str], bool],
) -> int:
    """Records of these topics that are not read yet, as far as that is durable."""
    return sum(
        max(0, held.end - (newest[source].next_offset if source in newest else held.first))
        for source, held in bounds.items()
        if of(source.topic)
    )


def printable(report: LedgerReport) -> str:
    """The report as text: a line a partition, then the sums."""
    rows = [f"{'partition':<32}{'records':>12}{'items':>14}{'in flight':>12}{'difference':>12}"]
    for p in report.partitions:
        name = f"{p.source.topic}/{p.source.partition}"
        rows.append(f"{name:<32}{p.records:>12,}{p.items:>14,}{p.in_flight:>12,}{p.difference:>12,}")
        rows += [f"    {reason}" for reason in p.why]
    if report.internal:
        said = "went on to other slots and did not arrive" if report.internal > 0 else "arrived that nobody sent on"
        rows.append(f"    {abs(report.internal)} items {said}")
    if report.open:
        rows.append(f"    {report.open}")
    rows += [f"{ending.value:<32}{count:>26,}" for ending, count in report.endings.items()]
    rows.append(f"{'difference':<32}{report.difference:>26,}")
    return "\n".join(rows) + "\n"
