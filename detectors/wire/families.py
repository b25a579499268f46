# mypy: disable-error-code="no-untyped-def,arg-type,assignment"
# ruff: noqa: ANN001
# numba infers the types of the compiled functions.
"""Families of series, and the members that teach new ones.

Siblings have the same entity, metric, unit, peer, kind and attributes, but for the attributes that tell instances of a
service apart (a pod, a host, a process). Of each family the three members with the most points teach. They are elected
when series are reclaimed, so what a new series is taught does not depend on how the input is cut into polls.
"""

from __future__ import annotations

import re
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from detectors.wire.compiling import compiled
from detectors.wire.hashing import SEED, Hashes, finish, mix
from detectors.wire.series import SeriesTable
from detectors.wire.series_rows import Arrays, Numbers

TEACHERS = 3
_INSTANCE = re.compile(
    r'"(?:resource\.)?(?:service\.instance\.id|host\.(?:name|id)|k8s\.(?:pod|replicaset|job)\.(?:name|uid|ip)'
    r'|k8s\.node\.(?:name|uid)|container\.id|process\.pid|instance|pod)":"(?:[^"\\]|\\.)*",?'
)
"""An attribute that tells instances apart, in ``attributes_text``."""
_ATTRIBUTES = 2
_NONE = np.uint64(0)


class Families:
    """Families of one table's series."""

    def __init__(self, table: SeriesTable) -> None:
        self._table = table
        self._family = np.zeros(0, np.uint64)
        """By series, the hash of its family; 0: it has none."""
        self._elected = np.empty(0, np.uint64)
        """Families with teachers, sorted."""
        self._teachers = np.empty((0, TEACHERS), np.int32)

    def join(self, series: Numbers) -> npt.NDArray[np.int32]:
        """Adds new series; (n, TEACHERS) the numbers of their teachers plus 1, 0 where there is none."""
        size = len(self._table)
        if size > len(self._family):
            self._family = np.concatenate([self._family, np.zeros(max(size, 1024), np.uint64)])
        found = self._hashes(series)
        self._family[series] = found
        out = np.zeros((len(series), TEACHERS), np.int32)
        if len(self._elected):
            place = np.minimum(np.searchsorted(self._elected, found), len(self._elected) - 1)
            known = (self._elected[place] == found) & (found != _NONE)
            out[known] = self._teachers[place[known]]
        return out

    def _hashes(self, series: Numbers) -> Hashes:
        codes = self._table.codes[series]
        sets, back = np.unique(codes[:, _ATTRIBUTES], return_inverse=True)
        shared = np.array([_shared(self._table.word(code)) for code in sets.tolist()], np.uint64)
        out = np.zeros(len(series), np.uint64)
        _mix_codes(np.ascontiguousarray(codes), shared[back.reshape(-1)], out)
        return out

    def forget(self, series: Numbers) -> None:
        """Removes series that are reclaimed; their teaching ends with the next election."""
        self._family[series] = _NONE

    def elect(self, points: npt.NDArray[np.uint32], least: int) -> None:
        """Chooses the teachers of each family: the members with the most points, at least ``least``, two or more.

        Args:
            points: (series,) how many points each series has learned.
            least: a teacher has at least so many.
        """
        family = self._family[: len(points)]
        able = int(np.count_nonzero((points >= least) & (family != _NONE)))
        slots = np.zeros(max(1024, 1 << (2 * max(able, 1) - 1).bit_length()), np.uint64)
        teachers = np.zeros((len(slots), TEACHERS), np.int32)
        _elect(family, points, np.uint32(least), (slots, teachers))
        kept = np.flatnonzero(teachers[:, 1] > 0)
        kept = kept[np.argsort(slots[kept])]
        self._elected, self._teachers = slots[kept], teachers[kept]

    def to_arrays(self) -> Arrays:
        """State for a snapshot."""
        return {"elected": self._elected.copy(), "teachers": self._teachers.copy()}

    def restore(self, arrays: Arrays) -> None:
        """Becomes what ``to_arrays`` was called on; the table must be restored."""
        self.join(np.flatnonzero(self._table.entity >= 0).astype(np.int32))
        self._elected = arrays["elected"].astype(np.uint64)
        self._teachers = arrays["teachers"].astype(np.int32).reshape(-1, TEACHERS)


def _shared(attributes: str) -> int:
    """Hash of the attributes that siblings share; 0 where none of them tells instances apart."""
    shared, found = _INSTANCE.subn("", attributes)
    return int.from_bytes(blake2b(shared.encode(), digest_size=8).digest(), "little") | 1 if found else 0


@compiled
def _mix_codes(codes, shared, out) -> None:
    for row in range(len(codes)):
        if shared[row] == np.uint64(0):
            continue
        state = mix(SEED, shared[row])
        for column in range(codes.shape[1]):
            if column != _ATTRIBUTES:
                state = mix(state, np.uint64(np.int64(codes[row, column])))
        out[row] = finish(state)


@compiled
def _elect(family, points, least, out) -> None:
    """Fills slots and teachers (numbers plus 1), those with more points first; of equals the lower number."""
    slots, teachers = out
    mask = np.int64(len(slots) - 1)
    for number in range(len(family)):
        if family[number] == np.uint64(0) or points[number] < least:
            continue
        place = np.int64(family[number] & np.uint64(mask))
        while slots[place] != np.uint64(0) and slots[place] != family[number]:
            place = (place + 1) & mask
        slots[place] = family[number]
        held = number + 1
        for rank in range(teachers.shape[1]):
            other = teachers[place, rank]
            if other == 0 or points[held - 1] > points[other - 1]:
                teachers[place, rank] = held
                held = other
                if held == 0:
                    break
