"""False episodes on the normal parts of real data, and the recorder of a host."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aiops.model.durations import SECOND
from tests.benchmarks.detection import normal, record_host
from tests.benchmarks.detection.faultfree import Plan
from tests.benchmarks.detection.protocol import Rows, Scored, regular
from tests.benchmarks.detection.samples import Sample
from tests.benchmarks.detection.seeds import Purpose

PLAN = Plan(0.001, Purpose.CHOOSING)


def opens_above_five(rows: Rows) -> Scored:
    high = np.nan_to_num(rows.values) > 5
    return Scored(high.astype(float), high.astype(float), high)


def machine(*high: int) -> Sample:
    """A day of learned rows and a day of one-minute rows with an event in its rows 500–599."""
    values = np.zeros((2880, 2))
    values[list(high), 0] = 9.0
    return Sample("machine", regular(values, 60, learned=1440), ((1940, 2039),))


def test_an_episode_in_an_event_or_within_the_hour_after_it_is_not_false() -> None:
    """Of episodes before the counted rows, in them, in the event, just after it and later, two count."""
    figures = normal.run(opens_above_five, PLAN, {"smd": [machine(100, 1500, 2000, 2090, 2200)]})
    rates = figures["rates"]
    assert isinstance(rates, dict)
    assert rates["smd"]["10"]["count"] == rates["all"]["1"]["count"] == 2


def test_time_counts_over_all_columns_without_events() -> None:
    """1,440 minutes less 100 of the event and 60 after it, twice."""
    figures = normal.run(opens_above_five, PLAN, {"smd": [machine()]})
    assert figures["series_days"] == pytest.approx(2 * (1440 - 160) / 1440)


def test_a_gap_in_the_times_is_no_exposure() -> None:
    """A row stands for an hour at most."""
    at = np.array([0, 60, 86_400, 86_460], dtype=np.int64) * SECOND
    rows = Rows(at, np.zeros((4, 1)))
    assert normal.series_days(rows, np.ones(4, dtype=bool)) == pytest.approx((60 + 3600 + 60) / 86_400)


def test_a_recording_is_a_sample_in_which_nothing_happened(tmp_path: Path) -> None:
    """Empty cells are missing values; its first quarter does not count."""
    path = tmp_path / "host.csv"
    path.write_text(
        "timestamp,a,b\n" + "\n".join(f"{1_770_000_000 + 10 * row},{row},{'' if row else 1}" for row in range(8))
    )
    (sample,) = normal.samples(None, [path])[normal.RECORDED]
    assert sample.rows.values.shape == (8, 2)
    assert np.isnan(sample.rows.values[1:, 1]).all()
    assert normal.counted_rows(normal.RECORDED, sample).tolist() == [False] * 2 + [True] * 6


def test_half_of_a_train_part_is_learned_and_the_other_half_counts(tmp_path: Path) -> None:
    """Of four train rows two; a file of NAB has none and counts after its probation."""
    for name in ("smd", "asd"):
        (tmp_path / name).mkdir()
        test = np.zeros((5, 2))
        np.savez(tmp_path / name / "machine.npz", train=test[:4], test=test, label=test[:, 0])
    (tmp_path / "nab" / "data" / "group").mkdir(parents=True)
    (tmp_path / "nab" / "labels").mkdir()
    (tmp_path / "nab" / "labels" / "combined_windows.json").write_text("{}")
    lines = "\n".join(f"2015-01-01 00:{row:02}:00,{row}" for row in range(20))
    (tmp_path / "nab" / "data" / "group" / "file.csv").write_text(f"timestamp,value\n{lines}")
    sets = normal.samples(tmp_path, [])
    assert list(sets) == ["nab", "smd", "asd"]
    assert [int(normal.counted_rows(name, sets[name][0]).sum()) for name in sets] == [17, 7, 7]


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """Files as Linux writes them, cut short."""
    (tmp_path / "net").mkdir()
    (tmp_path / "stat").write_text(
        "cpu  100 0 50 1000 5 0 1 0 0 0\ncpu0 1 1 1 1\nintr 700 1 2\nctxt 900\nprocesses 30\n"
    )
    (tmp_path / "diskstats").write_text(
        " 8 0 sda 10 0 80 3 20 0 160 9 0 1 1\n 7 0 loop0 5 0 5 5 5 0 5 5 0 5 5\n 8 1 sdb 1 0 2 3 4 0 5 6 0 7 8\n"
    )
    (tmp_path / "net" / "dev").write_text(
        "Inter-| Receive\n face |bytes\n    lo: 999 1 0 0 0 0 0 0 999 1\n  eth0: 70 1 0 0 0 0 0 0 30 1\n"
    )
    (tmp_path / "loadavg").write_text("0.50 0.25 0.10 2/345 6789\n")
    (tmp_path / "meminfo").write_text("MemTotal: 8000 kB\nMemAvailable:    4000 kB\nDirty:  12 kB\n")
    return tmp_path


def test_totals_of_a_host(proc: Path) -> None:
    """States of all processors, disks without loop devices, interfaces without the loopback."""
    found = record_host.totals(proc)
    assert (found["cpu_user"], found["cpu_iowait"], found["ctxt"], found["intr"]) == (100, 5, 900, 700)
    assert (found["disk_reads"], found["disk_read_sectors"], found["disk_written_sectors"]) == (11, 82, 165)
    assert (found["net_received"], found["net_sent"]) == (70, 30)


def test_levels_of_a_host(proc: Path) -> None:
    """Load, processes and the parts of memory that are there."""
    assert record_host.levels(proc) == {
        "load_1": 0.5,
        "load_5": 0.25,
        "runnable": 2,
        "tasks": 345,
        "MemAvailable": 4000,
        "Dirty": 12,
    }


def test_counters_become_rates_and_a_fall_has_none() -> None:
    """A counter that started again says nothing about the time between."""
    assert record_host.row({"a": 10.0, "b": 5.0}, {"a": 30.0, "b": 1.0, "c": 1.0}, 10.0) == {"a": 2.0}


def test_a_recording_can_be_read_while_it_is_written(proc: Path, tmp_path: Path) -> None:
    """Each row is in the file when the next one is waited for."""
    target, seen = tmp_path / "host.csv", []
    record_host.record(target, 3, proc=proc, wait=lambda _: seen.append(len(target.read_text().splitlines())))
    assert seen == [0, 2, 3]
    assert len(target.read_text().splitlines()) == 4
    assert normal.recording(target).rows.values.shape[0] == 3
