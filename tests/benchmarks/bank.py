"""What a point costs in the bank: ``python -m tests.benchmarks.bank [--series 1000,10000,…] [--json OUT]``.

Nanoseconds a point over batches of 65,536 points, series in turn (as records hold them) and shuffled; memory a series;
pause of a full snapshot, of one after a batch and of one after all series spoke. Beside it in the same run: a running
z-score in plain numpy over the same batches, and a loop that only reads and writes each series' row, which is what
memory alone allows.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aiops.jit.compiling import cached_njit
from detectors.bank.series_bank import BankSettings, SeriesBank

SECOND = 1_000_000_000
START = 1_750_000_000 * SECOND
BATCH = 65_536


@cached_njit()
def _touch(rows: Any, series: Any, value: Any) -> None:
    for k in range(series.shape[0]):
        row = series[k]
        for line in range(rows.shape[1]):
            rows[row, line, 0] += value[k]


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def _numpy_z(mean: Any, square: Any, series: Any, value: Any) -> None:
    distance = (value - mean[series]) / np.sqrt(np.maximum(square[series] - mean[series] ** 2, 1e-9))
    _ = distance > 3
    mean[series] += 0.03 * (value - mean[series])
    square[series] += 0.03 * (value**2 - square[series])


def batches(count: int, points: int, *, shuffled: bool) -> list[tuple[Any, Any, Any]]:
    """Points of ten-second rounds over all series, cut in batches."""
    rng = np.random.default_rng(1)
    out = []
    order = rng.permutation(count).astype(np.int32) if shuffled else np.arange(count, dtype=np.int32)
    for begin in range(0, points, BATCH):
        place = np.arange(begin, begin + BATCH)
        at = START + (place // count).astype(np.int64) * 10 * SECOND
        out.append((order[place % count], at, rng.normal(100, 5, BATCH)))
    return out


def _each(work: Any, parts: list[tuple[Any, Any, Any]]) -> float:
    """Best of the quarters, ns a point: other load on the machine only ever adds."""
    quarter = max(len(parts) // 4, 1)
    best = float("inf")
    for begin in range(0, len(parts), quarter):
        chosen = parts[begin : begin + quarter]
        began = time.perf_counter()
        for part in chosen:
            work(*part)
        best = min(best, (time.perf_counter() - began) / (len(chosen) * BATCH) * 1e9)
    return best


def measure(count: int, points: int) -> dict[str, float]:
    """All figures for one number of series."""
    figures: dict[str, float] = {"series": count}
    bank: SeriesBank | None = None
    for name, shuffled in (("in_turn", False), ("shuffled", True)):
        parts = batches(count, max(points, 6 * count), shuffled=shuffled)
        bank = None
        gc.collect()
        before = _resident()
        bank = SeriesBank(BankSettings(capacity=max(count, 1024), warm_up_points=2))
        bank.admit(np.zeros(count, dtype=np.uint8))
        rounds = max(4 * count // BATCH, 1)
        for part in parts[:rounds]:
            bank.update(*part)
        figures[name] = _each(bank.update, parts[rounds:])
        figures["bytes_a_series"] = (_resident() - before) / count
    assert bank is not None
    z = np.zeros(count), np.ones(count)
    figures["numpy_z"] = _each(lambda series, _at, value: _numpy_z(*z, series, value), parts)
    rows = np.zeros((count, 3, 8))
    _touch(rows, parts[0][0], parts[0][2])
    figures["touch_only"] = _each(lambda series, _at, value: _touch(rows, series, value), parts)
    began = time.perf_counter()
    full = bank.to_arrays()
    figures["full_ms"] = (time.perf_counter() - began) * 1e3
    bank.update(*parts[-1])
    began = time.perf_counter()
    changed = bank.to_arrays(since=int(full["head"][2]))
    figures["batch_ms"] = (time.perf_counter() - began) * 1e3
    figures["batch_mb"] = sum(array.nbytes for array in changed.values()) / 1e6
    moved: npt.NDArray[np.int64] = np.full(count, int(parts[-1][1][-1]) + 60 * SECOND, dtype=np.int64)
    bank.update(np.arange(count, dtype=np.int32), moved, np.full(count, 100.0))
    began = time.perf_counter()
    changed = bank.to_arrays(since=int(changed["head"][2]))
    figures["round_ms"] = (time.perf_counter() - began) * 1e3
    figures["round_mb"] = sum(array.nbytes for array in changed.values()) / 1e6
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", default="1000,10000,100000,1000000")
    parser.add_argument("--points", type=int, default=4_000_000)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    warm = SeriesBank(BankSettings(capacity=16))
    warm.admit(np.zeros(1, np.uint8))
    warm.update(np.zeros(1, np.int32), np.array([START]), np.zeros(1))
    rows = []
    names = ["in_turn", "shuffled", "numpy_z", "touch_only", "bytes_a_series", "full_ms", "batch_ms", "round_ms"]
    print(f"{'series':>9} " + " ".join(f"{name:>14}" for name in names))
    for count in map(int, options.series.split(",")):
        row = measure(count, options.points)
        rows.append(row)
        print(f"{count:9d} " + " ".join(f"{row[name]:14.1f}" for name in names), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
