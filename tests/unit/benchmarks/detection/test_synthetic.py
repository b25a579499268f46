"""Synthetic series: every kind is what its name says, seeds do not meet, and the tables count rightly."""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.detection import changes, faultfree, power
from tests.benchmarks.detection.faultfree import Plan
from tests.benchmarks.detection.processes import DAY, PROCESSES
from tests.benchmarks.detection.protocol import Rows, Scored
from tests.benchmarks.detection.seeds import Purpose, generator

COLUMNS = 20


def made(name: str, days: float = 7.0) -> np.ndarray:
    process = PROCESSES[name]
    return process.make(
        generator(name, 0, Purpose.CHOOSING), (round(days * DAY / process.seconds), COLUMNS), process.seconds
    )


def large_values(rows: Rows) -> Scored:
    """Opens an episode at every value above 110 that follows one below."""
    high = np.nan_to_num(rows.values) > 110
    new = high & ~np.roll(high, 1, axis=0)
    return Scored(high.astype(float), new.astype(float), new)


def noise(rows: Rows) -> Scored:
    """A detector without a threshold, whose score has nothing to do with the values."""
    score = np.random.default_rng(round(float(np.nan_to_num(rows.values).sum()))).random(rows.values.shape)
    return Scored(score, score)


@pytest.mark.parametrize("name", PROCESSES)
def test_a_kind_has_its_shape_and_the_same_values_for_the_same_seed(name: str) -> None:
    """Every column differs from the others."""
    values = made(name, 1.0)
    assert values.shape == (round(DAY / PROCESSES[name].seconds), COLUMNS)
    assert np.array_equal(values, made(name, 1.0), equal_nan=True)
    if name != "constant, rare steps":
        assert len(np.unique(np.nan_to_num(values), axis=1).T) == COLUMNS


def test_noise_has_the_moments_it_says() -> None:
    """White and AR(1) have unit variance, the latter a correlation of 0.95; Poisson counts have a mean of 3."""
    assert made("white").std() == pytest.approx(1.0, abs=0.02)
    wander = made("AR(1) 0.95") - 100
    assert wander.std() == pytest.approx(1.0, abs=0.05)
    assert np.corrcoef(wander[1:].ravel(), wander[:-1].ravel())[0, 1] == pytest.approx(0.95, abs=0.005)
    assert made("Poisson 3").mean() == pytest.approx(3.0, abs=0.05)
    assert made("Poisson 0.05").mean() == pytest.approx(0.05, abs=0.005)


def test_patterns_are_there() -> None:
    """A day repeats, weekends are half of weekdays, states are held, a share ends at 1, sparse is mostly missing."""
    daily = made("daily")
    assert np.corrcoef(daily[1440:].ravel(), daily[:-1440].ravel())[0, 1] > 0.95
    week = made("weekly", 14.0).reshape(14, 288, COLUMNS).mean(axis=1)
    assert (np.sort(week, axis=0)[:4] < 60).all()
    assert (np.sort(week, axis=0)[4:] > 90).all()
    assert set(np.unique(made("states"))) == {0.0, 1.0, 2.0, 3.0}
    assert (np.diff(made("states"), axis=0) == 0).mean() > 0.98
    assert made("saturating share").max() == 1.0
    assert np.isnan(made("sparse")).mean() == pytest.approx(0.9, abs=0.01)


def test_counters_rise_but_for_resets_and_constants_step_rarely() -> None:
    """A reset is a fall; a step is 1 up or down, about every second day."""
    counter = made("counter, resets", 30.0)
    falls = (np.diff(counter, axis=0) < 0).sum()
    assert 100 < falls < 320
    steps = np.diff(made("constant, rare steps", 30.0), axis=0)
    assert set(np.unique(steps)) == {-1.0, 0.0, 1.0}
    assert 200 < np.abs(steps).sum() < 400


def test_seeds_of_different_purposes_do_not_meet() -> None:
    """Nor do those of different kinds."""
    drawn = [generator(kind, 0, purpose).random() for kind in ("a", "b") for purpose in Purpose]
    assert len(set(drawn)) == 6
    assert Purpose.REPORTING >= 1_000_000
    assert max(Purpose.CHOOSING, Purpose.CALIBRATING) + 499_999 < 1_000_000


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("level +1 spreads, 1 h", lambda before, after: abs(after.mean() - before.mean() - 1) < 0.05),
        ("level -1 spreads, 1 h", lambda before, after: abs(after.mean() - before.mean() + 1) < 0.05),
        ("10% of points +50 spreads, 1 h", lambda _, after: abs((after > 125).mean() - 0.1) < 0.02),
        ("1 point(s) +50 spreads", lambda _, after: (after[0] > 125).all() and (after[1:] < 125).all()),
        ("flat line, 1 h", lambda _, after: (after == 100).all()),
        ("spread x0.1, 1 h", lambda _, after: abs(after.std() - 0.1) < 0.01),
        ("ramp of 100 spreads, 48 h", lambda _, after: 360 < after[-1].mean() < 440 and len(after) == 48 * 360),
        ("weekday at the weekend's level", lambda before, after: abs(after.mean() - 20) < 1 and before[-1].mean() < 30),
        ("cycle 1.7 times as fast", lambda before, after: abs(after.std() - before.std()) < 0.5),
    ],
)
def test_a_change_is_as_large_as_its_name_says(name: str, check: object) -> None:
    """Before and after it."""
    case = changes.CASES[name]
    values = case.make(generator(name, 0, Purpose.CHOOSING), COLUMNS)
    assert len(values) == case.before + case.rows
    assert callable(check)
    assert check(values[: case.before], values[case.before :])


def test_the_cycle_turns_faster() -> None:
    """51 turns where there were 30 in 900 rows."""
    case = changes.CASES["cycle 1.7 times as fast"]
    after = case.make(generator("cycle", 0, Purpose.CHOOSING), COLUMNS)[case.before :].mean(axis=1) - 100
    assert int(np.abs(np.fft.rfft(after)).argmax()) == round(360 / 30 * 1.7)


def test_power_counts_episodes_after_the_change() -> None:
    """A level of +50 spreads is found at its first row, a shift of 1 never: 100 + 1 + 5 spreads is not 110."""
    cases = {name: changes.CASES[name] for name in ("1 point(s) +50 spreads", "level +1 spreads, 1 h")}
    found = power.run(large_values, Plan(0.02, Purpose.CHOOSING), cases)["cases"]
    assert isinstance(found, dict)
    spike, shift = found.values()
    assert (spike["found"], spike["tried"], spike["delay_seconds"]) == (20, 20, 0.0)
    assert (shift["found"], shift["tried"], shift["delay_seconds"]) == (0, 20, None)
    assert spike["interval"] == pytest.approx([0.839, 1.0], abs=1e-3)


def test_a_detector_without_a_threshold_gets_one_for_the_process_of_the_case() -> None:
    """Noise is held to its budget: it finds hardly anything."""
    cases = {"level +5 spreads, 1 h": changes.CASES["level +5 spreads, 1 h"]}
    figures = power.run(noise, Plan(0.02, Purpose.CHOOSING), cases)
    bars, found = figures["bars"], figures["cases"]
    assert isinstance(bars, dict)
    assert isinstance(found, dict)
    assert list(bars) == ["white, 10 s"]
    assert found["level +5 spreads, 1 h"]["found"] <= 2


def test_fault_free_rates_are_episodes_by_series_days() -> None:
    """Bursts of 5 to 20 spreads exceed 110 often, white noise never; kinds have 5 counted days, the weekly one 7."""
    figures = faultfree.run(large_values, Plan(5 / 1400, Purpose.CHOOSING))
    rates = figures["rates"]
    assert isinstance(rates, dict)
    assert figures["series_days"] == pytest.approx(14 * 25 + 35, rel=0.001)
    assert rates["white"]["10"]["count"] == 0
    bursts = rates["bursts"]["1"]
    assert bursts["count"] > 10
    assert bursts["a_day_per_1000"] == pytest.approx(bursts["count"] / 25 * 1000, rel=0.001)
    assert bursts["interval"][0] < bursts["a_day_per_1000"] < bursts["interval"][1]
    assert rates["all"]["1"] == rates["all"]["100"]


def test_a_plan_has_as_many_series_as_it_says() -> None:
    """In blocks of at most 350, and at least five."""
    assert Plan(1.0, Purpose.CHOOSING).columns(800) == [350, 350, 100]
    assert Plan(0.1, Purpose.CHOOSING, 5).columns(1000) == [20]
    assert Plan(0.001, Purpose.CHOOSING).columns(1000) == [5]
