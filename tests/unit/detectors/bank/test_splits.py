"""Where a poll cuts the stream changes nothing: scores, transitions and snapshots are the same bytes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.bank import loop
from detectors.bank.layout import TRANSITION, BatchOutcome, Ended, Points, ValueKind
from detectors.bank.series_bank import BankResult, BankSettings, SeriesBank

SECOND = 1_000_000_000
START = 1_750_000_000 * SECOND
SMALL = BankSettings(capacity=64, warm_up_points=5, adopt_seconds=900.0, ring_steps=20)
KINDS = np.array(
    [ValueKind.GAUGE, ValueKind.CUMULATIVE, ValueKind.DELTA, ValueKind.GAUGE, ValueKind.RATE, ValueKind.QUANTILE],
    dtype=np.uint8,
)
LIMITS = np.array([0, 0, 0, 1, 0, 0], dtype=np.float32)
Stream = tuple[Any, ...]


def stream_of(seed: int, count: int, stride: int = 60) -> Stream:
    """A rough stream: late and doubled points, gaps, resets, steps, spikes, and values that are no numbers."""
    rng = np.random.default_rng(seed)
    series = rng.integers(0, len(KINDS), count).astype(np.int32)
    steps = rng.choice([0, 1, 1, 1, 1, 2, 90, -3], count, p=[0.05, 0.3, 0.2, 0.2, 0.1, 0.1, 0.01, 0.04])
    at = START + np.cumsum(steps).astype(np.int64) * stride * SECOND // len(KINDS)
    value = rng.normal(10, 1, count) + 8 * (rng.random(count) < 0.02) + 20 * (np.arange(count) > 0.7 * count)
    value += 60 * ((np.arange(count) > 0.45 * count) & (np.arange(count) < 0.48 * count))
    value[rng.random(count) < 0.01] = np.nan
    value[rng.random(count) < 0.003] = 1e300
    counter = series == 1
    value[counter] = np.cumsum(np.abs(np.nan_to_num(value[counter], posinf=0) % 100)) % 500
    start = np.where(rng.random(count) < 0.5, at - 30 * SECOND, 0).astype(np.int64)
    return series, at, value, start


def fresh() -> SeriesBank:
    bank = SeriesBank(SMALL)
    bank.admit(KINDS, LIMITS)
    return bank


def take(bank: SeriesBank, series: Any, at: Any, *columns: Any) -> BankResult:
    value, start = columns
    return bank.update(series, at, value, start=start)


def feed(bank: SeriesBank, stream: Stream, cuts: list[int]) -> BankResult:
    edges = [0, *sorted(cuts), len(stream[0])]
    results = [take(bank, *(column[begin:end] for column in stream)) for begin, end in pairwise(edges)]
    return BankResult(
        np.concatenate([result.ended for result in results]),
        np.concatenate([result.score for result in results]),
        np.concatenate([result.transitions for result in results]),
    )


def same(expected: dict[str, Any], actual: dict[str, Any]) -> bool:
    """Whether two full snapshots hold the same bytes, whatever their version."""
    names = [name for name in expected if name != "head"]
    sizes = np.array_equal(np.delete(expected["head"], 2), np.delete(actual["head"], 2))
    return sizes and all(expected[name].tobytes() == actual[name].tobytes() for name in names)


@given(seed=st.integers(0, 10_000), cuts=st.lists(st.integers(0, 1500), max_size=12))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_restored_bank_goes_on_with_the_same_bytes(seed: int, cut: int) -> None:
    """Full snapshot, more points, increment: the restored bank continues exactly as the one that never stopped."""
    stream = stream_of(seed, 1500)
    running = fresh()
    first = tuple(column[: cut // 2] for column in stream)
    take(running, *first)
    full = running.to_arrays()
    second = tuple(column[cut // 2 : cut] for column in stream)
    take(running, *second)
    part = running.to_arrays(since=int(full["head"][2]))
    restored = SeriesBank.from_arrays(full, SMALL)
    restored.extend(part)
    rest = tuple(column[cut:] for column in stream)
    expected, actual = take(running, *rest), take(restored, *rest)
    assert expected.score.tobytes() == actual.score.tobytes()
    assert expected.transitions.tobytes() == actual.transitions.tobytes()
    assert same(running.to_arrays(), restored.to_arrays())


@given(seed=st.integers(0, 10_000))
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_compiled_loop_equals_the_plain_one(seed: int) -> None:
    """The same source, compiled and interpreted, gives the same bytes."""
    stream = stream_of(seed, 600)
    compiled, plain = fresh(), fresh()
    expected = take(compiled, *stream)
    count = len(stream[0])
    out = BatchOutcome(np.empty(count, np.uint8), np.empty(count, np.float32), np.empty(2 * count, TRANSITION))
    with np.errstate(all="ignore"):
        told = loop.loops().advance.py_func(plain._state, plain._tuning, Points(*stream), out, plain.version)  # type: ignore[attr-defined]
    assert expected.ended.tobytes() == out.ended.tobytes()
    assert expected.score.tobytes() == out.score.tobytes()
    assert expected.transitions.tobytes() == out.transitions[:told].tobytes()
    assert same(compiled.to_arrays(), plain.to_arrays())
