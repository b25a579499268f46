"""Keeping shards and their slots as they should be."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.adapters.fleet import FleetKeeper, spread
from aiops.adapters.shard_parts import ShardStatus
from aiops.model.errors import TemporaryError


@given(
    before=st.dictionaries(st.integers(0, 40), st.integers(0, 9)),
    slots=st.integers(1, 40),
    shards=st.integers(1, 10),
)
def test_slots_are_spread_evenly_with_few_moves(before: dict[int, int], slots: int, shards: int) -> None:
    """Each slot has one shard, loads differ by one at most, and only the surplus moves."""
    after = spread(before, slots, shards)
    loads = [sum(1 for shard in after.values() if shard == number) for number in range(shards)]
    assert sorted(after) == list(range(slots))
    assert max(loads) - min(loads) <= 1
    assert spread(after, slots, shards) == after
    stayed = sum(1 for slot, shard in after.items() if before.get(slot) == shard)
    owned = [sum(1 for slot in range(slots) if before.get(slot) == number) for number in range(shards)]
    assert stayed >= sum(min(have, slots // shards) for have in owned)


@dataclass
class Table:
    """Assignments in memory."""

    rows: dict[int, tuple[int, int]] = field(default_factory=dict)

    def assign(self, epoch: int, slots: Mapping[int, int]) -> dict[int, tuple[int, int]]:
        fresh = max((g for _, g in self.rows.values()), default=0) + 1
        self.rows = {
            slot: self.rows[slot] if self.rows.get(slot, (None, 0))[0] == shard else (shard, fresh)
            for slot, shard in slots.items()
        }
        return dict(self.rows)

    def assignment(self) -> dict[int, tuple[int, int]]:
        return dict(self.rows)


@dataclass
class Actors:
    """Shards in memory; notes when two would own one slot."""

    slots: dict[int, dict[int, int]] = field(default_factory=dict)
    dead: set[int] = field(default_factory=set)
    killed: list[int] = field(default_factory=list)

    def ensure(self, number: int) -> None:
        self.slots.setdefault(number, {})

    def own(self, number: int, slots: Mapping[int, int]) -> None:
        if number in self.dead:
            raise TemporaryError("it does not answer")
        self.slots[number] = dict(slots)
        everybody = [slot for mine in self.slots.values() for slot in mine]
        assert len(everybody) == len(set(everybody)), "two shards own one slot"

    def status(self, number: int) -> ShardStatus:
        if number in self.dead:
            raise TemporaryError("it does not answer")
        return ShardStatus(number, slots=self.slots[number])

    def kill(self, number: int) -> None:
        self.killed.append(number)

    def remove(self, number: int) -> None:
        assert not self.slots[number], "a shard that owns slots is removed"
        del self.slots[number]

    def numbers(self) -> list[int]:
        return sorted(self.slots)

    def ensure_others(self) -> None:
        return


@given(counts=st.lists(st.integers(1, 6), min_size=1, max_size=6))
def test_scaling_moves_slots_and_never_gives_one_to_two(counts: list[int]) -> None:
    """After each change of the number of shards, every slot is owned once, by whom the table says."""
    actors, table, wanted = Actors(), Table(), [1]
    keeper = FleetKeeper(actors, table, epoch=1, slots=8, wanted=lambda: wanted[0])
    for count in counts:
        wanted[0] = count
        keeper.reconcile()
        keeper.reconcile()
        assert {n for n, mine in actors.slots.items() if mine} == set(range(count))
        owned = {slot: (n, g) for n, mine in actors.slots.items() for slot, g in mine.items()}
        assert owned == table.rows


def test_a_shard_that_stays_silent_is_killed_and_started_again() -> None:
    """A few missed checks are forgiven."""
    actors, table = Actors(), Table()
    keeper = FleetKeeper(actors, table, epoch=1, slots=4, wanted=lambda: 2)
    keeper.reconcile()
    actors.dead = {1}
    for _ in range(4):
        keeper.reconcile()
    assert actors.killed == []
    keeper.reconcile()
    assert actors.killed == [1]


def test_a_slot_keeps_its_shard_while_that_shard_is_away() -> None:
    """Nothing moves because of a crash: the shard comes back and reads its assignment."""
    actors, table = Actors(), Table()
    keeper = FleetKeeper(actors, table, epoch=1, slots=4, wanted=lambda: 2)
    keeper.reconcile()
    before = dict(table.rows)
    actors.dead = {0}
    keeper.reconcile()
    assert table.rows == before


@pytest.mark.parametrize("wanted", [0, 99])
def test_absurd_numbers_of_shards_are_bounded(wanted: int) -> None:
    """At least one, at most one a slot."""
    actors = Actors()
    FleetKeeper(actors, Table(), epoch=1, slots=4, wanted=lambda: wanted).reconcile()
    assert len(actors.slots) == (1 if wanted == 0 else 4)


def test_an_unexpected_error_does_not_end_the_supervision() -> None:
    """It is shown as trouble, and the next rounds go on."""
    actors, rounds, third = Actors(), [0], threading.Event()

    def wanted() -> int:
        rounds[0] += 1
        if rounds[0] == 1:
            raise ZeroDivisionError
        if rounds[0] == 3:
            third.set()
        return 2

    keeper = FleetKeeper(actors, Table(), epoch=1, slots=4, wanted=wanted, every_seconds=0.0)
    keeper.start()
    assert third.wait(10)
    keeper.stop()
    assert sorted(actors.slots) == [0, 1]
