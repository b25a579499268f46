"""The cases of the power table: a process in order, and what happens to it after ``before`` rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from tests.benchmarks.detection.protocol import Floats

TEN_SECONDS, FIVE_MINUTES = 10.0, 300.0
A_DAY, AN_HOUR = 8_640, 360
"""In rows of ten seconds."""
SPIKE = 50.0


@dataclass(frozen=True, slots=True)
class Twin:
    """A process in which nothing happens."""

    make: Callable[[Generator, int, int], Floats]
    """Generator, rows, columns."""
    seconds: float
    before: int
    """Rows that are seen before anything counts."""
    counted: int


@dataclass(frozen=True, slots=True)
class Case:
    """A change."""

    twin: str
    """Its process, before the change."""
    rows: int
    """Rows from the change on; an episode that opens in them counts."""
    change: Callable[[Generator, Floats], Floats]
    """The values of these rows as they would have been, to what they are."""

    @property
    def before(self) -> int:
        """Rows before the change."""
        return TWINS[self.twin].before

    def make(self, rng: Generator, columns: int) -> Floats:
        """(rows, columns) with the change."""
        values = TWINS[self.twin].make(rng, self.before + self.rows, columns)
        values[self.before :] = self.change(rng, values[self.before :])
        return values


def _white(rng: Generator, rows: int, columns: int) -> Floats:
    return 100.0 + rng.normal(size=(rows, columns))


def _wide(rng: Generator, rows: int, columns: int) -> Floats:
    return 100.0 + 3.0 * rng.normal(size=(rows, columns))


def _week(rng: Generator, rows: int, columns: int) -> Floats:
    """Five days at 100, two at 20, from a Monday; spread 3."""
    day = np.arange(rows) * FIVE_MINUTES // 86_400
    level = np.where(day % 7 < 5, 100.0, 20.0)
    return np.asarray(level[:, None] + 3.0 * rng.normal(size=(rows, columns)))


CYCLE_ROWS, CYCLE_HEIGHT, FASTER = 30, 20.0, 1.7


def _cycle(rng: Generator, rows: int, columns: int) -> Floats:
    return np.asarray(100.0 + _sine(np.arange(rows, dtype=np.float64), 1.0) + rng.normal(size=(rows, columns)))


def _sine(row: Floats, speed: float) -> Floats:
    return np.asarray(CYCLE_HEIGHT * np.sin(row * 2 * np.pi / CYCLE_ROWS * speed)[:, None])


def _shifted(size: float) -> Callable[[Generator, Floats], Floats]:
    return lambda _, values: values + size


def _spread(factor: float) -> Callable[[Generator, Floats], Floats]:
    return lambda _, values: 100.0 + factor * (values - 100.0)


def _some(share: float) -> Callable[[Generator, Floats], Floats]:
    return lambda rng, values: values + SPIKE * (rng.random(values.shape) < share)


def _brief(rows: int) -> Callable[[Generator, Floats], Floats]:
    return lambda _, values: values + SPIKE * (np.arange(len(values)) < rows)[:, None]


def _ramp(_: Generator, values: Floats) -> Floats:
    return np.asarray(values + np.linspace(0.0, 300.0, len(values))[:, None])


def _weekend(_: Generator, values: Floats) -> Floats:
    return values - 80.0


def _faster(_: Generator, values: Floats) -> Floats:
    row = A_DAY + np.arange(len(values), dtype=np.float64)
    return np.asarray(values - _sine(row, 1.0) + _sine(row, FASTER))


TWINS: Mapping[str, Twin] = {
    "white, 10 s": Twin(_white, TEN_SECONDS, A_DAY, A_DAY),
    "white of spread 3, 10 s": Twin(_wide, TEN_SECONDS, A_DAY, A_DAY),
    "white, 5 min": Twin(_white, FIVE_MINUTES, 2_000, 288 * 3),
    "cycle of 5 min, 10 s": Twin(_cycle, TEN_SECONDS, A_DAY, A_DAY),
    "week, 5 min": Twin(_week, FIVE_MINUTES, 21 * 288, 288 * 7),
}
_W, _W5 = "white, 10 s", "white, 5 min"
CASES: Mapping[str, Case] = {
    **{f"level {size:+d} spreads, 1 h": Case(_W, AN_HOUR, _shifted(size)) for size in (-1, 1, 2, 3, 5)},
    **{
        f"{share:.0%} of points +50 spreads, 1 h": Case(_W, AN_HOUR, _some(share))
        for share in (0.1, 0.2, 0.3, 0.4, 0.5)
    },
    **{f"{rows} point(s) +50 spreads": Case(_W, AN_HOUR, _brief(rows)) for rows in (1, 2, 3, 4)},
    **{f"{rows} point(s) +50 spreads, 5 min apart": Case(_W5, 60, _brief(rows)) for rows in (1, 2)},
    "flat line, 1 h": Case(_W, AN_HOUR, _spread(0.0)),
    **{f"spread x{factor}, 1 h": Case(_W, AN_HOUR, _spread(factor)) for factor in (0.1, 3, 6)},
    **{
        f"ramp of 100 spreads, {hours} h": Case("white of spread 3, 10 s", hours * AN_HOUR, _ramp)
        for hours in (1, 6, 24, 48)
    },
    "weekday at the weekend's level": Case("week, 5 min", 144, _weekend),
    "cycle 1.7 times as fast": Case("cycle of 5 min, 10 s", AN_HOUR, _faster),
}
