"""Tables as people hand them in: formats, times, and errors that say where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from aiops.adapters.tables import read_table
from detectors.table import TableError, learn_rows, parse_time


def written(folder: Path, text: str) -> Path:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2020-09-13T12:26:40Z", "2020-09-13T12:27:40Z"),
        ("2020-09-13 12:26:40", "2020-09-13 12:27:40"),
        ("2020-09-13T14:26:40+02:00", "2020-09-13T14:27:40+02:00"),
        ("1600000000", "1600000060"),
        ("1600000000.0", "1600000060.0"),
        ("1600000000000", "1600000060000"),
        ("1600000000000000", "1600000060000000"),
        ("1600000000000000000", "1600000060000000000"),
    ],
)
def test_times_are_read_by_form_and_size(tmp_path: Path, first: str, second: str) -> None:
    """ISO 8601 and epochs in s, ms, µs and ns mean the same moment."""
    table = read_table(written(tmp_path, f"time,v\n{first},1\n{second},2\n"))
    assert table.at.tolist() == [1_600_000_000_000_000_000, 1_600_000_060_000_000_000]


def test_a_wide_table_is_one_entity_and_gaps_are_no_points(tmp_path: Path) -> None:
    """Each numeric column is a series; an empty cell is a gap, a column of words is left out."""
    table = read_table(written(tmp_path, "ts,a,note,b\n1600000000,1,x,\n1600000060,2,y,4\n"))
    assert (table.names, table.entities, table.wide) == (["a", "b"], ["table"], True)
    assert list(zip(table.row.tolist(), table.series.tolist(), table.value.tolist(), strict=True)) == [
        (0, 0, 1.0),
        (1, 0, 2.0),
        (1, 1, 4.0),
    ]


def test_a_long_table_groups_by_entity_only_where_it_says_so(tmp_path: Path) -> None:
    """Without an entity column each series is its own entity."""
    alone = read_table(written(tmp_path, "timestamp,series,value\n1600000000,a,1\n1600000000,b,2\n"))
    assert (alone.entities, alone.entity.tolist()) == (["a", "b"], [0, 1])
    text = "timestamp,entity,series,value\n1600000000,web,a,1\n1600000000,web,b,2\n"
    grouped = read_table(written(tmp_path, text))
    assert (grouped.entities, grouped.entity.tolist(), grouped.names) == (["web"], [0, 0], ["web a", "web b"])


def test_parquet_with_real_times_reads_as_csv_does(tmp_path: Path) -> None:
    """A datetime column of any precision is the same moment."""
    frame = pl.DataFrame({"ts": [1_600_000_000_000], "v": [1.5]}).with_columns(pl.col("ts").cast(pl.Datetime("ms")))
    frame.write_parquet(tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").at.tolist() == [1_600_000_000_000_000_000]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a,b\n1,2\n", "no time column"),
        ("time,v\n1600000000,1\nyesterday,2\n", "row 2, column time"),
        ("time,v\n1600000000,1\n,2\n", "row 2, column time"),
        ("time,v\n1600000000,1\n1600000060,2\n1600000120,oops\n", "row 3, column v"),
        ("time,v\n1600000000,1\n1600000060,2\n1600000120,inf\n", "row 3, column v"),
        ("time,series,value\n1600000000,,1\n", "row 1, column series"),
        ("time,note\n1600000000,x\n", "no column of numbers"),
        ("time,v\n1,2,3,4\n", "not a table"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, named: str) -> None:
    """Errors name the file, and row and column where there is one."""
    with pytest.raises(TableError, match=named) as caught:
        read_table(written(tmp_path, text))
    assert "table.csv" in str(caught.value)


def test_a_missing_file_is_an_error_of_ours(tmp_path: Path) -> None:
    """No such file is said plainly."""
    with pytest.raises(TableError, match="no such file"):
        read_table(tmp_path / "nothing.csv")


def test_learn_until_takes_rows_or_a_time(tmp_path: Path) -> None:
    """A number counts rows, a time ends before its row, anything else is an error."""
    table = read_table(written(tmp_path, "time,v\n1600000000,1\n1600000060,2\n1600000120,3\n"))
    assert [learn_rows(table, until) for until in (None, "2", "99", "2020-09-13T12:27:40Z")] == [0, 2, 3, 1]
    with pytest.raises(TableError, match="learn-until"):
        learn_rows(table, "soon")


def test_parse_time_keeps_microseconds() -> None:
    """No float rounds a time."""
    assert parse_time("2020-09-13T12:26:40.123456Z") == 1_600_000_000_123_456_000
    assert np.int64(parse_time("2020-09-13T12:26:40.123456Z")) == 1_600_000_000_123_456_000
