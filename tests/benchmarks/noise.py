"""False episodes a series-day on plain noise: ``python -m tests.benchmarks.noise [--json OUT]``.

Nothing is wrong in any of these series, so every episode is false. Also prints what a real step would have cost: the
share of series on which a step of six standard deviations opens an episode, and after how many points.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from detectors.bank.layout import Phase
from detectors.bank.series_bank import BankSettings, SeriesBank

Values = npt.NDArray[np.float64]
SECOND = 1_000_000_000
START = 1_750_000_000 * SECOND


def _walk(rng: np.random.Generator, shape: tuple[int, int]) -> Values:
    walk: Values = np.cumsum(rng.normal(0, 1, shape), axis=0)
    return walk


def _season(rng: np.random.Generator, shape: tuple[int, int]) -> Values:
    seconds = np.linspace(0, 1, shape[0], endpoint=False)[:, None]
    noise = rng.normal(0, 4, shape)
    return np.asarray(100 + 40 * np.sin(2 * np.pi * seconds * _DAYS) + noise, dtype=np.float64)


def _correlated(rng: np.random.Generator, shape: tuple[int, int]) -> Values:
    steps, out = rng.normal(0, 1, shape), np.zeros(shape)
    for row in range(1, shape[0]):
        out[row] = 0.98 * out[row - 1] + steps[row]
    return out + 50


def _blips(rng: np.random.Generator, shape: tuple[int, int]) -> Values:
    return np.asarray(3.0 + (rng.random(shape) < 0.0005) * rng.integers(1, 4, shape), dtype=np.float64)


def _bursts(rng: np.random.Generator, shape: tuple[int, int]) -> Values:
    hits = (rng.random(shape) < 0.002).astype(float)
    for lag in range(1, 5):
        hits[lag:] += hits[:-lag] * 0.6**lag
    return np.asarray(hits * 20 + rng.poisson(0.2, shape), dtype=np.float64)


_DAYS = 4
KINDS: dict[str, Callable[[np.random.Generator, tuple[int, int]], Values]] = {
    "normal": lambda rng, shape: rng.normal(100, 5, shape),
    "student t3": lambda rng, shape: 100 + 5 * rng.standard_t(3, shape),
    "log-normal": lambda rng, shape: rng.lognormal(0, 1, shape),
    "poisson 3": lambda rng, shape: rng.poisson(3, shape).astype(float),
    "poisson 0.01": lambda rng, shape: rng.poisson(0.01, shape).astype(float),
    "uniform": lambda rng, shape: rng.random(shape),
    "daily season": _season,
    "correlated": _correlated,
    "random walk": _walk,
    "constant": lambda _rng, shape: np.full(shape, 3.0),
    "constant, blips": _blips,
    "bursts": _bursts,
}


def measure(kind: str, series: int, interval: int, seed: int) -> dict[str, Any]:
    """False episodes on one kind of noise, and what a step of six standard deviations does at its end."""
    rng = np.random.default_rng(seed)
    points = _DAYS * 86_400 // interval
    values = KINDS[kind](rng, (points, series))
    bank = SeriesBank(BankSettings(capacity=series))
    bank.admit(np.zeros(series, dtype=np.uint8))
    index = np.tile(np.arange(series, dtype=np.int32), points)
    at = np.repeat(START + np.arange(points, dtype=np.int64) * interval * SECOND, series)
    result = bank.update(index, at, values.ravel())
    opened = result.transitions[result.transitions["phase"] == Phase.OPENED]
    first_day = opened["at"] < START + 86_400 * SECOND
    views = np.bincount(opened["view"], minlength=7)
    tail = values[-30:] + 6 * max(float(values.std()) if kind != "random walk" else 6.0, 0.05)
    after = START + np.arange(points, points + 30, dtype=np.int64) * interval * SECOND
    step = bank.update(index[: 30 * series], np.repeat(after, series), tail.ravel())
    found = step.transitions[step.transitions["phase"] == Phase.OPENED]
    delays = (found["at"] - after[0]) // (interval * SECOND) + 1
    return {
        "kind": kind,
        "interval": interval,
        "first_day": float(first_day.sum()) / series,
        "later": float((~first_day).sum()) / series / (_DAYS - 1),
        "flagged": float((result.ended == 1).mean()),
        "views": views.tolist(),
        "step_found": len(set(found["series"].tolist())) / series,
        "step_points": float(np.median(delays)) if len(delays) else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = []
    print(
        f"{'noise':16} {'every':>6} {'day 1':>8} {'later':>8} {'flagged':>8} {'step':>6} {'points':>6}  views D R S H F"
    )
    for interval in (10, 60, 300):
        for kind in KINDS:
            row = measure(kind, options.series, interval, options.seed)
            rows.append(row)
            points = "-" if row["step_points"] is None else f"{row['step_points']:.0f}"
            print(
                f"{kind:16} {interval:5}s {row['first_day']:8.4f} {row['later']:8.4f} {row['flagged']:8.5f} "
                f"{row['step_found']:6.2f} {points:>6}  {row['views'][1:6]}",
                flush=True,
            )
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
