# mypy: disable-error-code="no-untyped-def,assignment,arg-type,return-value"
# ruff: noqa: ANN001, ANN202
# numba infers the types.
"""Counts by a packed key in open addressing: what is added per call, and taken out when an interval closes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detectors.wire.compiling import compiled, inner
from detectors.wire.hashing import Hashes, finish

Longs = npt.NDArray[np.int64]
_LEAST = 1024


@inner
def _place(slots, key):
    """Where a key is or belongs."""
    mask = np.uint64(len(slots) - 1)
    place = finish(key) & mask
    while slots[place] != 0 and slots[place] != key:
        place = (place + np.uint64(1)) & mask
    return place


@compiled
def _add(slots, counts, keys, amounts):
    """Adds amounts (n, 2) at keys; gives how many keys are new."""
    fresh = 0
    for row in range(len(keys)):
        place = _place(slots, keys[row])
        if slots[place] == 0:
            slots[place] = keys[row]
            counts[place, 0], counts[place, 1] = 0, 0
            fresh += 1
        counts[place, 0] += amounts[row, 0]
        counts[place, 1] += amounts[row, 1]
    return fresh


class Tally:
    """Two sums for each key, which must not be 0; doubled when it is half full."""

    def __init__(self) -> None:
        self._clear(_LEAST)

    def _clear(self, size: int) -> None:
        self._slots = np.zeros(size, np.uint64)
        self._counts = np.empty((size, 2), np.int64)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, keys: Hashes, amounts: Longs) -> None:
        """Adds to both sums of each key; ``amounts`` has shape (n, 2)."""
        if 2 * (self._size + len(keys)) > len(self._slots):
            self._rebuild(*self.entries(), self._size + len(keys))
        self._size += _add(self._slots, self._counts, keys, amounts)

    def _rebuild(self, keys: Hashes, counts: Longs, room: int) -> None:
        self._clear(max(_LEAST, 1 << (2 * room - 1).bit_length()))
        self._size = _add(self._slots, self._counts, keys, counts)

    def entries(self) -> tuple[Hashes, Longs]:
        """All keys, in rising order, and their sums."""
        filled = np.flatnonzero(self._slots)
        filled = filled[np.argsort(self._slots[filled])]
        return self._slots[filled], self._counts[filled]

    def take(self, below: int) -> tuple[Hashes, Longs]:
        """Takes out the keys below a number, in rising order, and their sums."""
        keys, counts = self.entries()
        end = int(np.searchsorted(keys, np.uint64(below)))
        if end:
            self._rebuild(keys[end:], counts[end:], len(keys) - end)
        return keys[:end], counts[:end]

    def replace(self, keys: Hashes, counts: Longs) -> None:
        """Holds these keys and no others."""
        self._rebuild(keys, counts, len(keys))
