# mypy: disable-error-code="no-untyped-def,arg-type,assignment"
# ruff: noqa: ANN001, ANN201, ANN202
# numba infers the types.
"""The compiled loops over the columns of an Arrow record: hashes of identities from codes, and what is wrong."""

from __future__ import annotations

import numpy as np

from aiops.model.deadletters import DeadLetterReason
from detectors.wire.batch import EARLIEST
from detectors.wire.compiling import compiled, inner
from detectors.wire.hashing import SEED, finish, mix

FAULTS = {
    1: DeadLetterReason.MISSING_FIELD,
    2: DeadLetterReason.SCHEMA_MISMATCH,
    3: DeadLetterReason.NOT_A_NUMBER,
    4: DeadLetterReason.NO_TIME,
    5: DeadLetterReason.BAD_TIME,
    6: DeadLetterReason.FAR_FUTURE,
    7: DeadLetterReason.UNSUPPORTED,
}
GAP = 99
_MISSING, _SCHEMA, _NUMBER, _NO_TIME, _BAD_TIME, _FUTURE, _UNSUPPORTED = range(1, 8)
_EARLIEST = EARLIEST
KINDS = 6
NOTHING = np.uint64(0x2545F4914F6CDD1D)
"""Where a sum begins, and the hash of a null."""


@inner
def of_column(hashed, column):
    """Hash of a text as a value of one of the columns of text.

    An identity's hash is the sum of its columns' (tabulation hashing, Carter and Wegman 1979): a row costs one look and
    one addition a column.
    """
    return finish(mix(hashed, np.uint64(column + 1)))


@inner
def of_kind(kind):
    """Hash of a kind as part of an identity's."""
    return finish(mix(SEED, np.uint64(kind)))


@inner
def _part(codes, hashes, row, column):
    """A column's part of the row's hash; with 0, or 1 for null and 2 for a code outside the dictionary."""
    if len(codes) == 0:
        return np.uint64(0), 0
    code = codes[row]
    if code < 0:
        return of_column(NOTHING, column), 1 if code == -1 else 2
    if code >= len(hashes):
        return np.uint64(0), 2
    return of_column(hashes[code], column), 0


@compiled
def fill(codes, hashes, kinds, out):
    """Hash and fault of every row; gives how many rows are faulty. Codes and hashes: entity, metric, and the rest."""
    entity, metric, attributes, unit, peer = codes
    entities, metrics, sets, units, peers = hashes
    hashed, faults = out
    faulty = 0
    for row in range(len(hashed)):
        first, bad = _part(entity, entities, row, 0)
        second, worse = _part(metric, metrics, row, 1)
        fault = max(bad, worse)
        third, bad = _part(attributes, sets, row, 2)
        if bad == 2:
            fault = 2
        fourth, bad = _part(unit, units, row, 3)
        if bad == 2:
            fault = 2
        fifth, bad = _part(peer, peers, row, 4)
        if bad == 2:
            fault = 2
        state = NOTHING + first + second + third + fourth + fifth
        if len(kinds):
            state += of_kind(kinds[row])
            if kinds[row] >= KINDS and fault == 0:
                fault = _UNSUPPORTED
        hashed[row] = max(state, np.uint64(1))  # 0 marks an empty place in the index
        faults[row] = fault
        faulty += fault != 0
    return faulty


@compiled
def plain_times(at, value, latest):
    """Whether ``time_faults`` would find nothing; without a branch, so that it is compiled to vectors."""
    faulty = False
    for row in range(len(at)):
        faulty |= (at[row] > latest) | (at[row] < _EARLIEST) | ((value[row] - value[row]) != 0.0)
    return not faulty


@compiled
def time_faults(at, value, latest, faults):
    """Adds what is wrong with times and values of rows without a fault; gives how many."""
    faulty = 0
    for row in range(len(at)):
        fault = 0
        if not np.isfinite(value[row]):
            fault = _NUMBER
        elif at[row] == 0:
            fault = _NO_TIME
        elif at[row] > latest:
            fault = _FUTURE
        elif at[row] < _EARLIEST:
            fault = _BAD_TIME
        if fault != 0 and faults[row] == 0:
            faults[row] = fault
            faulty += 1
    return faulty
