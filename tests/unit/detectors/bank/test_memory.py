from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from detectors.bank.layout import BankState, Rings
from detectors.bank.memory import Resolution, Selection, _median, cells, read, steps
from detectors.bank.series_bank import BankSettings, SeriesBank
from detectors.bank.short_floats import ERROR, pack
from tests.unit.detectors.bank.rows import MINUTE, SECOND, state

BOTH = np.array([0, 1], dtype=np.int32)
RINGS = Rings(10 * SECOND, 6, 16, 16, 4, 1 / 6)
STEPS, COARSE = RINGS.fine, RINGS.fine + RINGS.steps


def bank() -> BankState:
    """Series 0 had 10, 20, 30 in minutes 100 to 102 and is at 50 in minute 103; series 1 is new in minute 103."""
    made = state(2048, RINGS.fine + RINGS.steps + RINGS.coarse)
    made.rows["cell"][:2] = 6 * 103 + 2
    made.rows["origin"][:2] = (42.0, 7.0)
    made.rows["step_sum"][0], made.rows["step_n"][0] = 4.0, 1
    made.rows["cell_sum"][0], made.rows["cell_n"][0] = 24.0, 2
    for minute, value in ((100, 10.0), (101, 20.0), (102, 30.0)):
        made.ring[STEPS + minute % 16, 0] = pack(value - 42.0)
    return made


def of(made: BankState, indices: np.ndarray = BOTH) -> Selection:
    return Selection(made, RINGS, indices)


def span(first: int, last: int) -> tuple[int, int]:
    return first * MINUTE, last * MINUTE


def close(*values: float) -> object:
    """Equal within the rounding of values at most 32 from their origin."""
    return pytest.approx(list(values), abs=ERROR * 32.0)


def test_steps_are_read_from_the_ring_and_the_running_one_from_its_sums() -> None:
    """One column a series, NaN where it had no point yet."""
    found = steps(of(bank(), BOTH), span=span(100, 104))
    assert found[:, 0].tolist() == close(10.0, 20.0, 30.0, 50.0)
    assert np.isnan(found[:, 1]).all()


def test_memory_that_was_never_written_is_unknown() -> None:
    """Also where its zeros would read as the series' origin."""
    found = steps(of(bank(), BOTH[:1]), span=span(96, 101))
    assert np.isnan(found[:-1]).all()
    assert found[-1].tolist() == close(10.0)


@pytest.mark.parametrize(
    ("window", "values"),
    [
        ((100 * MINUTE, 102 * MINUTE), [10.0, 20.0]),
        ((100 * MINUTE + 1, 102 * MINUTE + 1), [20.0, 30.0]),
        (span(104, 200), []),
        (span(102, 100), []),
        ((0, 0), []),
    ],
)
def test_a_minute_counts_where_it_begins(window: tuple[int, int], values: list[float]) -> None:
    """Inside [from, to); the future and spans turned round have none."""
    assert steps(of(bank(), BOTH[:1]), span=window)[:, 0].tolist() == close(*values)


def test_a_window_of_all_time_is_cut_to_the_rings() -> None:
    """A question may ask from 1970 on."""
    assert len(steps(of(bank(), BOTH), span=(0, 2**62))) <= 2 * 24 + 1


def test_older_steps_have_the_mean_of_their_coarse_cell() -> None:
    """Minutes 84 to 86 left the ring of 16 steps; what is in it then belongs to newer ones."""
    made = bank()
    made.ring[COARSE + 14 % 4, 0] = pack(60.0 - 42.0)
    made.ring[STEPS + 90 % 16, 0] = pack(70.0 - 42.0)
    found = steps(of(made, BOTH[:1]), span=span(84, 91))
    assert found[[0, 1, 2, 6], 0].tolist() == close(60.0, 60.0, 60.0, 70.0)
    assert np.isnan(found[3:6]).all()


def test_fine_cells_have_their_times() -> None:
    """Begin of each cell, and the running one."""
    made = bank()
    made.ring[(6 * 103 + 1) % 16, 0] = pack(4.0)
    begins, means = cells(of(made, BOTH[:1]), span=span(103, 104), resolution=Resolution.FINE)
    assert (begins - 103 * MINUTE).tolist() == [0, 10 * SECOND, 20 * SECOND]
    assert np.isnan(means[0, 0])
    assert means[1:, 0].tolist() == close(46.0, 54.0)


def test_a_day_is_read_at_each_resolution() -> None:
    """A bank with the default settings: 10 minutes of 10 s, an hour of minutes, six hours of six minutes."""
    made = SeriesBank(BankSettings(capacity=2))
    made.admit(np.zeros(1, np.uint8))
    at = (1_750_000_320 + np.arange(0, 86_400, 10)) * SECOND
    value = np.random.default_rng(4).normal(1000, 20, len(at))
    made.update(np.zeros(len(at), np.int32), at, value)
    for resolution, seconds, least in (
        (Resolution.FINE, 10, 600), (Resolution.STEP, 60, 3600), (Resolution.COARSE, 360, 6 * 3600),
    ):  # fmt: skip
        begins, means = made.recent(BOTH[:1], (int(at[-1]) - least * SECOND, 2**62), resolution)
        assert np.diff(begins).tolist() == [seconds * SECOND] * (len(begins) - 1)
        assert (begins[-1] - begins[0]) // SECOND >= least - 2 * seconds
        inside = (at >= begins[:, None]) & (at < begins[:, None] + seconds * SECOND)
        plain = (inside * value).sum(axis=1) / inside.sum(axis=1)
        assert means[:, 0] == pytest.approx(plain, abs=3 * ERROR * np.abs(value - value[0]).max())


def test_figures_beside_a_reference() -> None:
    """Mean and last of the window; mean and robust spread of the reference before it."""
    found = read(of(bank(), BOTH), window=span(102, 104), baseline=span(100, 102))
    assert (found.mean[0], found.last[0], found.minutes[0]) == (
        pytest.approx(40.0, abs=0.05), pytest.approx(50.0, abs=0.05), 2,
    )  # fmt: skip
    assert found.baseline_mean[0] == pytest.approx(15.0, abs=0.05)
    assert found.baseline_spread[0] == pytest.approx(1.4826 * 5.0, abs=0.1)


def test_a_series_without_points_is_not_a_number() -> None:
    """Its spread is small and positive, so that nobody divides by zero."""
    found = read(of(bank(), BOTH), window=span(102, 104), baseline=span(100, 102))
    assert np.isnan([found.mean[1], found.last[1], found.baseline_mean[1]]).all()
    assert found.minutes[1] == 0
    assert 0.0 < found.baseline_spread[1] < 0.01


def test_a_constant_reference_has_the_least_spread() -> None:
    """What rounding may hide: 0.12 % of the distance from the origin; at the origin a millionth of the level."""
    made = bank()
    for origin, least in ((0.0, 1.0 + ERROR * 1000.0), (1000.0, 1.0)):
        made.rows["origin"][0] = origin
        made.ring[STEPS + 100 % 16, 0] = made.ring[STEPS + 101 % 16, 0] = pack(1000.0 - origin)
        found = read(of(made, BOTH[:1]), window=span(102, 103), baseline=span(100, 102))
        assert found.baseline_spread[0] == pytest.approx(1e-3 + least - 1.0, rel=2e-3)


def test_an_empty_window_has_no_last() -> None:
    """Of nobody, and without an error."""
    found = read(of(bank(), BOTH), window=span(500, 600), baseline=span(500, 600))
    assert np.isnan(found.last).all()
    assert found.minutes.tolist() == [0, 0]


@settings(max_examples=50)
@given(
    arrays.arrays(
        np.float64, st.tuples(st.integers(0, 6), st.integers(1, 3)), elements=st.floats(-1e6, 1e6) | st.just(np.nan)
    )
)
def test_medians_are_those_of_numpy(values: np.ndarray) -> None:
    """Of what is a number in each column; NaN for none."""
    expected = [np.median(column[~np.isnan(column)]) if (~np.isnan(column)).any() else np.nan for column in values.T]
    assert np.array_equal(_median(values), expected, equal_nan=True)
