"""What a bank says of single series: endings, rates, episodes, silence, memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from detectors.bank.layout import Ended, Phase, ValueKind, ViewCode
from detectors.bank.series_bank import BankResult, BankSettings, SeriesBank
from detectors.bank.short_floats import ERROR

SECOND = 1_000_000_000
START = 1_750_000_020 * SECOND
"""Begins a minute."""


def bank_of(kind: ValueKind = ValueKind.GAUGE, limit: float = 0.0) -> SeriesBank:
    bank = SeriesBank(BankSettings(capacity=8))
    bank.admit(np.array([kind], np.uint8), np.array([limit], np.float32))
    return bank


def feed(
    bank: SeriesBank,
    values: Sequence[float],
    seconds: Sequence[float] | None = None,
    start: Sequence[int] | None = None,
) -> BankResult:
    """Points of series 0, by default every ten seconds from START on."""
    count = len(values)
    times = np.arange(count) * 10 if seconds is None else np.asarray(seconds)
    begun = None if start is None else np.asarray(start, dtype=np.int64)
    at = START + (times * SECOND).astype(np.int64)
    return bank.update(np.zeros(count, np.int32), at, np.asarray(values, dtype=np.float64), start=begun)


def noise(count: int, level: float = 100.0, spread: float = 5.0, seed: int = 2) -> list[float]:
    values: list[float] = np.random.default_rng(seed).normal(level, spread, count).tolist()
    return values


def test_endings_of_doubled_late_and_odd_points() -> None:
    """Duplicate within what is remembered, new when out of order, late below the floor, refused when no number."""
    result = feed(bank_of(), [1, 1, 1, 1, 1, float("nan"), 1], [0, 20, 20, 10, 10, 30, -400])
    expected = [
        Ended.WARMING_UP,
        Ended.WARMING_UP,
        Ended.DUPLICATE,
        Ended.WARMING_UP,
        Ended.DUPLICATE,
        Ended.REFUSED,
        Ended.LATE,
    ]
    assert expected == [Ended(code) for code in result.ended]


def test_a_counter_becomes_a_rate_over_a_reset() -> None:
    """Ten a second all along: the restart in the middle is seen by the fall, and no point of it is abnormal."""
    values = [100.0 * k for k in range(200)] + [100.0 * k for k in range(1, 100)]
    bank = bank_of(ValueKind.CUMULATIVE)
    result = feed(bank, values)
    assert not (result.ended == Ended.FLAGGED).any()
    assert float(bank._state.rows["origin"][0]) == pytest.approx(10.0)
    assert float(bank._state.rows["centre"][0]) == pytest.approx(0.0, abs=1e-4)


def test_deltas_are_divided_by_their_interval() -> None:
    """A delta of 50 over five seconds is ten a second."""
    bank = bank_of(ValueKind.DELTA)
    feed(bank, [50.0, 50.0], [5, 10], [START, START + 5 * SECOND])
    assert float(bank._state.rows["origin"][0]) == pytest.approx(10.0)


def test_a_step_opens_once_and_closes_when_it_ends() -> None:
    """One episode, from the first abnormal point, with value, expectation and direction at its peak."""
    bank = bank_of()
    feed(bank, noise(2000))
    later = [20_000 + 10 * k for k in range(80)]
    result = feed(bank, [180.0] * 20 + noise(60, seed=3), later)
    opened, closed = result.transitions
    assert (opened["phase"], closed["phase"]) == (Phase.OPENED, Phase.CLOSED)
    assert int(opened["since"]) == START + 20_000 * SECOND
    assert int(opened["at"]) <= START + 20_030 * SECOND
    assert (float(closed["value"]), int(closed["direction"])) == (180.0, 1)
    assert float(closed["expected"]) == pytest.approx(100, abs=3)
    assert set(result.ended[:20].tolist()) == {Ended.FLAGGED}
    assert float(closed["score"]) > 0.5


def test_a_new_level_that_lasts_is_adopted() -> None:
    """After two hours the level is usual: the episode ends as adopted and none follows."""
    bank = bank_of()
    feed(bank, noise(2000))
    result = feed(bank, noise(1500, 180.0), [20_000 + 10 * k for k in range(1500)])
    assert [Phase(phase) for phase in result.transitions["phase"]] == [Phase.OPENED, Phase.ADOPTED]
    assert int(result.transitions[1]["at"] - result.transitions[0]["since"]) == 7200 * SECOND
    assert not (result.ended[800:] == Ended.FLAGGED).any()


def test_a_single_wild_point_opens_nothing() -> None:
    """It is flagged and not learned."""
    bank = bank_of()
    feed(bank, noise(2000))
    result = feed(bank, [1e9, *noise(50, seed=4)], [20_000 + 10 * k for k in range(51)])
    assert (len(result.transitions), int(result.ended[0])) == (0, Ended.FLAGGED)
    assert float(bank._state.rows["high"][0] + bank._state.rows["origin"][0]) > 1e8
    assert abs(float(bank._state.rows["centre"][0] + bank._state.rows["origin"][0]) - 100) < 5


def test_a_disk_that_fills_is_told_before_it_is_full() -> None:
    """A share that grows by a tenth an hour is forecast to reach its limit while it is still below it."""
    bank = bank_of(limit=1.0)
    steady = np.random.default_rng(6).normal(0.5, 0.001, 4000)
    ramp = 0.5 + 0.1 / 360 * np.arange(1700) + np.random.default_rng(7).normal(0, 0.001, 1700)
    result = feed(bank, [*steady, *ramp])
    assert ViewCode.FORECAST in {ViewCode(view) for view in result.transitions["view"]} | {
        ViewCode(int(bank._state.anomalies["view"][0]))
    }
    told = next(t for t in result.transitions if t["phase"] == Phase.OPENED)
    assert float(told["value"]) < 0.95


def test_silence_is_judged_by_the_source_and_ended_by_a_point() -> None:
    """Nothing within its patience; one opening; the next point closes it."""
    bank = bank_of()
    feed(bank, noise(100))
    last = START + 990 * SECOND
    assert len(bank.silent(last + 40 * SECOND)) == 0
    (opened,) = bank.silent(last + 120 * SECOND)
    assert (ViewCode(opened["view"]), int(opened["since"])) == (ViewCode.SILENCE, last)
    assert len(bank.silent(last + 500 * SECOND)) == 0
    assert bank.is_open(np.array([0], np.int32)).tolist() == [True]
    (closed,) = feed(bank, [100.0], [1600]).transitions
    assert (Phase(closed["phase"]), float(closed["value"])) == (Phase.CLOSED, 610.0)


def test_readings_equal_plain_means_over_minutes() -> None:
    """Window and reference come from the ring, gaps left out, the running minute included."""
    bank = bank_of()
    values = np.arange(600, dtype=float)
    seconds = np.array([k * 10 for k in range(300)] + [k * 10 + 3000 for k in range(300, 600)])
    feed(bank, values.tolist(), seconds.tolist())
    window = START + 7200 * SECOND, START + 9001 * SECOND
    baseline = START, START + 3000 * SECOND
    figures = bank.readings(np.array([0], np.int32), window, baseline)
    inside = values[seconds >= 7200]
    assert figures.mean[0] == pytest.approx(inside.mean(), rel=3 * ERROR)
    assert figures.last[0] == pytest.approx(inside[-6:].mean(), rel=3 * ERROR)
    assert figures.baseline_mean[0] == pytest.approx(values[:300].mean(), rel=3 * ERROR)
    assert int(figures.minutes[0]) == 30
    gap = bank.readings(np.array([0], np.int32), (START + 3600 * SECOND, START + 5400 * SECOND), baseline)
    assert int(gap.minutes[0]) == 0
    assert np.isnan(gap.mean[0])


def test_series_must_be_announced_and_fit() -> None:
    """A number that nobody announced, too many series, and columns of unequal length are errors of the caller."""
    bank = bank_of()
    with pytest.raises(ValueError, match="announce"):
        bank.update(np.array([1], np.int32), np.array([START]), np.array([1.0]))
    with pytest.raises(ValueError, match="holds 8"):
        bank.admit(np.zeros(8, np.uint8))
    with pytest.raises(ValueError, match="same length"):
        bank.update(np.zeros(2, np.int32), np.array([START]), np.array([1.0, 2.0]))


def test_centre_and_spread_follow_a_plain_reference() -> None:
    """Written down again without the bank: the means of level and residual with clipped steps."""
    values = noise(400)
    bank = bank_of()
    feed(bank, values)
    centre, spread = 0.0, 0.0
    for n, value in enumerate(values[1:], start=1):
        step = value - values[0] - centre
        if n >= 30:
            step = max(-4 * spread, min(4 * spread, step))
        centre += max(1 / 32, 1 / (n + 1)) * step
        spread += max(1 / 512, 1 / (n + 1)) * (abs(step) - spread)
    assert float(bank._state.rows["centre"][0]) == pytest.approx(centre, rel=1e-4)
    assert float(bank._state.rows["spread"][0]) == pytest.approx(spread, rel=1e-4)


def test_an_outage_does_not_make_the_next_pause_usual() -> None:
    """After two hours without a point ten minutes are silence again, as before."""
    bank = bank_of()
    feed(bank, noise(2000))
    feed(bank, noise(1000, seed=3), [19_990 + 7200 + 10 * k for k in range(1000)])
    last = START + (19_990 + 7200 + 9990) * SECOND
    assert len(bank.silent(last + 600 * SECOND)) == 1


def test_a_series_is_silent_with_its_sender() -> None:
    """The sender's limit counts for a series that comes with every export, and not for one that comes rarely."""
    bank = bank_of()
    feed(bank, noise(100), [60 * k for k in range(100)])
    last, series = START + 5940 * SECOND, np.zeros(1, np.int32)
    assert len(bank.silent(last + 100 * SECOND, series)) == 0
    assert len(bank.silent(last + 100 * SECOND, series, np.array([50.0]))) == 0
    assert len(bank.silent(last + 100 * SECOND, series, np.array([96.0]))) == 1
