"""The engine in a bank: what it finds, what it leaves alone, and the same bytes for any split."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.bank.layout import TRANSITION, BatchOutcome, Ended, Phase, Points, ViewCode
from detectors.bank.series_bank import BankResult, BankSettings, SeriesBank
from detectors.rarity import loop
from detectors.rarity.engine import RARITY
from tests.unit.detectors.bank.test_splits import KINDS, LIMITS, SMALL, START, Stream, feed, same, stream_of

SECOND = 1_000_000_000
COUNT = 40
"""Series of a case."""
DAY = 8640
"""Points of a day at ten seconds."""
Floats = npt.NDArray[np.float64]


def fresh() -> SeriesBank:
    bank = SeriesBank(SMALL, engine=RARITY)
    bank.admit(KINDS, LIMITS)
    return bank


def judged(values: Floats, seconds: int = 10, budget: float = 10.0) -> tuple[SeriesBank, BankResult]:
    """Rounds of ``values`` (points, series)."""
    points, count = values.shape
    bank = SeriesBank(BankSettings(capacity=count, ring_steps=1, false_episodes=budget), engine=RARITY)
    bank.admit(np.zeros(count, np.uint8))
    series = np.tile(np.arange(count, dtype=np.int32), points)
    at = START + np.repeat(np.arange(points, dtype=np.int64), count) * seconds * SECOND
    return bank, bank.update(series, at, np.ascontiguousarray(values).ravel())


def found(values: Floats, learned: int, seconds: int = 10) -> float:
    """Share of series that open an episode after the points that were learned."""
    opened = judged(values, seconds)[1].transitions
    opened = opened[(opened["phase"] == Phase.OPENED) & (opened["at"] >= START + learned * seconds * SECOND)]
    return float(len(np.unique(opened["series"])) / values.shape[1])


def noise(points: int = DAY + 360, seed: int = 1) -> Floats:
    return np.asarray(np.random.default_rng(seed).normal(100.0, 1.0, (points, COUNT)))


def changed(kind: str) -> Floats:
    """A day of noise, then an hour of a change."""
    values = noise()
    hour = values[DAY:]
    match kind:
        case "level +1":
            hour += 1.0
        case "level -1":
            hour -= 1.0
        case "one point +50":
            hour[0] += 50.0
        case "spread x3":
            hour[:] = 100.0 + 3.0 * (hour - 100.0)
        case "spread x0.1":
            hour[:] = 100.0 + 0.1 * (hour - 100.0)
        case "flat line":
            hour[:] = hour[0]
        case "a tenth at +50":
            hour += 50.0 * (np.random.default_rng(2).random(hour.shape) < 0.1)
    return values


@pytest.mark.parametrize(
    "kind", ["level +1", "level -1", "one point +50", "spread x3", "spread x0.1", "flat line", "a tenth at +50"]
)
def test_a_change_is_found_within_an_hour(kind: str) -> None:
    """On at least nine of ten series, after a day of noise."""
    assert found(changed(kind), DAY) >= 0.9


@pytest.mark.parametrize("hours", [1, 48])
def test_a_ramp_is_found(hours: int) -> None:
    """Of 100 spreads, over an hour or two days."""
    values = noise(DAY + 360 * hours)
    values[DAY:] += np.linspace(0.0, 100.0, 360 * hours)[:, None]
    assert found(values, DAY) >= 0.9


def test_a_cycle_that_becomes_faster_is_found() -> None:
    """From 300 s to 176 s: same level, same range."""
    time = np.arange(DAY + 360)
    values = noise() + 20.0 * np.sin(2 * np.pi * time / 30)[:, None]
    values[DAY:] += 20.0 * (np.sin(2 * np.pi * 1.7 * time[DAY:] / 30) - np.sin(2 * np.pi * time[DAY:] / 30))[:, None]
    assert found(values, DAY) >= 0.9


def test_a_weekday_at_the_weekends_level_is_found() -> None:
    """Three weeks at five minutes, then a Monday that stays as low as Sunday was."""
    day, week = 288, 7 * 288
    time = np.arange(3 * week + 144)
    level = np.where((time // day) % 7 < 5, 100.0, 20.0)
    level[3 * week :] = 20.0
    values = level[:, None] + np.random.default_rng(3).normal(0.0, 3.0, (len(time), COUNT))
    monday = 1_770_000_000 // 86_400 * 86_400
    bank = SeriesBank(BankSettings(capacity=COUNT, ring_steps=1), engine=RARITY)
    bank.admit(np.zeros(COUNT, np.uint8))
    at = (monday + np.repeat(time, COUNT) * 300) * SECOND
    opened = bank.update(np.tile(np.arange(COUNT, dtype=np.int32), len(time)), at, values.ravel()).transitions
    late = opened[(opened["phase"] == Phase.OPENED) & (opened["at"] >= (monday + 3 * week * 300) * SECOND)]
    assert len(np.unique(late["series"])) >= 0.9 * COUNT
    assert (late["view"] == ViewCode.TIME_OF_DAY).mean() > 0.9


@pytest.mark.parametrize("kind", ["normal", "student", "walk", "daily", "rare counts"])
def test_healthy_series_are_left_alone(kind: str) -> None:
    """At most three episodes on 40 series over their second day; the budget is 0.4."""
    rng, shape = np.random.default_rng(4), (2 * DAY, COUNT)
    wave = np.sin(2 * np.pi * np.arange(2 * DAY) / DAY)[:, None]
    values = {
        "normal": lambda: rng.normal(100.0, 1.0, shape),
        "student": lambda: 100.0 + rng.standard_t(3, shape),
        "walk": lambda: 100.0 + np.cumsum(rng.normal(size=shape), axis=0),
        "daily": lambda: 100.0 + 30.0 * wave + rng.normal(0.0, 3.0, shape),
        "rare counts": lambda: rng.poisson(0.05, shape).astype(np.float64),
    }[kind]()
    opened = judged(values)[1].transitions
    late = (opened["phase"] == Phase.OPENED) & (opened["at"] >= START + DAY * 10 * SECOND)
    assert late.sum() <= 3


def test_one_more_of_a_constant_opens_nothing_and_a_flood_of_errors_does() -> None:
    """13 sockets instead of 12 for an hour; errors at 50 where there were none."""
    sockets, errors = np.full((DAY + 360, COUNT), 12.0), np.zeros((DAY + 360, COUNT))
    sockets[DAY:] = 13.0
    errors[DAY:] = 50.0
    assert found(sockets, DAY) == 0.0
    assert found(errors, DAY) == 1.0


def test_a_transition_tells_how_rare_how_large_and_what_is_usual() -> None:
    """Nats at the peak, value and expectation, the usual distance and how many points it rests on."""
    opened = next(one for one in judged(changed("one point +50"))[1].transitions if one["phase"] == Phase.OPENED)
    assert float(opened["nats"]) > 15.0
    assert float(opened["value"] - opened["expected"]) == pytest.approx(50.0, abs=5.0)
    assert float(opened["spread"]) == pytest.approx(0.85, abs=0.1)
    assert int(opened["learned"]) == DAY


def test_an_outage_closes_soon_after_it_ended() -> None:
    """An hour at +20: the slow means do not keep the episode open for their own length."""
    values = noise(DAY + 720)
    values[DAY : DAY + 360] += 20.0
    ends = judged(values)[1].transitions
    closed = ends[ends["phase"] == Phase.CLOSED]
    assert len(np.unique(closed["series"])) == COUNT
    last = (closed["at"].max() - START) / SECOND / 10 - (DAY + 360)
    assert last < 90


def test_a_smaller_budget_opens_fewer_episodes() -> None:
    """A point at +8 spreads, at 10,000 and at 0.1 false episodes a day of 1,000 series."""
    values = noise()
    values[DAY] += 8.0
    many, few = ((judged(values, budget=budget)[1].transitions["phase"] == Phase.OPENED).sum() for budget in (1e4, 0.1))
    assert many > 0.9 * COUNT > 10 * few


@given(seed=st.integers(0, 10_000), cuts=st.lists(st.integers(0, 1500), max_size=12))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_split_gives_the_same_bytes(seed: int, cuts: list[int]) -> None:
    """One batch and any cut of it agree in codes, scores, transitions and state."""
    stream = stream_of(seed, 1500)
    whole, parts = fresh(), fresh()
    expected, actual = feed(whole, stream, []), feed(parts, stream, cuts)
    assert expected.ended.tobytes() == actual.ended.tobytes()
    assert expected.score.tobytes() == actual.score.tobytes()
    assert expected.transitions.tobytes() == actual.transitions.tobytes()
    assert same(whole.to_arrays(), parts.to_arrays())


def test_the_streams_reach_every_ending_and_transition() -> None:
    """The rough streams are worth splitting: they contain every code and open and close episodes."""
    results = [feed(fresh(), stream_of(seed, 3000), []) for seed in range(8)]
    assert set(Ended) == {Ended(code) for result in results for code in np.unique(result.ended)}
    assert {0, 1, 2} == {int(phase) for result in results for phase in result.transitions["phase"]}


@given(seed=st.integers(0, 10_000), cut=st.integers(0, 1200))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_restored_bank_goes_on_with_the_same_bytes(seed: int, cut: int) -> None:
    """Full snapshot, more points, increment: the restored bank continues exactly as the one that never stopped."""
    stream = stream_of(seed, 1500)
    running = fresh()
    cuts = [0, cut // 2, cut, len(stream[0])]
    first, second, rest = (_part(stream, begin, end) for begin, end in pairwise(cuts))
    feed(running, first, [])
    full = running.to_arrays()
    feed(running, second, [])
    restored = SeriesBank.from_arrays(full, SMALL, engine=RARITY)
    restored.extend(running.to_arrays(since=int(full["head"][2])))
    expected, actual = feed(running, rest, []), feed(restored, rest, [])
    assert expected.score.tobytes() == actual.score.tobytes()
    assert expected.transitions.tobytes() == actual.transitions.tobytes()
    assert same(running.to_arrays(), restored.to_arrays())


def _part(stream: Stream, begin: int, end: int) -> Stream:
    return tuple(column[begin:end] for column in stream)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_compiled_loop_equals_the_plain_one(seed: int) -> None:
    """The same source, compiled and interpreted, gives the same bytes."""
    stream = stream_of(seed, 600)
    compiled, plain = fresh(), fresh()
    expected = feed(compiled, stream, [])
    count = len(stream[0])
    out = BatchOutcome(np.empty(count, np.uint8), np.empty(count, np.float32), np.empty(2 * count, TRANSITION))
    advance: Any = loop.loops().advance
    with np.errstate(all="ignore"):
        told = advance.py_func(plain._state, plain._tuning, Points(*stream), out, plain.version)
    assert expected.ended.tobytes() == out.ended.tobytes()
    assert expected.score.tobytes() == out.score.tobytes()
    assert expected.transitions.tobytes() == out.transitions[:told].tobytes()
    assert same(compiled.to_arrays(), plain.to_arrays())


def test_a_snapshot_of_another_engine_is_refused() -> None:
    """Their rows differ."""
    bank = SeriesBank(SMALL)
    bank.admit(KINDS, LIMITS)
    with pytest.raises(ValueError, match="does not fit"):
        SeriesBank.from_arrays(bank.to_arrays(), SMALL, engine=RARITY)
