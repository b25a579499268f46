"""After a death the bounded client reads up to the ends of that time, and the fast one goes on exactly there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.kafka.cautious import CautiousConsumer
from aiops.model.records import FetchedRecords, TopicPartition

ONE, TWO = TopicPartition("t", 0), TopicPartition("t", 1)


@dataclass
class Client:
    """Reads a few records a poll of logs that grow."""

    name: str
    ends: dict[TopicPartition, int]
    at: dict[TopicPartition, int] = field(default_factory=dict)
    closed: bool = False
    committed: dict[TopicPartition, int] = field(default_factory=dict)

    def assign(self, positions: Mapping[TopicPartition, int | None]) -> None:
        self.at = {place: offset or 0 for place, offset in positions.items()}

    def poll(self, timeout_seconds: float, max_bytes: int) -> list[FetchedRecords]:
        assert not self.closed
        found = []
        for place, offset in self.at.items():
            offsets = range(offset, min(offset + 2, self.ends[place]))
            if offsets:
                values = [self.name.encode()] * len(offsets)
                found.append(FetchedRecords(place, offsets, values, [None] * len(offsets), [0] * len(offsets)))
                self.at[place] = offsets[-1] + 1
        return found

    def positions(self) -> dict[TopicPartition, int]:
        return dict(self.at)

    def bounds(self) -> dict[TopicPartition, tuple[int, int]]:
        return {place: (0, self.ends[place]) for place in self.at}

    def lost(self) -> list[tuple[TopicPartition, int, int]]:
        return [(ONE, 0, 1)]

    def commit(self, positions: Mapping[TopicPartition, int]) -> None:
        self.committed = dict(positions)

    def close(self) -> None:
        self.closed = True


@dataclass
class Both:
    """The consumer over its two clients."""

    ends: dict[TopicPartition, int]

    def __post_init__(self) -> None:
        self.bounded, self.fast = Client("bounded", self.ends), Client("fast", self.ends)
        self.consumer = CautiousConsumer(lambda: self.bounded, lambda: self.fast)

    def polled(self, polls: int) -> list[tuple[int, int, str]]:
        """Partition, offset and client of each record."""
        return [
            (piece.source.partition, offset, value.decode())
            for _ in range(polls)
            for piece in self.consumer.poll(0.0, 1)
            for offset, value in zip(piece.offsets, piece.values, strict=True)
        ]


def test_what_was_there_is_read_bounded_and_what_comes_later_fast() -> None:
    """Each record once."""
    both = Both({ONE: 4})
    both.consumer.assign({ONE: None})
    first = both.polled(2)
    both.ends[ONE] = 7
    assert first + both.polled(4) == [(0, offset, "bounded" if offset < 4 else "fast") for offset in range(7)]
    assert both.bounded.closed


def test_all_partitions_must_have_passed() -> None:
    """The longest decides."""
    both = Both({ONE: 1, TWO: 6})
    both.consumer.assign({ONE: None, TWO: None})
    assert {client for _, _, client in both.polled(3)} == {"bounded"}
    assert not both.bounded.closed


def test_without_a_partition_it_stays_cautious() -> None:
    """The slots may come later, and with them what killed the last process."""
    both = Both({ONE: 4})
    both.consumer.assign({})
    assert both.polled(3) == []
    both.consumer.assign({ONE: 2})
    assert both.polled(1) == [(0, 2, "bounded"), (0, 3, "bounded")]


@pytest.mark.parametrize("polls", [0, 5])
def test_every_other_call_reaches_the_client_in_use(polls: int) -> None:
    """Before and after it went over."""
    both = Both({ONE: 2})
    both.consumer.assign({ONE: None})
    both.polled(polls)
    used = both.fast if polls else both.bounded
    both.consumer.commit({ONE: 1})
    assert used.committed == {ONE: 1}
    assert (both.consumer.positions(), both.consumer.bounds()) == (used.at, {ONE: (0, 2)})
    assert both.consumer.lost() == [(ONE, 0, 1)]
    both.consumer.close()
    assert used.closed


@given(ends=st.tuples(st.integers(0, 9), st.integers(0, 9)), growth=st.lists(st.integers(0, 3), max_size=12))
def test_no_record_is_lost_or_read_twice(ends: tuple[int, int], growth: list[int]) -> None:
    """However the logs grow meanwhile."""
    both = Both({ONE: ends[0], TWO: ends[1]})
    both.consumer.assign({ONE: None, TWO: None})
    found: list[tuple[int, int, str]] = []
    for more in growth:
        found += both.polled(1)
        both.ends[ONE] += more
    found += both.polled(40)
    for place, end in both.ends.items():
        assert [offset for partition, offset, _ in found if partition == place.partition] == list(range(end))
