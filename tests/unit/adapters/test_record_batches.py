"""How a poll becomes batches."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.record_batches import Pace, batches
from aiops.model.records import FetchedRecords, TopicPartition

PLACE = TopicPartition("logs", 2)


def fetched(sizes: list[int]) -> FetchedRecords:
    """Records of these sizes."""
    count = len(sizes)
    values = [bytes([number % 251]) * size for number, size in enumerate(sizes)]
    return FetchedRecords(PLACE, list(range(count)), values, [None] * count, list(range(count)))


@given(st.lists(st.integers(0, 3000), max_size=40), st.integers(1, 5000))
def test_batches_hold_every_record_once_and_in_order(sizes: list[int], most: int) -> None:
    """Each ends with the record that fills it; only the last may be smaller."""
    found = list(batches([fetched(sizes)], Pace({"logs": most})))
    assert list(range(len(sizes))) == [offset for [part], _ in found for offset in part.offsets]
    assert [sum(map(len, part.values)) for [part], _ in found] == [size for _, size in found]
    assert all(size >= most and size - len(part.values[-1]) < most for [part], size in found[:-1])


def test_what_is_dear_comes_in_small_batches_and_what_is_cheap_in_large_ones() -> None:
    """Both within stated limits, each topic for itself."""
    pace = Pace()
    for _ in range(40):
        pace.learn("logs", pace.of("logs"), 5.0)
        pace.learn("arrow", pace.of("arrow"), 0.001)
    assert (pace.of("logs"), pace.of("arrow"), pace.of("other")) == (64 * 1024, 4 * 1024 * 1024, 512 * 1024)


def test_a_small_quick_batch_says_nothing() -> None:
    """A trickle costs mostly what every batch costs: it must not make the batches of the next flood small."""
    pace = Pace()
    pace.learn("arrow", 1000, 0.001)
    assert pace.of("arrow") == Pace().of("arrow")
