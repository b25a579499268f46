# mypy: disable-error-code="no-untyped-def,arg-type,assignment"
# ruff: noqa: ANN001
# numba infers the types of the compiled function.
"""The cache in front of the table: from the hash of raw bytes, as some sender writes a series, to the series' number.

A series may be written in several ways (another order of attributes, another ``service.version``), and each is an
alias. It has room for four; a fifth is not kept, and its points are read slowly until ``refresh``. That gives up all
aliases of the series that have more than one, and those that are in use come back with their next point. So aliases are
bounded by the series, and a deployment leaves nothing behind. Nothing here depends on how the input is cut into polls.

Hashes whose series is refused are kept beside them until the next ``reset_refused``; they are not part of a snapshot.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detectors.wire.compiling import compiled
from detectors.wire.hashing import Hashes, HashIndex, look_up

Numbers = npt.NDArray[np.int32]
MORE = 3
"""Aliases of a series beside its first."""
_MOST_REFUSED = 65_536
_NONE = np.uint64(0)


class Aliases:
    """Aliases of one table's series."""

    def __init__(self) -> None:
        self.refused = HashIndex()
        self._index = HashIndex()
        self._first = np.zeros(1024, np.uint64)
        """First alias of each series; 0: none."""
        self._more = np.zeros((1024, MORE), np.uint64)

    def __len__(self) -> int:
        return len(self._index)

    def index(self, size: int) -> tuple[Hashes, Hashes]:
        """What ``look_up`` takes, of the first ``size`` series."""
        return self._index.slots, self._first[:size]

    def find(self, hashes: Hashes, size: int) -> Numbers:
        """Series of each hash; -1 where the hash is new, another number below 0 where its series was refused."""
        found = np.empty(len(hashes), np.int32)
        if look_up(self.index(size), hashes, found) < 0 and len(self.refused):
            missing = np.flatnonzero(found < 0)
            found[missing] = self.refused.find(hashes[missing])
        return found

    def remember(self, hashes: Hashes, series: Numbers) -> Numbers:
        """Keeps new hashes, each once, with their series or refusal; gives the series that got one."""
        taken = series >= 0
        if not taken.all():
            self._refuse(hashes[~taken], series[~taken])
            hashes, series = hashes[taken], series[taken]
        kept = np.empty(len(hashes), np.bool_)
        _keep(self._first, self._more, hashes, series, kept)
        if not kept.all():
            hashes, series = hashes[kept], series[kept]
        self._index.insert(hashes, series)
        return series

    def _refuse(self, hashes: Hashes, refusals: Numbers) -> None:
        if len(self.refused) + len(hashes) > _MOST_REFUSED:
            self.reset_refused()
        self.refused.insert(hashes[:_MOST_REFUSED], refusals[:_MOST_REFUSED])

    def reset_refused(self) -> None:
        """Lets refused series be asked for again: there may be room."""
        self.refused = HashIndex()

    def reserve(self, capacity: int) -> None:
        """Makes room for so many series."""
        more = capacity - len(self._first)
        if more > 0:
            self._first = np.concatenate([self._first, np.zeros(more, np.uint64)])
            self._more = np.concatenate([self._more, np.zeros((more, MORE), np.uint64)])

    def drop(self, series: Numbers) -> None:
        """Gives up all aliases of these series."""
        hashes = np.concatenate([self._first[series], self._more[series].reshape(-1)])
        self._index.remove(hashes[hashes != _NONE])
        self._first[series] = _NONE
        self._more[series] = _NONE

    def refresh(self, series: Numbers) -> Numbers:
        """Gives up all aliases of those of these series that have more than one; gives these series."""
        several: Numbers = series[self._more[series, 0] != _NONE]
        self.drop(several)
        return several

    def of(self, series: Numbers) -> tuple[Hashes, Numbers]:
        """All aliases of some series, each series' in the order in which they came, and the series of each."""
        hashes = np.column_stack([self._first[series], self._more[series]])
        there = hashes != _NONE
        return hashes[there], np.repeat(series, there.sum(axis=1))


@compiled
def _keep(first, more, hashes, series, kept) -> None:
    """Writes hashes to their series, and whether there was room."""
    for row in range(len(hashes)):
        number, hashed = series[row], hashes[row]
        kept[row] = True
        if first[number] == np.uint64(0):
            first[number] = hashed
            continue
        place = 0
        while place < more.shape[1] and more[number, place] != np.uint64(0):
            place += 1
        if place < more.shape[1]:
            more[number, place] = hashed
        else:
            kept[row] = False
