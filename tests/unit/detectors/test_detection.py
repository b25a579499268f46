"""A table through the bank: strictly in order, and written as people are promised."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from aiops.adapters.detection_plot import plot
from aiops.adapters.tables import read_table, write_scores
from detectors.detection import TableDetection, detect
from detectors.table import Table

STEP = slice(1500, 1540)


def table_of(folder: Path, rows: int = 1600) -> Table:
    rng = np.random.default_rng(5)
    quiet, loud = rng.normal(10, 1, 1600), rng.normal(3, 0.2, 1600)
    loud[STEP] += 5
    frame = pl.DataFrame({"time": 1_600_000_000 + 60 * np.arange(1600), "quiet": quiet, "loud": loud})[:rows]
    frame.write_csv(folder / f"t{rows}.csv")
    return read_table(folder / f"t{rows}.csv")


@pytest.fixture
def found(tmp_path: Path) -> TableDetection:
    return detect(table_of(tmp_path))


def test_a_step_is_one_episode_of_the_right_series(found: TableDetection) -> None:
    """It opens within five rows of the step, ends after it, and names the column that moved."""
    (episode,) = found.episodes
    assert STEP.start <= episode.from_row <= STEP.start + 5
    assert episode.to_row is not None
    assert STEP.stop <= episode.to_row <= STEP.stop + 30
    assert list(episode.series) == ["loud"]
    assert found.alert.nonzero()[0].tolist() == [episode.from_row]
    assert {name for name in found.episode if name} == {"e1"}


def test_no_row_depends_on_a_later_one(found: TableDetection, tmp_path: Path) -> None:
    """The scores of a table cut short are the same as far as it goes."""
    short = detect(table_of(tmp_path, 1510))
    assert short.score.tolist() == found.score[:1510].tolist()
    assert short.onset.tolist() == found.onset[:1510].tolist()
    assert short.alert.tolist() == found.alert[:1510].tolist()


def test_the_onset_is_at_the_step(found: TableDetection) -> None:
    """The first row of the table at which an episode would open, and most of what follows is no onset."""
    assert STEP.start <= int((found.onset >= 0.5).argmax()) <= STEP.start + 5
    assert (found.onset[STEP] > 0).sum() < 20


def test_a_series_tells_how_rare_and_how_large(found: TableDetection) -> None:
    """A step by 5 where 0.2 is usual: 25 standard deviations, 2.7 times the usual value, known from 1,500 points."""
    one = found.episodes[0].series["loud"]
    assert one.deviations == pytest.approx(25.0, rel=0.25)
    assert one.times == pytest.approx(8.0 / 3.0, rel=0.1)
    assert one.nats > 15.0
    assert one.points == STEP.start


def test_several_columns_are_more_evidence_than_one(tmp_path: Path) -> None:
    """Five columns that move a little together score higher than one of them."""
    rng = np.random.default_rng(6)
    columns = {f"c{number}": rng.normal(0, 1, 1600) for number in range(5)}
    for values in columns.values():
        values[STEP] += 4.0
    frame = pl.DataFrame({"time": 1_600_000_000 + 60 * np.arange(1600), **columns})
    frame.write_csv(tmp_path / "five.csv")
    frame.select("time", "c0").write_csv(tmp_path / "one.csv")
    five, one = (detect(read_table(tmp_path / f"{name}.csv")) for name in ("five", "one"))
    assert five.score[STEP].max() > one.score[STEP].max()


def test_learned_rows_raise_nothing(tmp_path: Path) -> None:
    """Rows that are known to be normal have no score and open no episode, whatever they show."""
    detection = detect(table_of(tmp_path), learned_rows=1600)
    assert (detection.episodes, float(detection.score.max())) == ([], 0.0)


def test_scores_are_written_a_line_a_row(found: TableDetection, tmp_path: Path) -> None:
    """Header, times as in the input, and the entity's score is the highest of its columns."""
    write_scores(found, tmp_path / "deep" / "scores.csv")
    with (tmp_path / "deep" / "scores.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert list(rows[0]) == ["time", "score", "onset", "alert", "episode", "score:quiet", "score:loud"]
    assert [row["time"] for row in rows] == found.table.times
    assert all(row["score"] >= max(row["score:quiet"], row["score:loud"]) for row in rows)
    assert [float(row["onset"]) for row in rows] == pytest.approx(found.onset.tolist(), abs=1e-6)
    assert sum(int(row["alert"]) for row in rows) == 1


def test_the_picture_is_drawn(found: TableDetection, tmp_path: Path) -> None:
    """PNG and HTML are written; another ending is an error."""
    pytest.importorskip("matplotlib")
    plot(found, tmp_path / "p.png")
    plot(found, tmp_path / "p.html")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "p.html").read_text(encoding="utf-8")
    with pytest.raises(Exception, match=r"\.png or \.html"):
        plot(found, tmp_path / "p.gif")


def test_an_empty_table_is_no_trouble(tmp_path: Path) -> None:
    """Rows without any value are taken and say nothing."""
    (tmp_path / "e.csv").write_text("time,v\n1600000000,1\n1600000060,\n", encoding="utf-8")
    assert detect(read_table(tmp_path / "e.csv")).score.tolist() == [0.0, 0.0]
