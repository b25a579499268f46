from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops.jit.compiling import cached_njit
from detectors.bank.short_floats import ERROR, MOST, pack, unpack, unpack_all

LEAST = 2.0**-30
RANGE = st.floats(LEAST, MOST) | st.floats(-MOST, -LEAST)


@given(RANGE)
def test_the_error_is_bounded_by_a_share_of_the_distance(distance: float) -> None:
    """0.12 % between 2^-30 and the largest, of both signs; the least distance may become 0."""
    found = unpack(pack(distance))
    assert abs(found - distance) <= max(ERROR * abs(distance), LEAST * 1.001 if abs(distance) < LEAST * 1.002 else 0.0)


def test_the_bound_is_what_the_documentation_says() -> None:
    """And it is reached: no smaller one would do."""
    worst = max(abs(unpack(pack(x)) / x - 1.0) for x in np.linspace(1.0, 1.01, 10_001).tolist())
    assert 0.95 * ERROR < worst <= ERROR < 0.00123


@given(st.floats(-MOST, MOST), st.floats(-MOST, MOST))
def test_order_is_kept(one: float, other: float) -> None:
    """A larger value never reads as a smaller one."""
    low, high = sorted((one, other))
    assert unpack(pack(low)) <= unpack(pack(high))


@given(RANGE)
def test_what_was_read_is_stored_exactly(distance: float) -> None:
    """A mean that is packed twice loses nothing the second time."""
    code = pack(distance)
    assert pack(unpack(code)) in {code, abs(code)}  # -0.0 reads as 0.0


@pytest.mark.parametrize(
    ("distance", "found"),
    [(0.0, 0.0), (-0.0, 0.0), (1e-12, 0.0), (-1e-12, 0.0), (1e30, MOST), (-1e30, -MOST), (2.0**50, MOST)],
)
def test_what_is_out_of_range_is_cut(distance: float, found: float) -> None:
    """Nothing overflows, and nothing is taken for no value."""
    assert pack(distance) != 0
    assert unpack(pack(distance)) == pytest.approx(found, rel=ERROR)


def test_zeroed_memory_has_no_values() -> None:
    """Code 0 reads as NaN, and no distance has it."""
    assert np.isnan(unpack_all(np.zeros(3, np.int16))).all()


@given(st.lists(st.integers(-32_767, 32_767).filter(bool), min_size=1))
def test_an_array_reads_as_its_codes_do(codes: list[int]) -> None:
    """One by one and together, and a code fits 16 bits."""
    found = unpack_all(np.array(codes, np.int16))
    assert found.tolist() == [unpack(code) for code in codes]


def test_compiled_and_plain_functions_agree() -> None:
    """To the last bit, over eighteen orders of magnitude."""

    @cached_njit(_nrt=False)
    def all_packed(distances: np.ndarray, codes: np.ndarray, back: np.ndarray) -> None:
        for place in range(len(distances)):
            codes[place] = pack(distances[place])
            back[place] = unpack(codes[place])

    rng = np.random.default_rng(3)
    distances = rng.normal(size=2000) * 10.0 ** rng.uniform(-6, 12, 2000)
    codes, back = np.zeros(2000, np.int16), np.zeros(2000)
    all_packed(distances, codes, back)
    assert codes.tolist() == [pack(x) for x in distances.tolist()]
    assert back.tolist() == [unpack(code) for code in codes.tolist()]
    assert math.isfinite(back.sum())
