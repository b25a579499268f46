"""Tables of one day of Nezha: metrics of pods, spans, log lines, calls between pods, and intervals that are not normal.

A file of traces or logs that is named by minute m holds about m - 41 s to m + 19 s: of the three files that a fault
has, the first ends before the injection or a few seconds after it. Times of metrics are those of ``Time``
(``TimeStamp`` is wrong for one pod), cut to seconds. Spans have no status.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import polars as pl

from aiops.model.durations import SECOND
from aiops.model.entities import Edge
from topology.cases.case import LOGS, SPANS

_OWN = ("Time", "TimeStamp", "PodName")
_SPAN_COLUMNS = {
    "TraceID": pl.String,
    "SpanID": pl.String,
    "ParentID": pl.String,
    "PodName": pl.String,
    "OperationName": pl.String,
    "StartTimeUnixNano": pl.Int64,
    "EndTimeUnixNano": pl.Int64,
}
_LOG_COLUMNS = {"TimeUnixNano": pl.Int64, "PodName": pl.String, "Log": pl.String}
_SEVERITY = r"\b(FATAL|ERROR|WARNING|WARN|INFO|DEBUG|TRACE)\b"


@dataclass(frozen=True, slots=True, eq=False)
class Day:
    """Everything that was recorded on one day."""

    metrics: pl.DataFrame
    spans: pl.DataFrame
    logs: pl.DataFrame
    edges: tuple[Edge, ...]
    unusual: tuple[tuple[int, int], ...]
    """Intervals to leave out of a reference, ns: a minute before each injection to six after it."""


@lru_cache(maxsize=1)
def day(folder: Path) -> Day:
    """The tables of ``rca_data/DATE``, with the fault-free minute of ``construct_data/DATE`` where it exists."""
    spare = folder.parent.parent / "construct_data" / folder.name
    spans = _spans([*sorted(folder.glob("trace/*.csv.gz")), *sorted(spare.glob("trace/*.csv.gz"))])
    return Day(
        metrics=pl.concat([_metrics(path) for path in sorted(folder.glob("metric/*_metric.csv"))]).sort("ts"),
        spans=spans,
        logs=_logs([*sorted(folder.glob("log/*.csv.gz")), *sorted(spare.glob("log/*.csv.gz"))]),
        edges=_edges(spans),
        unusual=tuple((at(a), at(b)) for a, b in json.loads((folder / "not_normal.json").read_text())),
    )


def at(text: str) -> int:
    """A time of the data set, UTC, as ns."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def _metrics(path: Path) -> pl.DataFrame:
    wide = pl.read_csv(path, infer_schema_length=None)
    figures = [name for name in wide.columns if name not in _OWN]
    seconds = pl.col("Time").str.slice(0, 19).str.to_datetime("%Y-%m-%d %H:%M:%S", time_zone="UTC")
    return (
        wide.with_columns(seconds.dt.epoch("ns").alias("ts"), pl.col(figures).cast(pl.Float64))
        .unpivot(figures, index=["ts", "PodName"], variable_name="metric", value_name="value")
        .drop_nulls("value")
        .select("ts", pl.col("PodName").alias("entity"), "metric", "value", pl.lit(None, pl.String).alias("peer"))
    )


def _spans(paths: list[Path]) -> pl.DataFrame:
    if not paths:
        return pl.DataFrame(schema=SPANS)
    columns = list(_SPAN_COLUMNS)
    table = pl.concat([pl.read_csv(path, columns=columns, schema_overrides=_SPAN_COLUMNS) for path in paths])
    parent = pl.when(pl.col("ParentID") != "root").then(pl.col("ParentID"))
    return (
        table.unique(["TraceID", "SpanID"], maintain_order=True)
        .select(
            pl.col("StartTimeUnixNano").alias("ts"),
            pl.col("PodName").alias("entity"),
            pl.col("OperationName").alias("operation"),
            pl.lit(None, pl.String).alias("kind"),
            pl.col("TraceID").alias("trace_id"),
            pl.col("SpanID").alias("span_id"),
            parent.alias("parent_id"),
            (pl.col("EndTimeUnixNano") - pl.col("StartTimeUnixNano")).alias("duration_ns"),
            pl.lit(None, pl.String).alias("status"),
        )
        .sort("ts")
    )


def _logs(paths: list[Path]) -> pl.DataFrame:
    if not paths:
        return pl.DataFrame(schema=LOGS)
    columns = list(_LOG_COLUMNS)
    table = pl.concat([pl.read_csv(path, columns=columns, schema_overrides=_LOG_COLUMNS) for path in paths])
    inner = pl.col("Log").str.json_path_match("$.log")
    return (
        table.unique(maintain_order=True)
        .with_columns(pl.coalesce(inner, pl.col("Log")).str.strip_chars_end().alias("body"))
        .select(
            pl.col("TimeUnixNano").alias("ts"),
            pl.col("PodName").alias("entity"),
            pl.col("body").str.extract(_SEVERITY).alias("severity"),
            "body",
        )
        .sort("ts")
    )


def _edges(spans: pl.DataFrame) -> tuple[Edge, ...]:
    callers = spans.select(pl.col("span_id").alias("parent_id"), pl.col("entity").alias("caller"), "trace_id")
    pairs = (
        spans.join(callers, on=["trace_id", "parent_id"])
        .filter(pl.col("caller") != pl.col("entity"))
        .select("caller", "entity")
        .unique()
        .sort("caller", "entity")
    )
    return tuple(Edge(caller, callee) for caller, callee in pairs.iter_rows())
