"""Tables of numbers as files: reads CSV and Parquet, and writes the scores of a detection as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from detectors.detection import TableDetection
from detectors.table import Table, TableError, to_table


def read_table(path: Path) -> Table:
    """Reads a table.

    Raises:
        TableError: the file cannot be read, or is not a table; the message names file, row and column.
    """
    return to_table(str(path), _load(path))


def _load(path: Path) -> pl.DataFrame:
    if path.is_dir():
        raise TableError(f"{path}: a folder; name the tables in it, as {path}/*.csv")
    try:
        if path.suffix.lower() in {".parquet", ".pq"}:
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema=False)
    except FileNotFoundError as error:
        raise TableError(f"{path}: no such file") from error
    except (pl.exceptions.PolarsError, OSError) as error:
        raise TableError(f"{path}: not a table: {str(error).splitlines()[0]}") from error


def write_scores(detection: TableDetection, target: Path) -> None:
    """Write one CSV line per input row: time, score, onset, alert, episode; for a wide table each column's score."""
    table = detection.table
    header = ["time", "score", "onset", "alert", "episode"]
    columns: list[list[str]] = [
        table.times,
        cells(detection.score.tolist()),
        cells(detection.onset.tolist()),
        [str(int(alert)) for alert in detection.alert],
        detection.episode,
    ]
    if table.wide:
        matrix = np.zeros((len(table), len(table.names)), dtype=np.float32)
        matrix[table.row, table.series] = detection.series_score
        header += [f"score:{name}" for name in table.names]
        columns += [cells(matrix[:, column].tolist()) for column in range(len(table.names))]
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(zip(*columns, strict=True))


def cells(values: Sequence[float]) -> list[str]:
    """Scores as text with six digits."""
    return [f"{value:.6f}" for value in values]
