from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aiops.apps.detect import detect_in, episode, figures
from detectors.abnormal_series import AbnormalSeries
from detectors.detection import TableDetection, TableEpisode
from detectors.table import Table, TableError

SECOND = 1_000_000_000
START = 1_600_000_000


def write(path: Path, rows: int = 1000, jump: int = 100) -> Path:
    """A table of one entity; ``load`` jumps for half an hour from row 901 on, ``idle`` never does."""
    lines = [f"{START + 60 * k},{k % 7 + (jump if 900 <= k < 930 else 0)},{k % 5}" for k in range(rows)]
    path.write_text("time,load,idle\n" + "\n".join(lines) + "\n")
    return path


def detection(**fields: object) -> TableDetection:
    """A detection over three rows at 0, 60 and 120 s, with nothing found."""
    at = np.array([0, 60, 120], dtype=np.int64) * SECOND + 500_000_000
    one = np.zeros(3, dtype=np.int64)
    table = Table(
        "t.csv", ["a", "b", "c"], at, ["x", "y"], one[:2].astype(np.int32), ["t"], wide=True, row=one,
        series=one.astype(np.int32), value=one.astype(np.float64), row_entity=one.astype(np.int32),
    )  # fmt: skip
    scores = np.zeros(3)
    return TableDetection(table, scores, scores, scores.astype(np.float32), scores.astype(bool), [""] * 3, [], 0)


def test_a_jump_is_one_episode_with_its_series(tmp_path: Path) -> None:
    """Rows, series and the episode of the jump; the quiet series explains nothing."""
    told = figures(detect_in(write(tmp_path / "t.csv")))
    assert (told["rows"], told["series"], told["learned_rows"]) == (1000, 2, 0)
    (one,) = told["episodes"]
    assert (one["entity"], one["from"]) == ("t", "2020-09-14T03:26:40Z")
    assert [part["series"] for part in one["series"]] == ["load"]
    assert 0.5 <= one["peak"] <= 1.0


@pytest.mark.parametrize(("until", "rows"), [("950", 950), ("2020-09-14T04:00:00Z", 934), (None, 0)])
def test_what_is_learned_raises_no_alert(tmp_path: Path, until: str | None, rows: int) -> None:
    """A number of rows, or a time: what lies before it is normal. The jump ends at row 930."""
    found = detect_in(write(tmp_path / "t.csv"), until)
    assert found.learned_rows == rows
    assert not found.alert[:rows].any()


def test_a_table_that_is_none_is_an_error_with_its_place(tmp_path: Path) -> None:
    """File, row and column."""
    (tmp_path / "t.csv").write_text("time,v\n1600000000,1\n1600000060,2\n1600000120,x\n")
    with pytest.raises(TableError, match=r"t\.csv, row 3, column v"):
        detect_in(tmp_path / "t.csv")


def test_an_episode_for_programs() -> None:
    """The alert's row counts from 1, times are whole seconds, series come by score and then by name."""
    found = TableEpisode("7", "t", from_row=1, since=30 * SECOND, to_row=2, peak=0.876543)
    found.series = {
        "y": AbnormalSeries(0.8, "shift"),
        "x": AbnormalSeries(0.8, "forecast"),
        "z": AbnormalSeries(0.91239, "deviation", 8.0, 2.0, nats=30.5, spread=2.0, points=99),
    }
    unknown = dict.fromkeys(("value", "expected", "deviations", "times")) | {"nats": 0.0, "spread": 0.0, "points": 0}
    assert episode(detection(), found) == {
        "id": "7",
        "entity": "t",
        "from": "1970-01-01T00:00:30Z",
        "to": "1970-01-01T00:02:00Z",
        "alert_row": 2,
        "peak": 0.8765,
        "series": [
            {
                "series": "z",
                "score": 0.9124,
                "view": "deviation",
                "nats": 30.5,
                "value": 8.0,
                "expected": 2.0,
                "deviations": 2.39368,
                "times": 4.0,
                "spread": 2.0,
                "points": 99,
            },
            {"series": "x", "score": 0.8, "view": "forecast"} | unknown,
            {"series": "y", "score": 0.8, "view": "shift"} | unknown,
        ],
    }


def test_an_open_episode_has_no_end() -> None:
    """It lasts to the end of the table."""
    assert episode(detection(), TableEpisode("1", "t", from_row=0, since=0))["to"] is None
