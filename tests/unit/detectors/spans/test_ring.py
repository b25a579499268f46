"""The memory of a join, against a list of its entries."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from detectors.spans.ring import LONGEST, Ring, add, entries, fill, find, full, make_ring, remade
from detectors.wire.compiling import compiled

SIZE = 8


@compiled
def _add(ring, key, data):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 (numba infers them)
    add(ring, key, data[0], data[1], data[2])


@compiled
def _ask(ring, key, interval, horizon):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Place of a key, and whether the next entry would go over one that is needed."""
    return find(ring, key, interval, horizon), full(ring, interval, horizon)


def put(ring: Ring, key: int, *, entity: int = 0, figure: int = 0, interval: int = 0) -> None:
    _add(ring, np.uint64(key), np.array([entity, figure, interval], np.int64))


def asked(ring: Ring, key: int, interval: int = 0, horizon: int = 0) -> tuple[int, bool]:
    place, is_full = _ask(ring, np.uint64(key), np.int64(interval), np.int64(horizon))
    return int(place), bool(is_full)


def figure(ring: Ring, key: int, interval: int = 0, horizon: int = 0) -> int | None:
    place, _ = asked(ring, key, interval, horizon)
    return None if place < 0 else int(ring.data[place, 1])


class RingMachine(RuleBasedStateMachine):
    """The last entries of a small ring, whose keys share heads."""

    def __init__(self) -> None:
        super().__init__()
        self.ring = make_ring(SIZE)
        self.added: list[list[int]] = []

    @rule(key=st.integers(1, 40), interval=st.integers(0, 9))
    def add(self, key: int, interval: int) -> None:
        put(self.ring, key, entity=key + 1, figure=len(self.added), interval=interval)
        self.added = [*self.added, [key, key + 1, len(self.added), interval]]

    @rule(key=st.integers(1, 40), interval=st.integers(0, 9))
    def take_out(self, key: int, interval: int) -> None:
        place, _ = asked(self.ring, key, interval, 9)
        if place >= 0:
            self.ring.keys[place] = 0
            newest = max(row for row, one in enumerate(self.added) if one[0] == key)
            self.added[newest][0] = 0

    @rule(factor=st.sampled_from([1, 2, 4]))
    def make_anew(self, factor: int) -> None:
        wider = remade(self.ring, SIZE * factor)
        assert held(wider) == held(self.ring)
        self.ring = remade(wider, SIZE)

    @rule(key=st.integers(1, 40), interval=st.integers(0, 9), horizon=st.integers(0, 9))
    def look(self, key: int, interval: int, horizon: int) -> None:
        newest = next((one for one in reversed(self.added[-SIZE:]) if one[0] == key), None)
        near = newest is not None and abs(interval - newest[3]) <= horizon
        assert figure(self.ring, key, interval, horizon) == (newest[2] if newest is not None and near else None)
        oldest = self.added[-SIZE] if len(self.added) >= SIZE else None
        needed = oldest is not None and oldest[0] != 0 and abs(interval - oldest[3]) <= horizon
        assert asked(self.ring, key, interval, horizon)[1] == needed

    @invariant()
    def it_holds_the_last(self) -> None:
        assert held(self.ring) == [one for one in self.added[-SIZE:] if one[0]]


def held(ring: Ring) -> list[list[int]]:
    """All entries but those that were taken out."""
    keys, data = entries(ring)
    return [[key, *row] for key, row in zip(keys.tolist(), data.tolist(), strict=True) if key]


TestRing = RingMachine.TestCase
TestRing.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)


def test_an_empty_ring_has_nothing_and_room() -> None:
    """Also for the key whose head is the first."""
    assert [asked(make_ring(SIZE), key) for key in (1, SIZE, 2 * SIZE)] == [(-1, False)] * 3


def test_the_newest_entry_of_a_key_counts() -> None:
    """Though an older one would be within the horizon."""
    ring = make_ring(SIZE)
    put(ring, 5, figure=1, interval=0)
    put(ring, 5, figure=2, interval=9)
    assert figure(ring, 5, 9, 1) == 2
    assert figure(ring, 5, 0, 1) is None


def test_a_chain_that_was_chosen_to_be_long_is_cut() -> None:
    """Looking costs the same for every key; what lies behind is not found."""
    size = 1024
    ring = make_ring(size)
    for number in range(LONGEST + 1):
        put(ring, 7 + 2 * size * number, figure=number)
    assert figure(ring, 7) is None
    assert figure(ring, 7 + 2 * size) == 1


@pytest.mark.parametrize("more", [0, 1, 3 * SIZE])
def test_filling_is_adding_one_by_one(more: int) -> None:
    """As after a restart, also past the size."""
    one, other = make_ring(SIZE), make_ring(SIZE)
    keys = np.arange(3, 3 + SIZE + more, dtype=np.uint64)
    data = np.arange(3 * len(keys), dtype=np.int32).reshape(-1, 3)
    fill(one, keys, data)
    for key, row in zip(keys.tolist(), data.tolist(), strict=True):
        put(other, key, entity=row[0], figure=row[1], interval=row[2])
    for mine, yours in zip(one, other, strict=True):
        assert np.asarray(mine).tolist() == np.asarray(yours).tolist()
