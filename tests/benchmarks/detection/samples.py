"""The labelled sets: the Numenta Anomaly Benchmark, the Server Machine Dataset, the Application Server Dataset.

Each lies in a folder of its own under the data folder: ``nab/data/GROUP/FILE.csv`` with ``nab/labels``, and
``smd/*.npz``, ``asd/*.npz`` with the arrays ``train``, ``test`` and ``label`` (of the test rows).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aiops.adapters.tables import read_table
from detectors.table import parse_time
from tests.benchmarks.detection.protocol import Bools, Rows, regular

INTERVALS = {"smd": 60.0, "asd": 300.0}
"""Seconds between rows of the sets that have no times."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows with their truth."""

    name: str
    rows: Rows
    windows: tuple[tuple[int, int], ...]
    """First and last row of each labelled event, both inside, in order."""

    @property
    def label(self) -> Bools:
        """(rows,) whether a row lies in an event."""
        label = np.zeros(len(self.rows), dtype=np.bool_)
        for first, last in self.windows:
            label[first : last + 1] = True
        return label


def runs(flags: Bools) -> tuple[tuple[int, int], ...]:
    """First and last row of each run of true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return tuple((int(first), int(end) - 1) for first, end in edges.reshape(-1, 2))


def nab(folder: Path) -> Iterator[Sample]:
    """Each file of NAB. Its probation is not declared as normal: a detector gets its rows like all others."""
    windows = json.loads((folder / "labels" / "combined_windows.json").read_text(encoding="utf-8"))
    for path in sorted((folder / "data").glob("*/*.csv")):
        table = read_table(path)
        name = f"{path.parent.name}/{path.name}"
        limits = [(parse_time(begin), parse_time(end)) for begin, end in windows.get(name, [])]
        inside = [np.flatnonzero((table.at >= begin) & (table.at <= end)) for begin, end in sorted(limits)]
        rows = Rows(table.at, table.value.reshape(-1, 1))
        yield Sample(name, rows, tuple((int(part[0]), int(part[-1])) for part in inside if len(part)))


def machines(folder: Path, seconds: float) -> Iterator[Sample]:
    """Each machine of SMD or ASD: its train part as normal, then its test part in order."""
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as data:
            train, test, label = data["train"], data["test"], data["label"].astype(np.bool_)
        values = np.concatenate([train, test]).astype(np.float64)
        events = tuple((first + len(train), last + len(train)) for first, last in runs(label))
        yield Sample(path.stem, regular(values, seconds, learned=len(train)), events)


def load(data: Path, name: str) -> list[Sample]:
    """All samples of a set.

    Raises:
        FileNotFoundError: the folder is missing or has no file of the set.
    """
    folder = data / name
    found = list(nab(folder) if name == "nab" else machines(folder, INTERVALS[name])) if folder.is_dir() else []
    if not found:
        raise FileNotFoundError(
            f"{folder}: no data of {name}; see tests/benchmarks/detection/samples.py for the layout"
        )
    return found
