"""A poll ends when its bytes are used up, and the next poll goes on with the next record."""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
from kafka.consumer.fetcher import Fetcher
from kafka.errors import CorruptRecordError
from kafka.record.memory_records import MemoryRecords

from aiops.adapters.kafka.poll_budget import PollBudget
from tests.unit.adapters.kafka.test_bounded_decompression import PLACE, batch


class Client:
    """One partition with records, polled as the fetcher of kafka-python does it."""

    def __init__(self, sizes: list[int]) -> None:
        data = b"".join(batch("none", [bytes(size)], first) for first, size in enumerate(sizes))
        self.part = Fetcher.PartitionRecords(0, PLACE, MemoryRecords(data))
        self.calls = 0
        self._fetcher = SimpleNamespace(_append=self._append)

    def _append(self, drained: Any, part: Any, max_records: int, update_offsets: bool) -> int:  # noqa: FBT001
        del update_offsets
        self.calls += 1
        taken = part.take(max_records)
        drained[part.topic_partition].extend(taken)
        return len(taken)

    def poll(self, max_records: int = 5000) -> list[int]:
        drained: dict[Any, list[Any]] = defaultdict(list)
        while max_records > 0 and self.part:
            max_records -= self._fetcher._append(drained, self.part, max_records, True)
        return [record.offset for record in drained[PLACE]]


def polls(sizes: list[int], most_bytes: int) -> list[list[int]]:
    client = Client(sizes)
    budget, found = PollBudget(client), []
    while client.part:
        budget.renew(most_bytes)
        found.append(client.poll())
    return [offsets for offsets in found if offsets]


def test_a_poll_of_small_records_takes_all() -> None:
    """Within the budget nothing changes."""
    assert polls([10] * 100, 10_000) == [list(range(100))]


def test_a_poll_of_large_records_ends_after_its_bytes() -> None:
    """None is skipped or repeated."""
    found = polls([1000] * 30, 5000)
    assert [offset for offsets in found for offset in offsets] == list(range(30))
    assert [len(offsets) for offsets in found] == [5] * 6


def test_one_record_larger_than_the_budget_is_taken() -> None:
    """A budget never stops the reading."""
    assert [offset for offsets in polls([50_000] * 3, 10) for offset in offsets] == [0, 1, 2]


def test_an_error_after_some_records_is_raised_by_the_next_poll() -> None:
    """What was read before it is not lost."""
    client = Client([10, 10])
    data = batch("none", [b"a"]) + batch("none", [b"b"], first=1)[:-1] + b"?"  # its checksum is wrong
    client.part = Fetcher.PartitionRecords(0, PLACE, MemoryRecords(data))
    budget = PollBudget(client)
    budget.renew(1000)
    assert client.poll(max_records=1) == [0]
    with pytest.raises(CorruptRecordError):
        client.poll()
