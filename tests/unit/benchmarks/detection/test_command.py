"""The command on tiny sets: its tables, its JSON and its errors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.detection import labelled
from tests.benchmarks.detection.__main__ import main
from tests.benchmarks.detection.causality import LookAheadError
from tests.benchmarks.detection.protocol import Rows, Scored, regular
from tests.benchmarks.detection.samples import Sample

EVENTS = ((700, 720), (900, 950))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two machines of ASD with 300 train rows and 900 test rows; spikes where the events begin."""
    (tmp_path / "asd").mkdir()
    for seed in (1, 2):
        values = np.random.default_rng(seed).normal(size=(1200, 2))
        label = np.zeros(900, dtype=np.int8)
        for first, last in EVENTS:
            values[first : first + 3, 0] += 25.0
            label[first - 300 : last - 300 + 1] = 1
        np.savez(tmp_path / "asd" / f"m{seed}.npz", train=values[:300], test=values[300:], label=label)
    return tmp_path


def test_a_table_and_json_of_a_labelled_set(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Running z finds both events of both machines at once; the blind alarm rings as the second begins."""
    out = data / "out.json"
    arguments = ["--data", str(data), "--set", "asd", "--detector", "running-z", "--detector", "blind-alarm"]
    assert main([*arguments, "--out", str(out)]) == 0
    figures = json.loads(out.read_text())["asd"]
    assert (figures["running-z"]["found"], figures["running-z"]["events"]) == (4, 4)
    assert figures["running-z"]["delay_seconds"] == 0
    assert figures["blind-alarm"]["found"] == 2
    assert figures["running-z"]["rows_checked_for_look_ahead"] == 900
    assert list(figures["running-z"]["auc_pr_each"]) == ["m1", "m2"]
    table = capsys.readouterr().out
    assert table.startswith("asd (4 events)")
    assert "blind-alarm" in table


def test_synthetic_sets_need_no_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And state the seeds' rates for each budget."""
    monkeypatch.delenv("AIOPS_BENCH_DATA", raising=False)
    out = tmp_path / "out.json"
    arguments = ["--set", "power", "--set", "fault-free", "--detector", "product", "--sample", "0.001"]
    assert main([*arguments, "--seeds", "reporting", "--out", str(out)]) == 0
    figures = json.loads(out.read_text())
    assert figures["power"]["product"]["cases"]["level +5 spreads, 1 h"]["share"] == 1.0
    assert set(figures["fault-free"]["product"]["rates"]["all"]) == {"1", "10", "100"}
    assert "level +5 spreads, 1 h" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["nab", "normal"])
def test_missing_data_is_told(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 3, whether no folder is named or the folder lacks the set."""
    monkeypatch.delenv("AIOPS_BENCH_DATA", raising=False)
    assert main(["--set", name, "--detector", "product"]) == 3
    assert "AIOPS_BENCH_DATA" in capsys.readouterr().err
    assert main(["--set", name, "--detector", "product", "--data", str(tmp_path)]) == 3
    assert str(tmp_path / "nab") in capsys.readouterr().err


def test_an_unknown_detector_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """With those that there are."""
    assert main(["--detector", "nothing"]) == 2
    assert "range-novelty" in capsys.readouterr().err


def test_a_detector_that_looks_ahead_has_no_figures() -> None:
    """One that is scaled by the largest value of the whole set."""

    def scaled(rows: Rows) -> Scored:
        score = np.abs(rows.values) / np.abs(rows.values).max()
        return Scored(score, score)

    values = np.random.default_rng(1).normal(size=(3000, 1))
    values[1900] = 99.0
    with pytest.raises(LookAheadError):
        labelled.run(scaled, [Sample("file", regular(values, 60), ((1000, 1010),))], "nab")


def test_figures_of_nab() -> None:
    """One file whose only window is found at its first row by the only detection: 100 in each profile, and no false."""

    def spike(rows: Rows) -> Scored:
        score = (rows.values > 5).astype(float)
        return Scored(score, score, score > 0)

    values = np.zeros((1000, 1))
    values[500] = 9.0
    figures = labelled.run(spike, [Sample("file", regular(values, 60), ((500, 510),))], "nab")
    assert [figures[name] for name in ("standard", "reward_low_FP", "reward_low_FN")] == [100.0] * 3
    assert figures["standard_threshold"] == 1.0
    assert (figures["own_found"], figures["own_false_a_day"]) == (1, 0.0)


def test_an_event_that_begins_before_the_judged_rows_counts_from_their_first() -> None:
    """Its part before is not seen, and an event that ended before is none."""

    def constant(rows: Rows) -> Scored:
        score = np.zeros((len(rows), 1))
        score[300] = 1.0
        return Scored(score, score)

    sample = Sample("m", regular(np.zeros((1000, 1)), 60, learned=300), ((100, 150), (290, 320)))
    figures = labelled.run(constant, [sample], "asd")
    assert (figures["events"], figures["found"], figures["delay_seconds"]) == (1, 1, 0.0)
