"""The rows of a table of series: codes of each identity by number, numbers that are free, and how many an entity has.

Rows are reused through the list of free numbers, lowest first, and never moved.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from detectors.turns import NO_SHARE, Share
from detectors.wire import code_index
from detectors.wire.changes import ChangeLog

Numbers = npt.NDArray[np.int32]
Arrays = dict[str, npt.NDArray[Any]]
FREE = -1
"""All codes of a row without a series."""
COLUMNS = 6


class SeriesRows:
    """Identities as codes.

    Args:
        limit: how many there may be.
        quota: how many of them an entity may have.
    """

    def __init__(self, limit: int, quota: int) -> None:
        self.limit, self.quota = limit, quota
        self.size = 0
        """One more than the highest number that was given."""
        self.changes = ChangeLog()
        """Numbers whose row or aliases changed."""
        self._codes = np.full((1024, COLUMNS), FREE, np.int32)
        self._free = np.empty(0, np.int32)
        """Numbers below ``size`` without a series, sorted."""
        self._held = np.zeros(1024, np.int32)
        """By entity, how many series it has."""
        self._slots = np.zeros(1024, np.int32)

    @property
    def live(self) -> int:
        """How many series there are."""
        return self.size - len(self._free)

    @property
    def capacity(self) -> int:
        """How many rows there is room for without growing."""
        return len(self._codes)

    @property
    def codes(self) -> Numbers:
        """(size, 6) entity, metric, attributes, unit, peer, kind; a view."""
        return self._codes[: self.size]

    def held(self, entity: int) -> int:
        """How many series an entity has."""
        return int(self._held[entity]) if 0 <= entity < len(self._held) else 0

    def crowded(self) -> Numbers:
        """Codes of the entities that have as many series as they may."""
        return np.flatnonzero(self._held >= self.quota).astype(np.int32)

    def is_full(self, entity: int = FREE) -> bool:
        """Whether no series may come, or none of an entity."""
        return self.live >= self.limit or self.held(entity) >= self.quota

    def find(self, codes: Numbers) -> Numbers:
        """Number of each row of codes; -1 where there is none."""
        found = np.empty(len(codes), np.int32)
        code_index.find(self._slots, self._codes, np.ascontiguousarray(codes), found)
        return found

    def admit(self, codes: Numbers) -> tuple[Numbers, Numbers]:
        """Number of each row of codes, or a refusal; and the numbers that are new, in their order."""
        highest = int(codes[:, 0].max(initial=-1)) + 1
        if highest > len(self._held):
            self._held = np.concatenate([self._held, np.zeros(highest, np.int32)])
        numbers = self._numbers(len(codes))
        out = np.empty(len(codes), np.int32)
        places = code_index.Places(self._codes, numbers, self._held, self.quota)
        given = int(code_index.admit(self._slots, places, np.ascontiguousarray(codes), out))
        new = numbers[:given].copy()
        if given:
            self._free = self._free[given:]
            self.size = max(self.size, int(new[-1]) + 1)
            self.changes.extend(new)
        return out, new

    def _numbers(self, wanted: int) -> Numbers:
        """Numbers for so many new series, as far as the limit allows, with room for them."""
        wanted = min(wanted, max(0, self.limit - self.live))
        beyond = max(0, wanted - len(self._free))
        self._reserve(self.size + beyond)
        fresh = np.arange(self.size, self.size + beyond, dtype=np.int32)
        return np.concatenate([self._free[:wanted], fresh])

    def _reserve(self, size: int) -> None:
        if size > len(self._codes):
            grown = np.full((max(size, 2 * len(self._codes)), COLUMNS), FREE, np.int32)
            grown[: self.size] = self.codes
            self._codes = grown
        if 2 * size > len(self._slots):
            self._slots = np.zeros(code_index.room_for(size), np.int32)
            code_index.fill(self._slots, self._codes, self._taken(np.arange(self.size, dtype=np.int32)))

    def _taken(self, numbers: Numbers) -> Numbers:
        """Those of some numbers that have a series."""
        taken: Numbers = numbers[self._codes[numbers, 0] >= 0]
        return taken

    def reclaim(self, numbers: Numbers) -> Numbers:
        """Frees rows, sorted and each once; the codes that they had."""
        codes: Numbers = self._codes[numbers]
        code_index.remove(self._slots, self._codes, numbers)
        self._codes[numbers] = FREE
        np.subtract.at(self._held, codes[:, 0], np.int32(1))
        self._free = np.union1d(self._free, numbers).astype(np.int32)
        self.changes.extend(numbers)
        return codes

    # ------------------------------------------------------------------------------------------------ snapshots

    def since(self, position: int, share: Share = NO_SHARE) -> Arrays:
        """The rows that changed after a position of ``changes``, 0: all rows; and those of a share of the numbers."""
        numbers = self.changes.since(position) if position else np.arange(self.size, dtype=np.int32)
        if share != NO_SHARE:
            numbers = np.union1d(numbers, np.arange(*share, dtype=np.int32))
        return {"numbers": numbers, "codes": self._codes[numbers]}

    def extend(self, arrays: Arrays) -> tuple[Numbers, Numbers]:
        """Applies what ``since`` of another table gave: the codes that rows lost, and those that they got."""
        numbers, codes = arrays["numbers"].astype(np.int32), arrays["codes"].astype(np.int32)
        self._reserve(max(self.size, int(numbers.max(initial=-1)) + 1))
        before = self._taken(numbers)
        lost: Numbers = self._codes[before]
        code_index.remove(self._slots, self._codes, before)
        self._codes[numbers] = codes
        self.size = max(self.size, int(numbers.max(initial=-1)) + 1)
        code_index.fill(self._slots, self._codes, self._taken(numbers))
        owners = self.codes[:, 0]
        self._free = np.flatnonzero(owners < 0).astype(np.int32)
        self._held = np.bincount(owners[owners >= 0], minlength=1024).astype(np.int32)
        return lost, codes[codes[:, 0] >= 0]
