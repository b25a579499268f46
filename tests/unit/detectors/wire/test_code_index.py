"""The compiled index from codes to numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.wire import code_index


def codes_of(number: int) -> list[int]:
    return [number % 3, number, 0, 0, -1, 1]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 60)), max_size=120))
@settings(max_examples=60, deadline=None)
def test_the_index_is_a_dict(steps: list[tuple[bool, int]]) -> None:
    """In 128 slots that are nearly half full, entries that come and go leave nothing behind."""
    slots, table = np.zeros(128, np.int32), np.array([codes_of(number) for number in range(61)], np.int32)
    held = set[int]()
    for comes, number in steps:
        one = np.array([number], np.int32)
        if comes and number not in held:
            code_index.fill(slots, table, one)
            held.add(number)
        elif not comes:
            code_index.remove(slots, table, one)
            held.discard(number)
    found = np.empty(len(table), np.int32)
    code_index.find(slots, table, table, found)
    assert found.tolist() == [number if number in held else -1 for number in range(61)]
    assert np.count_nonzero(slots) == len(held)


def test_numbers_are_given_in_their_order_while_there_are_some() -> None:
    """A known row takes none; the limit is told before the quota."""
    slots, table = np.zeros(1024, np.int32), np.full((8, 6), -1, np.int32)
    places = code_index.Places(table, np.array([5, 2, 7], np.int32), np.zeros(3, np.int32), 2)
    out = np.empty(7, np.int32)
    rows = np.array([codes_of(number) for number in (0, 3, 0, 6, 1, 2, 9)], np.int32)
    assert code_index.admit(slots, places, rows, out) == 3
    limit, quota = code_index.OVER_LIMIT, code_index.OVER_QUOTA
    assert out.tolist() == [5, 2, 5, quota, 7, limit, limit]
    assert places.held.tolist() == [2, 1, 0]


def test_the_slots_are_at_most_half_full() -> None:
    """A power of two, as the mask needs."""
    rooms = {entries: code_index.room_for(entries) for entries in (0, 1, 512, 513, 100_000)}
    assert rooms == {0: 1024, 1: 1024, 512: 1024, 513: 2048, 100_000: 262_144}
