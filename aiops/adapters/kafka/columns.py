"""Polled records of kafka-python as columns; a batch that was not unpacked becomes a piece of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar, overload

from aiops.adapters.kafka.bounded_decompression import RefusedBatch
from aiops.model.records import FetchedRecords, TopicPartition

_MILLISECOND = 1_000_000
T = TypeVar("T")


def pieces(place: TopicPartition, records: Sequence[Any]) -> Iterator[FetchedRecords]:
    """The records of one partition in their order."""
    begin = 0
    for number, record in enumerate(records):
        if isinstance(record.value, RefusedBatch):
            if begin < number:
                yield _columns(place, records[begin:number])
            yield _refused(place, record)
            begin = number + 1
    if begin < len(records):
        yield _columns(place, records[begin:] if begin else records)


def _columns(place: TopicPartition, records: Sequence[Any]) -> FetchedRecords:
    return FetchedRecords(
        source=place,
        offsets=[record.offset for record in records],
        values=[record.value or b"" for record in records],
        keys=[record.key for record in records],
        appended_at=[record.timestamp * _MILLISECOND for record in records],
        headers=[_headers(record) for record in records] if any(r.headers for r in records) else (),
    )


def _refused(place: TopicPartition, record: Any) -> FetchedRecords:
    refused: RefusedBatch = record.value
    count = record.offset + 1 - refused.begin
    return FetchedRecords(
        source=place,
        offsets=range(refused.begin, record.offset + 1),
        values=First(bytes(refused), count, b""),
        keys=First(None, count, None),
        appended_at=First(record.timestamp * _MILLISECOND, count, record.timestamp * _MILLISECOND),
        refused=refused.reason,
    )


def _headers(record: Any) -> tuple[tuple[str, bytes], ...]:
    """Kafka allows a header without a value; to us it is an empty one."""
    return tuple((name, value or b"") for name, value in record.headers or ())


class First(Sequence[T]):
    """A sequence of one value and many times another, which takes no memory a place: a batch may declare millions."""

    def __init__(self, first: T, count: int, rest: T) -> None:
        self._first, self._count, self._rest = first, count, rest

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> T: ...

    @overload
    def __getitem__(self, place: slice) -> First[T]: ...

    def __getitem__(self, place: int | slice) -> T | First[T]:
        if isinstance(place, slice):
            numbers = range(self._count)[place]
            return First(self._first if 0 in numbers else self._rest, len(numbers), self._rest)
        return self._first if range(self._count)[place] == 0 else self._rest
