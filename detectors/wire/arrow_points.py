# mypy: disable-error-code="no-untyped-def,arg-type,assignment"
# ruff: noqa: ANN001, ANN201, ANN202
# numba infers the types.
"""The compiled loops over the columns of an Arrow record: hashes of identities from codes, and what is wrong."""

from __future__ import annotations

import numpy as np
from numba import njit

from aiops.model.deadletters import DeadLetterReason
from detectors.wire.batch import EARLIEST
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
_KINDS = 6
_NOTHING = np.uint64(0x2545F4914F6CDD1D)


@njit(cache=True, nogil=True, forceinline=True)
def _fold(state, codes, hashes, row):
    """Folds one column of text into the state; gives 0, or 1 for null and 2 for a code outside the dictionary."""
    if len(codes) == 0:
        return state, 0
    code = codes[row]
    if code < 0:
        return mix(state, _NOTHING), 1 if code == -1 else 2
    if code >= len(hashes):
        return state, 2
    return mix(state, hashes[code]), 0


@njit(cache=True, nogil=True)
def fill(codes, hashes, kinds, out):
    """Hash and fault of every row; gives how many rows are faulty. Codes and hashes: entity, metric, and the rest."""
    entity, metric, attributes, unit, peer = codes
    entities, metrics, sets, units, peers = hashes
    hashed, faults = out
    faulty = 0
    for row in range(len(hashed)):
        state, bad = _fold(SEED, entity, entities, row)
        state, worse = _fold(state, metric, metrics, row)
        fault = max(bad, worse)
        state, bad = _fold(state, attributes, sets, row)
        if bad == 2:
            fault = 2
        state = mix(state, np.uint64(1))
        state, bad = _fold(state, unit, units, row)
        if bad == 2:
            fault = 2
        state = mix(state, np.uint64(2))
        state, bad = _fold(state, peer, peers, row)
        if bad == 2:
            fault = 2
        if len(kinds):
            state = mix(state, np.uint64(kinds[row]) + np.uint64(3))
            if kinds[row] >= _KINDS and fault == 0:
                fault = _UNSUPPORTED
        hashed[row] = finish(state)
        faults[row] = fault
        faulty += fault != 0
    return faulty


@njit(cache=True, nogil=True)
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
