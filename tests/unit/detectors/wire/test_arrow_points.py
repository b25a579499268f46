"""The loops over the columns of Arrow records: hashes from codes, and what is wrong with rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.wire.arrow_points import FAULTS, KINDS, NOTHING, fill, of_column, of_kind, plain_times, time_faults
from detectors.wire.batch import EARLIEST
from detectors.wire.compiling import compiled
from detectors.wire.tape import REASONS

LATEST = 2 * EARLIEST
TIMES = st.one_of(
    st.sampled_from([0, 1, EARLIEST - 1, EARLIEST, LATEST, LATEST + 1, -1, -(2**63), 2**63 - 1]),
    st.integers(EARLIEST, LATEST),
)
VALUES = st.one_of(st.floats(), st.floats(-9, 9))
CODES = st.integers(-2, 4)


@compiled
def _parts(hashed, kind, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 (numba infers them)
    for column in range(5):
        out[column] = of_column(hashed, column)
    out[5] = of_kind(kind)


def parts(hashed: int, kind: int = 0) -> list[int]:
    """A hash as that of each column of text, and of a kind."""
    out = np.zeros(6, np.uint64)
    _parts(np.uint64(hashed), np.uint8(kind), out)
    return out.tolist()


def filled(codes: list[list[int]], sizes: list[int], kinds: list[int]) -> tuple[list[int], list[int], int]:
    """Hashes, faults and the number of faulty rows; string ``n`` of a column has the hash ``100 * column + n``."""
    columns = tuple(np.array(column, np.int32) for column in codes)
    hashes = tuple(np.arange(100 * place, 100 * place + size, dtype=np.uint64) for place, size in enumerate(sizes))
    rows = len(codes[0])
    out = np.zeros(rows, np.uint64), np.zeros(rows, np.uint8)
    faulty = fill(columns, hashes, np.array(kinds, np.uint8), out)
    return out[0].tolist(), out[1].tolist(), int(faulty)


@settings(deadline=None)  # the first call compiles
@given(st.lists(st.tuples(TIMES, VALUES), max_size=8))
def test_times_and_values_are_plain_where_nothing_is_wrong(points: list[tuple[int, float]]) -> None:
    """Both loops agree, and each row has the first fault that it has."""
    at, value = np.array([p[0] for p in points], np.int64), np.array([p[1] for p in points], np.float64)
    faults = np.zeros(len(points), np.uint8)
    count = time_faults(at, value, np.int64(LATEST), faults)
    assert [FAULTS[fault].value if fault else None for fault in faults.tolist()] == [_fault(*point) for point in points]
    assert count == np.count_nonzero(faults)
    assert plain_times(at, value, np.int64(LATEST)) == (count == 0)


def _fault(at: int, value: float) -> str | None:
    names = {reason.name: reason.value for reason in REASONS}
    if not math.isfinite(value):
        return names["NOT_A_NUMBER"]
    if at == 0:
        return names["NO_TIME"]
    if at > LATEST:
        return names["FAR_FUTURE"]
    return names["BAD_TIME"] if at < EARLIEST else None


def test_a_row_keeps_the_fault_that_it_has() -> None:
    """A row is one dead letter, for one reason."""
    faults = np.array([2, 0], np.uint8)
    assert time_faults(np.array([0, 0]), np.array([1.0, 1.0]), np.int64(LATEST), faults) == 1
    assert faults.tolist()[0] == 2


@settings(deadline=None)
@given(
    st.lists(st.tuples(CODES, CODES, CODES, CODES, CODES, st.integers(0, KINDS)), min_size=1, max_size=6), st.booleans()
)
def test_the_hash_of_a_row_is_the_sum_of_its_parts(rows: list[Any], kinded: bool) -> None:  # noqa: FBT001
    """Columns count by what they are, so two columns with the same text do not cancel out."""
    columns = [[row[place] for row in rows] for place in range(5)]
    kinds = [row[5] for row in rows] if kinded else []
    hashed, faults, faulty = filled(columns, [3] * 5, kinds)
    for row, found, fault in zip(rows, hashed, faults, strict=True):
        codes = row[:5]
        outside = any(code < -1 or code >= 3 for code in codes)
        missing = codes[0] == -1 or codes[1] == -1
        unknown = kinded and row[5] >= KINDS
        expected = 2 if outside else 1 if missing else 7 if unknown else 0
        assert fault == expected
        if not outside:
            wanted = int(NOTHING) + sum(
                parts(int(NOTHING) if code == -1 else 100 * place + code)[place] for place, code in enumerate(codes)
            )
            wanted += parts(0, row[5])[5] if kinded else 0
            assert found == max(wanted % 2**64, 1)
    assert faulty == sum(fault != 0 for fault in faults)


def test_a_column_that_is_absent_adds_nothing() -> None:
    """A record without units has the series of one whose schema never had them."""
    one, _, _ = filled([[0], [1], [], [], []], [2, 2, 0, 0, 0], [])
    assert one == [(int(NOTHING) + parts(0)[0] + parts(101)[1]) % 2**64]


def test_columns_are_told_apart() -> None:
    """Entity and metric of the same text change places, and the series is another."""
    assert len({*parts(7)[:5], *parts(8)[:5]}) == 10
    assert len({parts(0, kind)[5] for kind in range(KINDS)}) == KINDS


@pytest.mark.parametrize("number", sorted(FAULTS))
def test_every_fault_is_a_reason_of_a_dead_letter(number: int) -> None:
    """By its number in the loops."""
    assert FAULTS[number] in REASONS
