"""Parts of records that were fetched together."""

from __future__ import annotations

import pytest

from aiops.model.durations import MINUTE, SECOND
from aiops.model.records import FetchedRecords, TopicPartition


def fetched(*appended: int, headers: bool = False) -> FetchedRecords:
    count = len(appended)
    return FetchedRecords(
        TopicPartition("metrics", 3),
        tuple(range(100, 100 + count)),
        tuple(f"v{number}".encode() for number in range(count)),
        tuple(f"k{number}".encode() for number in range(count)),
        appended,
        tuple([("n", str(number).encode())] for number in range(count)) if headers else (),
    )


def test_a_part_cuts_every_column() -> None:
    """Offsets, values, keys, append times and headers stay parallel."""
    part = fetched(1, 2, 3, headers=True).part(1, 3)
    assert part == FetchedRecords(
        TopicPartition("metrics", 3), (101, 102), (b"v1", b"v2"), (b"k1", b"k2"), (2, 3), ([("n", b"1")], [("n", b"2")])
    )


def test_a_part_without_headers_has_none() -> None:
    """Empty headers mean that no record has headers."""
    assert fetched(1, 2, 3).part(0, 1).headers == ()


@pytest.mark.parametrize(
    ("offset", "expected"), [(0, (100, 101, 102)), (100, (100, 101, 102)), (101, (101, 102)), (102, (102,)), (103, ())]
)
def test_records_before_an_offset_are_left_out(offset: int, expected: tuple[int, ...]) -> None:
    """A poll that is read again gives only what was not processed."""
    assert tuple(fetched(1, 2, 3).after(offset).offsets) == expected


def test_nothing_remains_of_nothing() -> None:
    """An empty fetch has no first offset to compare."""
    assert fetched().after(5).offsets == ()
    assert list(fetched().by_minute()) == []


def test_records_are_cut_where_the_minute_changes() -> None:
    """Also where the broker's clock goes back."""
    runs = fetched(0, 59 * SECOND, MINUTE, MINUTE + 1, 30 * SECOND).by_minute()
    assert [tuple(run.offsets) for run in runs] == [(100, 101), (102, 103), (104,)]
