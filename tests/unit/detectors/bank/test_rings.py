from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.bank.layout import COARSE_STEPS, Record, Rings
from detectors.bank.memory import Resolution, Selection, cells
from detectors.bank.rings import Column, cell_of, enter_cell, remember, rings_of, step_of
from detectors.bank.short_floats import ERROR, unpack_all
from tests.unit.detectors.bank.rows import SECOND, row, state

SMALL = rings_of(60.0, 1)
FINE = SMALL.fine_ns


class Memory:
    """The rings of series 3 of 20."""

    def __init__(self, rings: Rings = SMALL, **fields: float) -> None:
        self.rings = rings
        self.state = state(20, rings.fine + rings.steps + rings.coarse)
        self.state.rows[3] = row(**fields)
        self.one: Record = self.state.rows[3]

    def add(self, cell: int, *values: float, version: int = 1) -> None:
        """As the loop does with a point, relative to the series' origin."""
        if cell > self.one["cell"]:
            enter_cell(self.one, cell, Column(self.state.ring, self.state.dirty_ring, 3, version), self.rings)
        for value in values:
            remember(self.one, cell, value)

    def read(self, resolution: Resolution) -> dict[int, float]:
        """Mean by number of cell."""
        begins, means = cells(
            Selection(self.state, self.rings, np.array([3], np.int32)), span=(0, 2**62), resolution=resolution
        )
        length = self.rings.fine_ns * (1, self.rings.parts, self.rings.parts * COARSE_STEPS)[resolution]
        numbers = (begins // length).tolist()
        return {
            number: mean for number, mean in zip(numbers, means[:, 0].tolist(), strict=True) if not math.isnan(mean)
        }


@pytest.mark.parametrize(
    ("step_seconds", "steps", "expected"),
    [
        (60.0, 360, (10, 6, 64, 64, 64)),
        (60.0, 1, (10, 6, 16, 16, 1)),
        (4.0, 360, (1, 4, 64, 64, 64)),
        (1.0, 360, (1, 1, 64, 64, 64)),
        (60.0, 1440, (10, 6, 64, 64, 256)),
    ],
)
def test_the_rings_reach_back_as_far_as_was_asked(
    step_seconds: float, steps: int, expected: tuple[int, int, int, int, int]
) -> None:
    """Their lengths are powers of two; a fine cell has at least a second."""
    rings = rings_of(step_seconds, steps)
    assert (rings.fine_ns // SECOND, *rings[1:5]) == expected
    assert rings.coarse * COARSE_STEPS >= steps


@given(st.integers(0, 2**31 - 1), st.integers(1, 6))
def test_the_step_of_a_cell_is_exact(cell: int, parts: int) -> None:
    """For every cell until the year 2650, although it is computed with floats."""
    assert step_of(cell, 1.0 / parts) == cell // parts


@pytest.mark.parametrize("at", [0, FINE - 1, FINE, 2 * FINE - 1, 2 * FINE, 70 * FINE + 5, 5 * FINE, 4 * FINE])
@pytest.mark.parametrize("held", [0, 4, 5, 6, 100])
def test_the_cell_of_a_time(at: int, held: int) -> None:
    """The row's own, the next one, or another, before or after."""
    assert cell_of(row(cell=held), at, FINE) == at // FINE


def test_a_cells_mean_is_written_when_it_ends() -> None:
    """The place is marked as changed, and the sums begin anew; no other series and no other place is touched."""
    memory = Memory(cell=6)
    memory.add(6, 1.0, 2.0, 6.0)
    memory.add(7, version=9)
    assert unpack_all(memory.state.ring[6:7, 3]) == pytest.approx([3.0], rel=ERROR)
    assert np.argwhere(memory.state.ring).tolist() == [[6, 3]]
    assert np.argwhere(memory.state.dirty_ring).tolist() == [[6, 0]]
    assert memory.state.dirty_ring[6, 0] == 9
    assert (memory.one["cell"], memory.one["cell_n"], memory.one["cell_sum"]) == (7, 0, 0.0)


def test_the_first_point_writes_nothing() -> None:
    """There is no cell before it."""
    memory = Memory()
    memory.add(28_000_000, 5.0)
    assert not memory.state.dirty_ring.any()
    assert memory.read(Resolution.FINE) == {28_000_000: 5.0}


def test_a_value_of_an_older_cell_is_not_stored() -> None:
    """And a cell is the mean of at most 255 values."""
    memory = Memory(cell=6)
    remember(memory.one, 5, 100.0)
    assert memory.one["cell_n"] == 0
    memory.one["cell_n"] = 255
    remember(memory.one, 6, 1.0)
    assert (memory.one["cell_n"], memory.one["cell_sum"]) == (255, 0.0)


def test_skipped_cells_are_empty() -> None:
    """An old round's value is not read as a new one; cells that were empty are not marked as changed."""
    memory = Memory()
    for cell in range(1, 18):
        memory.add(cell, float(cell))
    memory.state.dirty_ring[:] = 0
    memory.add(21, 1.0, version=2)
    assert set(memory.read(Resolution.FINE)) == {*range(5, 18), 21}
    assert np.flatnonzero(memory.state.dirty_ring[: SMALL.fine, 0]).tolist() == [1, 2, 3, 4]
    memory.state.dirty_ring[:] = 0
    memory.add(37, 1.0)
    assert np.flatnonzero(memory.state.dirty_ring[: SMALL.fine, 0]).tolist() == [0, 1, *range(5, 16)]
    memory.state.dirty_ring[:] = 0
    memory.add(53, 1.0)
    assert np.flatnonzero(memory.state.dirty_ring[: SMALL.fine, 0]).tolist() == [37 % 16]


def test_a_long_pause_empties_the_rings_once() -> None:
    """A year later each place is written at most once."""
    memory = Memory()
    for cell in range(1, 100):
        memory.add(cell, 1.0)
    memory.add(99 + 3_153_600, 2.0)
    assert all(set(memory.read(one).values()) == {2.0} for one in (Resolution.FINE, Resolution.STEP))


def test_a_step_is_the_mean_of_its_cells() -> None:
    """Not of its points; cells without a point do not count, and the running step has what came so far."""
    memory = Memory(cell=0, origin=100.0)
    memory.add(0, 1.0, 1.0, 1.0)
    memory.add(3, 5.0)
    memory.add(7, 9.0)
    memory.add(8, 11.0)
    assert memory.read(Resolution.STEP) == pytest.approx({0: 103.0, 1: 110.0}, rel=ERROR)


def test_a_coarse_cell_is_the_mean_of_its_steps() -> None:
    """Six steps; the running one has what came so far."""
    memory = Memory(cell=0)
    for step in range(8):
        memory.add(6 * step, float(step))
    assert memory.read(Resolution.COARSE) == pytest.approx({0: 2.5, 1: 6.5}, rel=3 * ERROR)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.floats(-1e6, 1e6)), min_size=1, max_size=120),
    st.sampled_from([rings_of(60.0, 1), rings_of(1.0, 1), rings_of(4.0, 100)]),
)
def test_rings_agree_with_plain_means(points: list[tuple[int, float]], rings: Rings) -> None:
    """Any sequence of gaps and values: each ring has what a plain table of all points gives."""
    memory, cell, plain = Memory(rings, origin=7.0), 1000, dict[int, list[float]]()
    for gap, value in points:
        cell += gap
        memory.add(cell, value)
        plain.setdefault(cell, []).append(value)
    most = max(abs(value) for _, value in points)
    means = {number: 7.0 + float(np.mean(values)) for number, values in plain.items()}
    for resolution, size in ((Resolution.FINE, 1), (Resolution.STEP, rings.parts), (Resolution.COARSE, COARSE_STEPS)):
        if resolution is not Resolution.FINE:
            grouped: dict[int, list[float]] = {}
            for number, mean in means.items():
                grouped.setdefault(number // size, []).append(mean)
            means = {number: float(np.mean(values)) for number, values in grouped.items()}
        length = (rings.fine, rings.steps, rings.coarse)[resolution]
        kept = {number: mean for number, mean in means.items() if number >= max(means) - length}
        assert memory.read(resolution) == pytest.approx(kept, abs=3 * ERROR * most + 1e-6)
