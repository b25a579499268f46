"""Slots that do not move are noticed within ten seconds, and healthy ones never."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.followed_topics import shown
from aiops.adapters.shard_parts import ShardStatus
from aiops.adapters.stalls import Stall, StallWatch, by_slot
from aiops.model.durations import SECOND
from aiops.model.ledger import LedgerLine
from aiops.model.records import TopicOrigin, TopicPartition

PLACE = TopicPartition("otlp_metrics", 0)
OTHER = TopicPartition("otlp_logs", 3)


def status(
    position: int, alive_at: int, *, shard: int = 0, place: TopicPartition = PLACE, error: str = "", shift: int = 0
) -> ShardStatus:
    line = LedgerLine(place.topic, place.partition, 0, 0, {}, 0, 0, next_offset=position, slot=place.partition)
    origins = shown({place: TopicOrigin("id", shift)})
    return ShardStatus(shard, alive_at, {place.partition: 1}, ledger=(line,), error=error, origins=origins)


@dataclass
class Watched:
    """A watch that looks once a second."""

    watch: StallWatch = field(default_factory=StallWatch)
    second: int = 0

    def look(self, bounds: Mapping[TopicPartition, tuple[int, int]], *statuses: ShardStatus) -> list[Stall]:
        self.second += 1
        return self.watch.look(bounds, statuses, self.second * SECOND)


def first_stall(watched: Watched, end: int, position: int, *, seconds: int = 30, frozen: bool = False) -> int | None:
    """Seconds after which the partition counts as stalled; None: not within ``seconds``."""
    watched.look({PLACE: (0, end)}, status(position - 2, 1))
    watched.look({PLACE: (0, end)}, status(position, 2))
    for second in range(1, seconds):
        if watched.look({PLACE: (0, end)}, status(position, 7 if frozen else watched.second + 1)):
            return second
    return None


@pytest.mark.parametrize("frozen", [False, True])
def test_a_position_that_stays_with_unread_records_is_a_stall_within_ten_seconds(*, frozen: bool) -> None:
    """Whether the loop hangs or turns without reading."""
    assert first_stall(Watched(), 500, 20, frozen=frozen) == 8


def test_a_partition_that_nobody_has_ever_read_is_a_stall() -> None:
    """No shard answers, and no ledger names it."""
    watched = Watched()
    found = [watched.look({PLACE: (40, 90)}) for _ in range(9)]
    assert found[:8] == [[]] * 8
    assert found[8] == [Stall(PLACE, 50, 8.0)]


def test_the_first_records_of_a_partition_may_wait_for_the_compiler() -> None:
    """Two minutes while its shard answers."""
    watched = Watched()
    found = [bool(watched.look({PLACE: (0, 90)}, ShardStatus(0, 5))) for _ in range(122)]
    assert found == [False] * 120 + [True] * 2


def test_a_partition_that_is_read_to_its_end_is_never_a_stall() -> None:
    """However long nothing is written to it."""
    assert first_stall(Watched(), 20, 20, seconds=4000, frozen=True) is None


def test_one_unread_record_at_which_a_shard_dies_is_a_stall() -> None:
    """Its processes publish nothing before they die; the status in between has no time."""
    watched = Watched()
    watched.look({PLACE: (0, 21)}, status(19, 2))
    watched.look({PLACE: (0, 21)}, status(20, 3))
    found = [watched.look({PLACE: (0, 21)}, *([] if second % 3 else [ShardStatus(0)])) for second in range(20)]
    assert found[-1] != []


def test_markers_of_transactions_at_the_end_are_not_waited_for_while_the_loop_turns() -> None:
    """They take offsets that no client delivers."""
    assert first_stall(Watched(), 22, 20, seconds=600) is None
    assert first_stall(Watched(), 22, 20, frozen=True) is not None


def test_a_shard_that_reports_an_error_does_not_turn() -> None:
    """A few unread records behind a permanent error are a stall."""
    watched = Watched()
    watched.look({PLACE: (0, 22)}, status(19, 1))
    found = [watched.look({PLACE: (0, 22)}, status(20, second, error="no permission")) for second in range(2, 13)]
    assert found[-1] != []


def test_a_shard_that_goes_back_to_its_snapshot_again_and_again_does_not_move() -> None:
    """Only a position that was never reached before is a move."""
    watched = Watched()
    found = [watched.look({PLACE: (0, 900)}, status(100 + second % 4, second)) for second in range(1, 18)]
    assert found[-1] != []


@pytest.mark.parametrize("written", [60, 4000], ids=["shorter than the old", "longer than the old"])
def test_a_topic_that_was_made_anew_is_followed_by_shifted_offsets(written: int) -> None:
    """The broker counts from 0 again, and the shard goes on behind the old topic's end."""
    watched, shift = Watched(), 901
    watched.look({PLACE: (0, 900)}, status(900, 1))
    moving = [watched.look({PLACE: (0, written)}, status(shift + n, n, shift=shift)) for n in range(2, 60)]
    read = [watched.look({PLACE: (0, written)}, status(shift + written, n, shift=shift)) for n in range(60, 300)]
    assert not any([*moving, *read])


def test_a_topic_that_was_made_anew_stalls_as_any_other() -> None:
    """Also by a status of before, which does not know the shift yet."""
    watched, shift = Watched(), 901
    watched.look({PLACE: (0, 900)}, status(899, 1))
    watched.look({PLACE: (0, 900)}, status(900, 2))
    watched.look({PLACE: (0, 60)}, status(shift + 20, 3, shift=shift))
    found = [watched.look({PLACE: (0, 60)}, status(shift + 20, n, shift=shift), status(900, 2)) for n in range(4, 12)]
    assert [len(stalls) for stalls in found] == [0] * 7 + [1]
    assert found[-1][0].unread == 40


def test_a_new_topic_that_no_shard_reads_is_a_stall() -> None:
    """The shard still answers with a position of the old topic."""
    watched = Watched()
    watched.look({PLACE: (0, 900)}, status(899, 1))
    watched.look({PLACE: (0, 900)}, status(900, 2))
    found = [watched.look({PLACE: (0, 60)}, status(900, 2)) for _ in range(12)]
    assert found[-1] == [Stall(PLACE, 60, 11.0)]


@given(steps=st.lists(st.integers(0, 3), min_size=20, max_size=60), end=st.integers(500, 900))
def test_a_partition_is_a_stall_exactly_when_eight_seconds_brought_nothing(steps: list[int], end: int) -> None:
    """By a plain count over every sequence of moves."""
    watched, position, unmoved = Watched(), 0, 0
    watched.look({PLACE: (0, end)}, status(position, 1))
    position = 1
    watched.look({PLACE: (0, end)}, status(position, 2))
    for second, step in enumerate(steps, 3):
        position += step
        unmoved = 0 if step else unmoved + 1
        assert bool(watched.look({PLACE: (0, end)}, status(position, second))) == (unmoved >= 8)


def test_only_a_shard_that_holds_a_stalled_slot_and_does_not_turn_is_hung() -> None:
    """It is killed after two minutes, and then waited for anew."""
    watched = Watched()
    for second in range(1, 125):
        watched.look({PLACE: (0, 900), OTHER: (0, 900)}, status(5, 9), status(5, second, shard=1, place=OTHER))
        if second == 120:
            assert watched.watch.hung(second * SECOND) == []
    assert watched.watch.hung(124 * SECOND) == [0]
    watched.watch.forgive(0, 124 * SECOND)
    assert watched.watch.hung(125 * SECOND) == []


def test_a_new_process_of_a_shard_gets_its_time_to_restore() -> None:
    """It has no status yet, and is not killed for the hang of the one before."""
    watched = Watched()
    for _ in range(110):
        watched.look({PLACE: (0, 900)}, status(5, 9))
    for _ in range(60):
        watched.look({PLACE: (0, 900)}, ShardStatus(0))
    assert watched.watch.hung(watched.second * SECOND) == []


def test_stalls_are_grouped_by_slot_with_the_longest_queue_first() -> None:
    """A slot is one partition of every topic."""
    stalls = [Stall(PLACE, 5, 10.0), Stall(TopicPartition("otlp_logs", 0), 50, 11.0), Stall(OTHER, 1, 10.0)]
    assert by_slot(stalls) == {0: (stalls[1], stalls[0]), 3: (stalls[2],)}
