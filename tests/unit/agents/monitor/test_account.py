"""The account of a partition: every unit ends once, every record is counted, and what is refused can be looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.agents.monitor.account import ENDINGS, DeadLetterWriter, PartitionAccount
from aiops.model.deadletters import DeadLetterReason
from aiops.model.ledger import Ending, LedgerLine
from aiops.model.records import FetchedRecords, TopicPartition
from detectors.bank.layout import Ended
from detectors.wire.batch import PLACES, Rejected

SOURCE = TopicPartition("otlp_metrics", 3)


def line(account: PartitionAccount) -> LedgerLine:
    """The account as the ledger shows it."""
    return account.line(SOURCE, 3, 7, domain="main")


def codes(*ended: Ended) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The bank's codes."""
    return np.array(ended, np.uint8)


# --------------------------------------------------------------------------------------------------------- records


def test_a_partition_that_was_never_read_has_no_difference() -> None:
    """Its offsets are shown as 0."""
    shown = line(PartitionAccount())
    assert (shown.first_offset, shown.next_offset, shown.records) == (0, 0, 0)
    assert (shown.difference, shown.records_difference) == (0, 0)


def test_records_are_counted_from_the_first_offset_that_was_read() -> None:
    """A group may begin in the middle of a topic."""
    account = PartitionAccount()
    account.take([100, 101], 5)
    account.take([102], 1)
    account.end(Ending.LEARNED, 6)
    shown = line(account)
    assert (shown.first_offset, shown.next_offset, shown.records, shown.items) == (100, 103, 3, 6)
    assert (shown.difference, shown.records_difference) == (0, 0)


def test_a_unit_without_an_ending_is_a_difference() -> None:
    """Also one with two, in the other direction."""
    account = PartitionAccount()
    account.take([0], 2)
    account.end(Ending.LEARNED, 1)
    assert line(account).difference == 1
    account.end(Ending.LATE, 2)
    assert line(account).difference == -1


def test_what_went_to_another_slot_has_ended_here() -> None:
    """Its receiver counts it."""
    account = PartitionAccount()
    account.take([0], 3)
    account.forwarded += 3
    assert line(account).difference == 0


def test_a_skipped_record_is_a_difference() -> None:
    """Offsets tell it."""
    account = PartitionAccount()
    account.take([0], 0)
    account.take([2], 0)
    assert line(account).records_difference == 1


# -------------------------------------------------------------------------------------------------- lost to retention


def test_lost_offsets_are_units_that_were_lost() -> None:
    """Nobody knows how many units a record had: one each."""
    account = PartitionAccount()
    account.take([0], 1)
    account.end(Ending.LEARNED, 1)
    assert account.lose(1, 5) == 4
    shown = line(account)
    assert (shown.endings[Ending.LOST_TO_RETENTION], shown.lost_offsets, shown.next_offset) == (4, 4, 5)
    assert (shown.difference, shown.records_difference) == (0, 0)


@pytest.mark.parametrize(("begin", "end", "lost"), [(0, 5, 0), (3, 5, 0), (3, 8, 3), (5, 5, 0), (9, 7, 0), (7, 9, 2)])
def test_only_what_was_not_counted_before_is_lost(begin: int, end: int, lost: int) -> None:
    """The same hole may be told twice; offsets up to 5 were read."""
    account = PartitionAccount()
    account.take([0, 1, 2, 3, 4], 5)
    assert account.lose(begin, end) == lost


def test_a_partition_may_begin_with_a_hole() -> None:
    """Its first offset is the first that was lost."""
    account = PartitionAccount()
    assert account.lose(10, 12) == 2
    account.take([12], 0)
    shown = line(account)
    assert (shown.first_offset, shown.next_offset, shown.records_difference) == (10, 13, 0)


# ---------------------------------------------------------------------------------------------------- bank's codes


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        (Ended.LEARNED, Ending.LEARNED),
        (Ended.FLAGGED, Ending.FLAGGED),
        (Ended.DUPLICATE, Ending.DUPLICATE),
        (Ended.LATE, Ending.LATE),
        (Ended.WARMING_UP, Ending.WARMING_UP),
        (Ended.REFUSED, Ending.DEAD_LETTER),
    ],
)
def test_each_code_of_the_bank_is_an_ending(code: Ended, ending: Ending) -> None:
    """A point that the bank refuses is a dead letter, which the caller writes."""
    account = PartitionAccount()
    refused = account.end_points(codes(code, code), np.ones(2, np.uint8))
    assert {e: n for e, n in line(account).endings.items() if n} == {ending: 2}
    assert refused == 2 * (code is Ended.REFUSED)


def test_only_primary_points_are_units() -> None:
    """A histogram has many points and is one unit."""
    account = PartitionAccount()
    assert account.end_points(codes(*[Ended.LEARNED] * 3, Ended.REFUSED), np.array([1, 0, 0, 0], np.uint8)) == 0
    assert sum(line(account).endings.values()) == 1


def test_no_points_end_nothing() -> None:
    """A poll may hold none."""
    account = PartitionAccount()
    assert account.end_points(codes(), np.ones(0, np.uint8)) == 0
    assert sum(line(account).endings.values()) == 0


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("take"), st.integers(1, 5), st.integers(0, 9)),
            st.tuples(st.just("lose"), st.integers(0, 9), st.integers(0, 9)),
        ),
        max_size=12,
    ),
    st.lists(st.integers(0, 10**12), min_size=len(ENDINGS), max_size=len(ENDINGS)),
)
def test_a_snapshot_is_the_account(told: list[tuple[str, int, int]], ended: list[int]) -> None:
    """Whatever happened before; the two count on by themselves."""
    account = PartitionAccount()
    for what, one, other in told:
        start = max(account.next_offset, 0)
        if what == "take":
            account.take(range(start, start + one), other)
        else:
            account.lose(start + one, start + one + other)
    for ending, count in zip(ENDINGS, ended, strict=True):
        account.end(ending, count)
    again = PartitionAccount.from_array(account.to_array())
    assert line(again) == line(account)
    again.end(Ending.LEARNED, 1)
    assert line(again).endings[Ending.LEARNED] == line(account).endings[Ending.LEARNED] + 1


# ---------------------------------------------------------------------------------------------------- dead letters


def fetched(*values: bytes, headers: tuple[Any, ...] = ()) -> FetchedRecords:
    """Records from offset 40 on."""
    count = range(len(values))
    return FetchedRecords(
        SOURCE,
        [40 + n for n in count],
        list(values),
        [b"key" * (n + 1) for n in count],
        [1000 + n for n in count],
        headers,
    )


def test_a_dead_letter_names_its_record_and_keeps_its_bytes() -> None:
    """Somebody can send it again when the cause is mended."""
    writer = DeadLetterWriter(100, "payments", ())
    rejected = [Rejected(1, DeadLetterReason.UNDECODABLE, 4, (0, 2))]
    (letter,) = writer.of_records(fetched(b"good", b"bad"), rejected)
    assert (letter.topic, letter.partition, letter.offset, letter.at) == ("otlp_metrics", 3, 41, 1001)
    assert (letter.reason, letter.items, letter.places) == (DeadLetterReason.UNDECODABLE, 4, (0, 2))
    assert (letter.original, letter.cut, letter.domain) == (b"bad", False, "payments")


@pytest.mark.parametrize(("size", "cut"), [(9, False), (10, False), (11, True)])
def test_a_large_record_is_cut_and_says_so(size: int, cut: bool) -> None:  # noqa: FBT001 (a parameter)
    """The limit itself is not cut."""
    writer = DeadLetterWriter(10, "main", ())
    (letter,) = writer.of_records(fetched(b"x" * size), [Rejected(0, DeadLetterReason.UNDECODABLE, 1, ())])
    assert (len(letter.original), letter.cut) == (min(size, 10), cut)


def test_a_long_list_of_places_is_cut() -> None:
    """The number of units is exact all the same."""
    writer = DeadLetterWriter(10, "main", ())
    entry = Rejected(0, DeadLetterReason.UNDECODABLE, 1000, tuple(range(1000)))
    (letter,) = writer.of_records(fetched(b"x"), [entry])
    assert (len(letter.places), letter.items) == (PLACES, 1000)


def test_points_refused_later_are_one_letter_a_record() -> None:
    """With their number; their places are not known any more."""
    writer = DeadLetterWriter(10, "main", ())
    told = writer.refused(fetched(b"a", b"b", b"c"), np.array([2, 0, 2, 2], np.int32), DeadLetterReason.NOT_A_NUMBER)
    assert [(letter.offset, letter.items, letter.places) for letter in told] == [(40, 1, ()), (42, 3, ())]


def test_nothing_refused_is_no_letter() -> None:
    """Neither in decoding nor after it."""
    writer = DeadLetterWriter(10, "main", ())
    assert writer.of_records(fetched(b"a"), []) == []
    assert writer.refused(fetched(b"a"), np.empty(0, np.int32), DeadLetterReason.NOT_A_NUMBER) == []
