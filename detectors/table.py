"""Tables of numbers for `aiops detect`: long or wide, times as ISO 8601 or epoch.

Cells become points in row order. Errors name the file, the row (the first row of data is 1) and the column.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from aiops.model.errors import PermanentError

TIME_COLUMNS = ("timestamp", "time", "ts")
_UNITS = ((1e11, 1_000_000_000), (1e14, 1_000_000), (1e17, 1_000))
"""Epoch times below the first number are in units of the second, in ns; larger ones are ns."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TableError(PermanentError):
    """The table is malformed; the text names file, row and column."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as points: parallel arrays ``row``, ``series``, ``value`` of shape (points,), in row order."""

    name: str
    """The file's path, for messages."""
    times: list[str]
    """The time of each row, as written in the file."""
    at: npt.NDArray[np.int64]
    """(rows,) the time of each row, ns UTC."""
    names: list[str]
    """Name of each series."""
    entity: npt.NDArray[np.int32]
    """(series,) entity of each series, an index into ``entities``."""
    entities: list[str]
    """Name of each entity."""
    wide: bool
    """One column a series; False: columns ``series`` and ``value``."""
    row: npt.NDArray[np.int64]
    """(points,) row of each point, from 0."""
    series: npt.NDArray[np.int32]
    """(points,) series of each point, an index into ``names``."""
    value: npt.NDArray[np.float64]
    """(points,) finite values."""
    row_entity: npt.NDArray[np.int32]
    """(rows,) entity of each row, an index into ``entities``."""

    def __len__(self) -> int:
        return len(self.times)


def to_table(name: str, frame: pl.DataFrame) -> Table:
    """A data frame as a table.

    Args:
        name: path of its file, for errors; the file name without its extension is the entity of a wide table.
        frame: the data as read; cells of a CSV file are text.

    Raises:
        TableError: the data is malformed; the text names file, row and column.
    """
    time_column = next((column for column in TIME_COLUMNS if column in frame.columns), None)
    if time_column is None:
        raise TableError(f"{name}: no time column; one of {', '.join(TIME_COLUMNS)} is needed, found {frame.columns}")
    at = _times(name, frame[time_column])
    times = frame[time_column].cast(pl.String).to_list()
    if {"series", "value"} <= set(frame.columns):
        return _long(name, frame, times, at=at)
    return _wide(name, frame.drop(time_column), times, at=at)


def _fail(name: str, row: int, column: str, *, problem: str) -> TableError:
    return TableError(f"{name}, row {row + 1}, column {column}: {problem}")


def _numbers(name: str, column: pl.Series) -> npt.NDArray[np.float64]:
    """(rows,) values of a column; NaN where a cell is empty."""
    if column.dtype == pl.String:
        column = column.str.strip_chars()
        column = column.set(column == "", None)
    numbers = column.cast(pl.Float64, strict=False)
    bad = (numbers.is_null() & column.is_not_null()) | numbers.is_infinite().fill_null(value=False)
    if bad.any():
        row = int(bad.arg_true()[0])
        raise _fail(name, row, column.name, problem=f"{column[row]!r} is not a finite number")
    return numbers.fill_null(math.nan).to_numpy().astype(np.float64)


def _times(name: str, column: pl.Series) -> npt.NDArray[np.int64]:
    """(rows,) times, ns UTC. The largest number decides the unit of epoch times."""
    if column.is_null().any():
        raise _fail(name, int(column.is_null().arg_true()[0]), column.name, problem="the time is missing")
    if column.dtype == pl.Date or isinstance(column.dtype, pl.Datetime):
        return column.cast(pl.Datetime("ns")).to_physical().to_numpy().astype(np.int64)
    whole = column.cast(pl.Int64, strict=False)
    numbers = column.cast(pl.Float64, strict=False)
    if numbers.is_null().any():
        if 2 * int(numbers.count()) >= len(numbers):
            row = int(numbers.is_null().arg_true()[0])
            raise _fail(name, row, column.name, problem=f"{column[row]!r} is no epoch time, as most rows have")
        return np.array([_parsed(name, row, column.name, text=text) for row, text in enumerate(column)], dtype=np.int64)
    largest = float(np.abs(numbers.to_numpy()).max(initial=0.0))
    if not math.isfinite(largest):
        raise _fail(
            name, int(numbers.is_finite().not_().arg_true()[0]), column.name, problem="the time is not a finite number"
        )
    unit = next((ns for below, ns in _UNITS if largest < below), 1)
    if whole.is_null().any():
        return np.round(numbers.to_numpy() * unit).astype(np.int64)
    return np.asarray(whole.to_numpy() * np.int64(unit), dtype=np.int64)


def parse_time(text: str) -> int:
    """ISO 8601 text to ns UTC; a time without an offset is UTC.

    Raises:
        ValueError: the text is not ISO 8601.
    """
    moment = datetime.fromisoformat(text.strip())
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    delta = moment - _EPOCH
    return ((delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds) * 1_000


def _parsed(name: str, row: int, column: str, *, text: str) -> int:
    try:
        return parse_time(text)
    except ValueError as error:
        raise _fail(name, row, column, problem=f"{text!r} is neither ISO 8601 nor an epoch time") from error


def _long(name: str, frame: pl.DataFrame, times: list[str], *, at: npt.NDArray[np.int64]) -> Table:
    values = _numbers(name, frame["value"])
    keys = ["entity", "series"] if "entity" in frame.columns else ["series"]
    for key in keys:
        if frame[key].is_null().any():
            raise _fail(name, int(frame[key].is_null().arg_true()[0]), key, problem="the name is missing")
    pairs = list(zip(*(frame[key].cast(pl.String).to_list() for key in keys), strict=True))
    numbers = {pair: number for number, pair in enumerate(dict.fromkeys(pairs))}
    entities = list(dict.fromkeys(pair[0] for pair in numbers))
    entity = np.array([entities.index(pair[0]) for pair in numbers], dtype=np.int32) if len(keys) > 1 else None
    series = np.fromiter((numbers[pair] for pair in pairs), dtype=np.int32, count=len(pairs))
    of_series = np.arange(len(numbers), dtype=np.int32) if entity is None else entity
    kept = np.flatnonzero(~np.isnan(values))
    names = [" ".join(pair) for pair in numbers]
    return Table(
        name, times, at, names, of_series, entities, False, kept, series[kept], values[kept], of_series[series]
    )


def _wide(name: str, frame: pl.DataFrame, times: list[str], *, at: npt.NDArray[np.int64]) -> Table:
    columns = [column for column in frame if _is_numeric(column)]
    if not columns:
        raise TableError(f"{name}: no column of numbers beside the time")
    matrix = np.stack([_numbers(name, column) for column in columns], axis=1)
    row, series = np.nonzero(~np.isnan(matrix))
    count = len(columns)
    names = [column.name for column in columns]
    entity = np.zeros(count, dtype=np.int32)
    points = (row, series.astype(np.int32), matrix[row, series])
    return Table(name, times, at, names, entity, [_stem(name)], True, *points, np.zeros(len(times), dtype=np.int32))


def _stem(name: str) -> str:
    """The file name of a path without its extension."""
    last = name.rpartition("/")[2]
    return last.rpartition(".")[0] or last


def _is_numeric(column: pl.Series) -> bool:
    """Whether a column holds numbers. A text column does if most of its cells parse; the other cells are errors."""
    if column.dtype == pl.Boolean:
        return False
    if column.dtype != pl.String:
        return bool(column.dtype.is_numeric())
    filled = column.drop_nulls()
    return len(filled) > 0 and 2 * int(filled.str.strip_chars().cast(pl.Float64, strict=False).count()) > len(filled)


def learn_rows(table: Table, until: str | None) -> int:
    """Number of first rows to learn as normal.

    ``until`` is a number of rows, or an ISO 8601 time: the rows before it. ``TableError`` if it is neither.
    """
    if until is None:
        return 0
    if until.isdigit() and len(until) < 10:
        return min(int(until), len(table))
    try:
        moment = parse_time(until)
    except ValueError as error:
        raise TableError(f"--learn-until {until!r} is neither a number of rows nor an ISO 8601 time") from error
    later = np.flatnonzero(table.at >= moment)
    return int(later[0]) if len(later) else len(table)
