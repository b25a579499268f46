"""A case in memory: tables as polars frames with the columns of the case format, the rest as vocabulary."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from aiops.model.entities import Edge, Item
from aiops.model.reports import Change

METRICS = {"ts": pl.Int64, "entity": pl.String, "metric": pl.String, "value": pl.Float64, "peer": pl.String}
LOGS = {"ts": pl.Int64, "entity": pl.String, "severity": pl.String, "body": pl.String}
SPANS = {
    "ts": pl.Int64,
    "entity": pl.String,
    "operation": pl.String,
    "kind": pl.String,
    "trace_id": pl.String,
    "span_id": pl.String,
    "parent_id": pl.String,
    "duration_ns": pl.Int64,
    "status": pl.String,
}
ALERTS = {"ts": pl.Int64, "entity": pl.String, "source": pl.String, "name": pl.String, "peer": pl.String}


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One incident. Times are ns; tables may have no rows."""

    id: str
    from_at: int
    to_at: int
    step: int
    """Interval of the metrics, ns."""
    detected_at: int | None = None
    symptom: str | None = None
    onset: int | None = None
    """Given: it is used. None: it is found."""
    metrics: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=METRICS))
    logs: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LOGS))
    spans: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=SPANS))
    alerts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ALERTS))
    items: tuple[Item, ...] = ()
    edges: tuple[Edge, ...] = ()
    changes: tuple[Change, ...] = ()
