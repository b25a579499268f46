"""First figures of `aiops detect` on real data: ``python -m tests.benchmarks.detection [--data DIR] [--json OUT]``.

NAB (MIT), SMD (MIT) and ASD (MIT) lie under DIR (default: ``AIOPS_BENCH_DATA``). Beside the product run a
rolling three-sigma rule and random scores with as many alerts as the product's, on the same rows.

Figures: *recall*: labelled windows with an episode that overlaps them. *precision*: episodes that overlap a window.
*false/day*: episodes outside all windows per day and entity. *AP*: average precision of the row scores, plain, without
any adjustment of points to windows; its floor is the share of labelled rows. NAB's first 15 % of a file and the
training part of SMD and ASD are learned and not judged. SMD's rows are minutes, ASD's five minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aiops.adapters.tables import read_table
from detectors.detection import detect
from detectors.table import Table, parse_time

SECOND = 1_000_000_000
START = 1_600_000_000 * SECOND
WINDOW = 288
Bools = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """One table with its truth."""

    name: str
    table: Table
    learned: int
    label: Bools


def nab(folder: Path) -> Iterator[Sample]:
    """Each file of NAB; windows by time, both ends included."""
    windows = json.loads((folder / "labels" / "combined_windows.json").read_text())
    for path in sorted((folder / "data").glob("*/*.csv")):
        table = read_table(path)
        label = np.zeros(len(table), dtype=bool)
        for begin, end in windows.get(f"{path.parent.name}/{path.name}", []):
            label |= (table.at >= parse_time(begin)) & (table.at <= parse_time(end))
        yield Sample(path.stem, table, int(0.15 * len(table)), label)


def arrays(folder: Path, seconds: int) -> Iterator[Sample]:
    """Each npz of SMD or ASD: train, then test."""
    for path in sorted(folder.glob("*.npz")):
        data = np.load(path)
        matrix = np.concatenate([data["train"], data["test"]]).astype(np.float64)
        rows, columns = matrix.shape
        at = START + np.arange(rows, dtype=np.int64) * seconds * SECOND
        row, series = np.nonzero(np.isfinite(matrix))
        names = [f"c{column}" for column in range(columns)]
        points = (row, series.astype(np.int32), matrix[row, series])
        zeros = np.zeros(columns, np.int32), np.zeros(rows, np.int32)
        table = Table(str(path), [""] * rows, at, names, zeros[0], [path.stem], True, *points, zeros[1])
        learned = len(data["train"])
        label = np.concatenate([np.zeros(learned, dtype=bool), data["label"].astype(bool)])
        yield Sample(path.stem, table, learned, label)


def three_sigma(sample: Sample) -> tuple[Scores, list[tuple[int, int]]]:
    """The worst column's distance from the mean of the last 288 rows in standard deviations; 3 is an alert."""
    table = sample.table
    matrix = np.full((len(table), len(table.names)), np.nan)
    matrix[table.row, table.series] = table.value
    matrix = np.nan_to_num(matrix)
    sums = np.concatenate([np.zeros((1, matrix.shape[1])), np.cumsum(matrix, axis=0)])
    squares = np.concatenate([np.zeros((1, matrix.shape[1])), np.cumsum(matrix**2, axis=0)])
    end = np.arange(len(table))
    begin = np.maximum(end - WINDOW, 0)
    count = np.maximum(end - begin, 1)[:, None]
    mean = (sums[end] - sums[begin]) / count
    deviation = np.sqrt(np.maximum((squares[end] - squares[begin]) / count - mean**2, 1e-12))
    worst = (np.abs(matrix - mean) / deviation).max(axis=1)
    worst[:30] = 0
    return worst / (worst + 3), runs(worst >= 3)


def runs(flags: Bools) -> list[tuple[int, int]]:
    """[from, to) of each run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return [(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]


def average_precision(label: Bools, score: Scores) -> float:
    """Area under precision over recall, ties as one step."""
    order = np.argsort(-score, kind="stable")
    hits, ranked = np.cumsum(label[order]), score[order]
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    precision, recall = hits[last] / (last + 1), hits[last] / max(int(label.sum()), 1)
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def judge(sample: Sample, score: Scores, episodes: list[tuple[int, int]]) -> dict[str, float]:
    """Counts of one sample after its learned part."""
    begin = sample.learned
    windows = [(low, high) for low, high in runs(sample.label) if high > begin]
    judged = [(low, high) for low, high in episodes if low >= begin]
    found = sum(any(low < high2 and low2 < high for low2, high2 in judged) for low, high in windows)
    true = sum(any(low < high2 and low2 < high for low2, high2 in windows) for low, high in judged)
    days = (int(sample.table.at[-1]) - int(sample.table.at[begin])) / SECOND / 86_400
    label = sample.label[begin:]
    scored = average_precision(label, score[begin:]) if label.any() else float("nan")
    return {
        "windows": len(windows),
        "found": found,
        "episodes": len(judged),
        "true": true,
        "days": days,
        "ap": scored,
        "share": float(label.mean()) if label.any() else float("nan"),
    }


def compare(sample: Sample, seed: int) -> dict[str, dict[str, float]]:
    """The three methods on one sample."""
    began = time.perf_counter()
    detection = detect(sample.table, sample.learned)
    seconds = time.perf_counter() - began
    episodes = [(e.from_row, len(sample.table) if e.to_row is None else e.to_row) for e in detection.episodes]
    rng = np.random.default_rng(seed)
    chance = rng.random(len(sample.table))
    random_alerts = [
        (int(low), int(low) + max(high - begin, 1))
        for (begin, high), low in zip(
            episodes, rng.integers(sample.learned, len(sample.table), len(episodes)), strict=True
        )
    ]
    result = {
        "bank": judge(sample, detection.score, episodes),
        "3 sigma": judge(sample, *three_sigma(sample)),
        "random": judge(sample, chance, random_alerts),
    }
    result["bank"]["seconds"] = seconds
    return result


def summed(rows: list[dict[str, float]]) -> dict[str, float]:
    """Figures of a data set."""
    total = {key: sum(row[key] for row in rows) for key in ("windows", "found", "episodes", "true", "days")}
    return {
        "recall": total["found"] / max(total["windows"], 1),
        "precision": total["true"] / max(total["episodes"], 1),
        "false_per_day": (total["episodes"] - total["true"]) / total["days"],
        "ap": float(np.nanmean([row["ap"] for row in rows])),
        "share": float(np.nanmean([row["share"] for row in rows])),
        **total,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("AIOPS_BENCH_DATA"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", action="store_true", help="also print each file")
    options = parser.parse_args()
    if options.data is None:
        print("No data: give --data DIR or set AIOPS_BENCH_DATA to a folder with nab/, smd/ and asd/.", file=sys.stderr)
        return 3
    sets = {"nab": nab, "smd": lambda path: arrays(path, 60), "asd": lambda path: arrays(path, 300)}
    out: dict[str, Any] = {}
    print(
        f"{'set':5} {'method':8} {'recall':>8} {'windows':>8} {'precision':>9} {'false/day':>9} {'AP':>6} {'floor':>6}"
    )
    for name, samples in sets.items():
        folder = Path(options.data) / name
        if not folder.is_dir():
            print(f"{name:5} missing: {folder}")
            continue
        each = {sample.name: compare(sample, options.seed) for sample in samples(folder)}
        out[name] = {"each": each, "all": {}}
        for method in ("bank", "3 sigma", "random"):
            figures = summed([rows[method] for rows in each.values()])
            out[name]["all"][method] = figures
            print(
                f"{name:5} {method:8} {figures['recall']:8.3f} {int(figures['windows']):8d} "
                f"{figures['precision']:9.3f} {figures['false_per_day']:9.3f} {figures['ap']:6.3f} "
                f"{figures['share']:6.3f}"
            )
        for sample_name, rows in each.items() if options.each else ():
            print(f"      {sample_name:40} " + json.dumps({k: round(v, 3) for k, v in rows["bank"].items()}))
    if options.json:
        options.json.write_text(json.dumps(out, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
