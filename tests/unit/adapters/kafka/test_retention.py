from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.adapters.kafka.retention import Lost, starts
from aiops.model.records import TopicPartition

PLACE = TopicPartition("otlp_metrics", 0)
OTHER = TopicPartition("otlp_metrics", 1)


@pytest.mark.parametrize(
    ("want", "bounds", "position", "lost"),
    [
        (50, (10, 100), 50, []),
        (10, (10, 100), 10, []),
        (100, (10, 100), 100, []),
        (None, (10, 100), 10, []),
        (3, (10, 100), 10, [(PLACE, 3, 10)]),
        (0, (100, 100), 100, [(PLACE, 0, 100)]),
        (101, (10, 100), 10, []),
        (7, (0, 0), 0, []),
        (0, (0, 0), 0, []),
    ],
)
def test_where_reading_begins(want: int | None, bounds: tuple[int, int], position: int, lost: list[Lost]) -> None:
    """Where it was; at the first retained offset with the gap told; past the end again at the beginning."""
    assert starts({PLACE: want}, {PLACE: bounds}) == ({PLACE: position}, lost)


def test_partitions_are_judged_one_by_one() -> None:
    """A gap in one does not move the other."""
    positions, lost = starts({PLACE: 1, OTHER: 1}, {PLACE: (5, 9), OTHER: (0, 9)})
    assert positions == {PLACE: 5, OTHER: 1}
    assert lost == [(PLACE, 1, 5)]


@settings(max_examples=50)
@given(st.none() | st.integers(0, 300), st.integers(0, 100), st.integers(0, 100))
def test_nothing_is_skipped_without_being_told(want: int | None, first: int, length: int) -> None:
    """Reading begins within the log, and every offset between the wish and the beginning is in a told range."""
    end = first + length
    positions, lost = starts({PLACE: want}, {PLACE: (first, end)})
    at = positions[PLACE]
    assert first <= at <= end
    if want is not None and at > want:
        assert lost == [(PLACE, want, at)]
    else:
        assert lost == []
