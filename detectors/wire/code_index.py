# mypy: disable-error-code="no-untyped-def,arg-type,assignment"
# ruff: noqa: ANN001, ANN201, ANN202
# numba infers the types.
"""The compiled index from the codes of an identity to the number of its series.

Places hold a number plus 1; 0 is an empty place. A place is found by a hash of the six codes and taken only when all
codes are equal, so two identities are never one series, whatever their hashes are. Linear probing; removal shifts
later entries back (Knuth, The Art of Computer Programming 3, algorithm R of 6.4), so nothing is left behind.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.wire.compiling import compiled, inner
from detectors.wire.hashing import SEED, finish, mix

Numbers = npt.NDArray[np.int32]
OVER_LIMIT, OVER_QUOTA = -2, -5


class Places(NamedTuple):
    """Where new series go."""

    table: Numbers
    """Codes of each series, (capacity, 6)."""
    numbers: Numbers
    """Numbers that may be given, in this order."""
    held: Numbers
    """How many series each entity has, by its code."""
    quota: int
    """How many an entity may have."""


@inner
def _hash(codes, row):
    state = SEED
    for column in range(codes.shape[1]):
        state = mix(state, np.uint64(np.int64(codes[row, column])))
    return finish(state)


@inner
def _place(slots, table, codes, row):
    """Place of the row's codes, or the empty place where they would go."""
    mask = np.int64(len(slots) - 1)
    place = np.int64(_hash(codes, row) & np.uint64(mask))
    while slots[place] != 0:
        number = slots[place] - 1
        same = True
        for column in range(codes.shape[1]):
            same &= table[number, column] == codes[row, column]
        if same:
            break
        place = (place + 1) & mask
    return place


@compiled
def find(slots, table, codes, out):
    """Writes the number of each row of codes; -1 where there is none."""
    for row in range(len(codes)):
        out[row] = slots[_place(slots, table, codes, row)] - 1


@compiled
def admit(slots, places, codes, out):
    """Writes the number of each row of codes, new ones in order; how many numbers were given.

    There must be room: at most half of the slots may be in use afterwards.
    """
    table, given = places.table, np.int64(0)
    for row in range(len(codes)):
        place = _place(slots, table, codes, row)
        if slots[place] != 0:
            out[row] = slots[place] - 1
            continue
        if given == len(places.numbers):
            out[row] = OVER_LIMIT
            continue
        entity = codes[row, 0]
        if places.held[entity] >= places.quota:
            out[row] = OVER_QUOTA
            continue
        number = places.numbers[given]
        given += 1
        for column in range(codes.shape[1]):
            table[number, column] = codes[row, column]
        slots[place] = number + 1
        places.held[entity] += 1
        out[row] = number
    return given


@compiled
def fill(slots, table, numbers):
    """Puts series with their codes in the table into the slots; they must not be there yet."""
    for at in range(len(numbers)):
        slots[_place(slots, table, table, numbers[at])] = numbers[at] + 1


@compiled
def remove(slots, table, numbers):
    """Removes series whose codes still stand in the table."""
    mask = np.int64(len(slots) - 1)
    for at in range(len(numbers)):
        hole = _place(slots, table, table, numbers[at])
        if slots[hole] == 0:
            continue
        after = (hole + 1) & mask
        while slots[after] != 0:
            home = np.int64(_hash(table, slots[after] - 1) & np.uint64(mask))
            if ((after - home) & mask) >= ((after - hole) & mask):
                slots[hole] = slots[after]
                hole = after
            after = (after + 1) & mask
        slots[hole] = 0


def room_for(entries: int) -> int:
    """How many slots so many entries need: a power of two, at most half full."""
    return max(1024, 1 << (2 * max(entries, 1) - 1).bit_length())
