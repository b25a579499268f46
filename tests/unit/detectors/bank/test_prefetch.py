from __future__ import annotations

import numba
import numpy as np
import pytest

from detectors.bank.layout import ROW
from detectors.bank.prefetch import prefetch_row


@numba.njit
def _sum_ahead(array, order):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 (compiled)
    total = 0.0
    for place in range(len(order)):
        if place + 1 < len(order):
            prefetch_row(array, order[place + 1])
        total += array[order[place]]
    return total


def test_uncompiled_it_does_nothing() -> None:
    """Not even with an index that is none: the plain functions can be called by tests."""
    rows = np.zeros(2, dtype=ROW)
    before = rows.tobytes()
    prefetch_row(rows, 10**9)
    assert rows.tobytes() == before


@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_compiled_it_changes_nothing(index: type[np.signedinteger]) -> None:
    """The same sum and the same array, for both kinds of index."""
    array = np.arange(1000, dtype=np.float64)
    order = np.random.default_rng(1).permutation(1000).astype(index)
    assert _sum_ahead(array, order) == array.sum()
    assert array.tolist() == list(range(1000))
