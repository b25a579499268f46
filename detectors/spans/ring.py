# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value"
# ruff: noqa: ANN001, ANN201
# numba infers the types.
"""The memory of a join: the last so many entries by key, the oldest leave first.

A ring holds the entries; those whose keys fall on the same head are chained from the newest back, as in LZ77. Adding
costs the same however full it is, nothing is ever moved, and a chain ends where the ring has gone over it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from detectors.wire.compiling import compiled, inner
from detectors.wire.hashing import Hashes

Longs = npt.NDArray[np.int64]
ENTITY, FIGURE, INTERVAL = range(3)
"""Columns of ``Ring.data``."""
LONGEST = 256
"""Entries of a chain that are looked at: keys can be chosen so that they fall on one head."""


class Ring(NamedTuple):
    """Entries of serial ``cursor[0] - size`` up to ``cursor[0] - 1``; entry ``n`` lies at ``n % size``."""

    keys: Hashes
    """0: taken out."""
    data: npt.NDArray[np.int32]
    """Shape (size, 3)."""
    back: Longs
    """Serial of the entry before it in its chain."""
    heads: Longs
    """Serial of the newest entry of each chain; twice as many as entries."""
    cursor: Longs
    """The next serial, from 1."""


def make_ring(size: int) -> Ring:
    """An empty ring; ``size`` must be a power of two."""
    return Ring(
        np.zeros(size, np.uint64),
        np.zeros((size, 3), np.int32),
        np.zeros(size, np.int64),
        np.zeros(2 * size, np.int64),
        np.ones(1, np.int64),
    )


@inner
def full(ring, interval, horizon):
    """Whether the next entry would go over one that is not older than the horizon."""
    serial, size = ring.cursor[0], len(ring.keys)
    slot = serial & (size - 1)
    return serial > size and ring.keys[slot] != 0 and abs(interval - ring.data[slot, INTERVAL]) <= horizon


@inner
def add(ring, key, entity, figure, interval):
    """Adds an entry."""
    serial = ring.cursor[0]
    slot = serial & (len(ring.keys) - 1)
    ring.keys[slot] = key
    ring.data[slot, ENTITY], ring.data[slot, FIGURE], ring.data[slot, INTERVAL] = entity, figure, interval
    head = np.int64(key & np.uint64(len(ring.heads) - 1))
    ring.back[slot] = ring.heads[head]
    ring.heads[head] = serial
    ring.cursor[0] = serial + 1


@inner
def find(ring, key, interval, horizon):
    """Place of the newest entry of a key that is within the horizon, -1 where there is none."""
    size = len(ring.keys)
    oldest = max(ring.cursor[0] - size, 1)
    serial = ring.heads[np.int64(key & np.uint64(len(ring.heads) - 1))]
    for _ in range(LONGEST):
        if serial < oldest:
            break
        slot = serial & (size - 1)
        if ring.keys[slot] == key:
            return slot if abs(interval - ring.data[slot, INTERVAL]) <= horizon else np.int64(-1)
        serial = ring.back[slot]
    return np.int64(-1)


@compiled
def fill(ring, keys, data):
    """Adds entries in their order, of which some may be taken out."""
    for row in range(len(keys)):
        head, serial = ring.heads[np.int64(keys[row] & np.uint64(len(ring.heads) - 1))], ring.cursor[0]
        add(ring, keys[row], data[row, ENTITY], data[row, FIGURE], data[row, INTERVAL])
        if keys[row] == 0:  # taken out: on no chain
            ring.heads[0] = head
            ring.back[serial & (len(ring.keys) - 1)] = 0


def entries(ring: Ring) -> tuple[Hashes, npt.NDArray[np.int32]]:
    """Keys and data of all entries, oldest first."""
    size, serial = len(ring.keys), int(ring.cursor[0])
    places = np.arange(max(serial - size, 1), serial) & (size - 1)
    return ring.keys[places], ring.data[places]


def remade(ring: Ring, size: int) -> Ring:
    """The same entries in a ring of another size, which must hold them."""
    made = make_ring(size)
    keys, data = entries(ring)
    made.cursor[0] = ring.cursor[0] - len(keys)
    fill(made, keys, data)
    return made
