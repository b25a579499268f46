"""The labelled sets are read as they lie in their folders."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from aiops.model.durations import SECOND
from tests.benchmarks.detection.samples import load, runs


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """One file of each set: ten rows of five minutes with windows at 2–3 and 6–8; a machine of two columns."""
    nab = tmp_path / "nab"
    (nab / "data" / "group").mkdir(parents=True)
    (nab / "labels").mkdir()
    times = [f"2015-01-01 00:{minute:02}:00" for minute in range(0, 50, 5)]
    lines = [f"{time},{value}" for value, time in enumerate(times)]
    (nab / "data" / "group" / "file.csv").write_text("\n".join(["timestamp,value", *lines]))
    windows = {"group/file.csv": [[f"{times[6]}.000000", f"{times[8]}.000000"], [times[2], times[3]]]}
    (nab / "labels" / "combined_windows.json").write_text(json.dumps(windows))
    (tmp_path / "asd").mkdir()
    label = np.array([0, 1, 1, 0, 1], dtype=np.int8)
    np.savez(tmp_path / "asd" / "machine.npz", train=np.zeros((4, 2)), test=np.ones((5, 2)), label=label)
    return tmp_path


def test_a_file_of_nab(data: Path) -> None:
    """Windows become rows, both ends inside, in order; nothing is declared as normal."""
    (sample,) = load(data, "nab")
    assert (sample.name, sample.windows, sample.rows.learned) == ("group/file.csv", ((2, 3), (6, 8)), 0)
    assert sample.rows.values[:, 0].tolist() == list(range(10))
    assert np.flatnonzero(sample.label).tolist() == [2, 3, 6, 7, 8]


def test_a_machine(data: Path) -> None:
    """Train rows are learned; events count from the first row of all; rows of ASD are five minutes apart."""
    (sample,) = load(data, "asd")
    assert (sample.name, sample.windows, sample.rows.learned) == ("machine", ((5, 6), (8, 8)), 4)
    assert sample.rows.values.shape == (9, 2)
    assert set(np.diff(sample.rows.at)) == {300 * SECOND}


def test_a_set_that_is_not_there_is_named(data: Path) -> None:
    """Neither a folder that is missing nor an empty one is a result."""
    (data / "smd").mkdir()
    for name in ("smd", "nothing"):
        with pytest.raises(FileNotFoundError, match=name):
            load(data, name)


def test_runs() -> None:
    """First and last row of each."""
    assert runs(np.array([True, True, False, True])) == ((0, 1), (3, 3))
    assert runs(np.zeros(3, dtype=bool)) == ()
