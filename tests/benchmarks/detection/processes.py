"""Series in which nothing happens, of many kinds. Each kind makes (rows, columns) from a random generator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.signal import lfilter

from tests.benchmarks.detection.protocol import Floats

DAY, WEEK = 86_400.0, 7 * 86_400.0
Shape = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Process:
    """A kind of series."""

    make: Callable[[Generator, Shape, float], Floats]
    """Generator, (rows, columns) and seconds between rows to values."""
    seconds: float = 60.0
    learned_days: float = 2.0
    """Days that a detector sees before its episodes are counted. It is not told that they are normal."""
    counted_days: float = 5.0


def correlated(rng: Generator, shape: Shape, memory: float) -> Floats:
    """AR(1) with unit variance; ``memory`` is its coefficient."""
    noise = rng.normal(size=shape) * np.sqrt(1.0 - memory**2)
    noise[0] /= np.sqrt(1.0 - memory**2)
    return np.asarray(lfilter([1.0], [1.0, -memory], noise, axis=0))


def wave(shape: Shape, seconds: float, phase: Floats | float) -> Floats:
    """A day's sine of height 1; ``phase`` in days, one for each column."""
    return np.asarray(np.sin(2 * np.pi * (np.arange(shape[0])[:, None] * seconds / DAY + phase)))


def _white(rng: Generator, shape: Shape, _: float) -> Floats:
    return 100.0 + rng.normal(size=shape)


def _autoregressive(rng: Generator, shape: Shape, _: float) -> Floats:
    return 100.0 + correlated(rng, shape, 0.95)


def _daily(rng: Generator, shape: Shape, seconds: float) -> Floats:
    return 100.0 + 30.0 * wave(shape, seconds, rng.random(shape[1])) + 3.0 * rng.normal(size=shape)


def _weekly(rng: Generator, shape: Shape, seconds: float) -> Floats:
    """Weekends at half the level of weekdays."""
    day = np.arange(shape[0])[:, None] * seconds / DAY + rng.integers(0, 7, shape[1])
    level = np.where(day % 7 < 5, 1.0, 0.5) * (100.0 + 30.0 * wave(shape, seconds, 0.0))
    return np.asarray(level + 3.0 * rng.normal(size=shape))


def _counts(rng: Generator, shape: Shape, _: float) -> Floats:
    return rng.poisson(3.0, shape).astype(np.float64)


def _rare_counts(rng: Generator, shape: Shape, _: float) -> Floats:
    return rng.poisson(0.05, shape).astype(np.float64)


def _heavy_tails(rng: Generator, shape: Shape, _: float) -> Floats:
    return 100.0 + rng.standard_t(3.0, shape)


def _bursts(rng: Generator, shape: Shape, _: float) -> Floats:
    """About three jobs a day; each lifts the level for ten rows by 5 to 20 spreads."""
    height = np.where(rng.random(shape) < 1 / 480, rng.uniform(5.0, 20.0, shape), 0.0)
    lifted: Floats = np.maximum.reduce([np.roll(height, shift, axis=0) for shift in range(10)])
    return 100.0 + rng.normal(size=shape) + lifted


def _latency(rng: Generator, shape: Shape, _: float) -> Floats:
    return 50.0 * np.exp(0.4 * correlated(rng, shape, 0.8) + 0.3 * rng.normal(size=shape))


def _random_walk(rng: Generator, shape: Shape, _: float) -> Floats:
    return 100.0 + np.cumsum(rng.normal(size=shape), axis=0)


def _states(rng: Generator, shape: Shape, _: float) -> Floats:
    """Four states, left about every 100 rows."""
    return _held(rng, shape, rng.integers(0, 4, shape).astype(np.float64), 1 / 100)


def _steps(rng: Generator, shape: Shape, seconds: float) -> Floats:
    """A constant that goes one up or down about every second day."""
    moves = np.where(rng.random(shape) < seconds / (2 * DAY), rng.choice([-1.0, 1.0], shape), 0.0)
    return 12.0 + np.cumsum(moves, axis=0)


def _share(rng: Generator, shape: Shape, seconds: float) -> Floats:
    """Use of a resource that touches its limit of 1 at the peak of each day."""
    load = 0.75 + 0.2 * wave(shape, seconds, rng.random(shape[1])) + 0.05 * correlated(rng, shape, 0.7)
    return np.clip(load, 0.0, 1.0)


def _counter(rng: Generator, shape: Shape, seconds: float) -> Floats:
    """A total that starts at 0 again about once in three days."""
    resets = rng.random(shape) < seconds / (3 * DAY)
    total: Floats = np.cumsum(rng.poisson(50.0, shape), axis=0).astype(np.float64)
    begin: Floats = np.maximum.accumulate(np.where(resets, total, 0.0), axis=0)
    return total - begin


def _sparse(rng: Generator, shape: Shape, _: float) -> Floats:
    """Nine of ten values are missing."""
    return np.where(rng.random(shape) < 0.1, 100.0 + rng.normal(size=shape), np.nan)


def _held(rng: Generator, shape: Shape, drawn: Floats, leave: float) -> Floats:
    """Holds each drawn value until the next change."""
    changes = rng.random(shape) < leave
    changes[0] = True
    since = np.maximum.accumulate(np.where(changes, np.arange(shape[0])[:, None], 0), axis=0)
    return np.take_along_axis(drawn, since, axis=0)


PROCESSES: Mapping[str, Process] = {
    "white": Process(_white),
    "AR(1) 0.95": Process(_autoregressive),
    "daily": Process(_daily),
    "weekly": Process(_weekly, 300.0, 21.0, 7.0),
    "Poisson 3": Process(_counts),
    "Poisson 0.05": Process(_rare_counts),
    "Student t, 3": Process(_heavy_tails),
    "bursts": Process(_bursts),
    "log-normal latency": Process(_latency),
    "random walk": Process(_random_walk),
    "states": Process(_states),
    "constant, rare steps": Process(_steps),
    "saturating share": Process(_share),
    "counter, resets": Process(_counter),
    "sparse": Process(_sparse),
}
