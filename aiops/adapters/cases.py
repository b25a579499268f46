"""Reads a case from its folder. Whatever is wrong is an error that names file, row and column.

Rows are counted from 1 in tables and lists; in edges.csv the header is row 1, as editors show it.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.types import AwareDatetime

from aiops.model.durations import SECOND
from aiops.model.entities import Edge, EdgeKind, Item
from aiops.model.errors import PermanentError
from aiops.model.reports import Change
from topology.cases.case import ALERTS, LOGS, METRICS, SPANS, Case

Model = TypeVar("Model", bound=BaseModel)

MICROSECOND = 1000
OPTIONAL = frozenset({"peer", "severity", "body", "operation", "kind", "trace_id", "span_id", "parent_id", "status"})
"""Columns that may be missing or null."""
NULLABLE = {"alerts.parquet": frozenset({"ts"}), "metrics.parquet": frozenset({"value"})}
"""More columns that may be null: alerts without times, gaps of a metric."""


class CaseError(PermanentError):
    """A case cannot be read; the text names file, row and column."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Head(_Strict):
    id: str = Field(min_length=1)
    from_: AwareDatetime = Field(alias="from")
    to: AwareDatetime
    step_seconds: float = Field(gt=0, le=86_400)
    detected_at: AwareDatetime | None = None
    symptom: str | None = None
    onset: AwareDatetime | None = None


class _Entity(_Strict):
    id: str = Field(min_length=1)
    kind: str = "service"
    attributes: dict[str, str | int | float | bool | None] = Field(default_factory=dict)


class _Change(_Strict):
    id: str = Field(min_length=1)
    entity: str = Field(min_length=1)
    at: AwareDatetime
    kind: str = "change"
    summary: str = ""
    instances: tuple[str, ...] = ()


def read(folder: Path, onset: int | None = None) -> Case:
    """The case in ``folder``; ``onset`` in ns wins over the one in case.json."""
    head = _one(folder / "case.json", _Head)
    from_at, to_at = _at(head.from_), _at(head.to)
    if to_at < from_at:
        raise CaseError(f"{folder / 'case.json'}: column to: it lies before from")
    stated = onset if onset is not None else _at(head.onset) if head.onset else None
    if stated is not None and not from_at <= stated <= to_at:
        raise CaseError(f"{folder / 'case.json'}: column onset: it does not lie between from and to")
    tables = {
        "metrics": _table(folder / "metrics.parquet", METRICS),
        "logs": _table(folder / "logs.parquet", LOGS),
        "spans": _table(folder / "spans.parquet", SPANS),
        "alerts": _table(folder / "alerts.parquet", ALERTS),
    }
    if all(tables[name].is_empty() for name in ("metrics", "spans", "alerts")):
        raise CaseError(f"{folder}: one of metrics.parquet, spans.parquet or alerts.parquet must be there, with rows")
    return Case(
        id=head.id,
        from_at=from_at,
        to_at=to_at,
        step=max(round(head.step_seconds * SECOND), 1),
        detected_at=_at(head.detected_at) if head.detected_at else None,
        symptom=head.symptom,
        onset=stated,
        items=tuple(_items(folder / "entities.json")),
        edges=tuple(_edges(folder / "edges.csv")),
        changes=tuple(_changes(folder / "changes.json")),
        **tables,
    )


def _at(moment: AwareDatetime) -> int:
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * SECOND + moment.microsecond * MICROSECOND


def _one(path: Path, model: type[Model]) -> Model:
    if not path.is_file():
        raise CaseError(f"{path}: not there")
    try:
        return model.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise CaseError(f"{path}: {_where(error)}") from error


def _many(path: Path, kind: Any) -> list[Any]:
    if not path.is_file():
        return []
    try:
        found: list[Any] = TypeAdapter(list[kind]).validate_json(path.read_bytes())
    except ValidationError as error:
        raise CaseError(f"{path}: {_where(error)}") from error
    return found


def _where(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    rows = [f"row {part + 1}" for part in first["loc"][:1] if isinstance(part, int)]
    columns = [f"column {part}" for part in first["loc"] if isinstance(part, str)][:1]
    return ", ".join([*rows, *columns, first["msg"]])


def _items(path: Path) -> list[Item]:
    return [
        Item(id=e.id, kind=e.kind, attributes={k: str(v) for k, v in e.attributes.items() if v is not None})
        for e in _many(path, _Entity)
    ]


def _changes(path: Path) -> list[Change]:
    return [
        Change(id=c.id, entity=c.entity, at=_at(c.at), kind=c.kind, summary=c.summary, instances=c.instances)
        for c in _many(path, _Change)
    ]


def _edges(path: Path) -> list[Edge]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as lines:
        try:
            rows = list(csv.DictReader(lines))
        except (csv.Error, UnicodeDecodeError) as error:
            raise CaseError(f"{path}: not a CSV file in UTF-8: {error}") from error
    found = []
    for number, row in enumerate(rows, start=2):
        for column in ("source", "target"):
            if not row.get(column):
                raise CaseError(f"{path}: row {number}, column {column}: missing")
        try:
            kind = EdgeKind(row.get("kind") or EdgeKind.CALLS)
        except ValueError as error:
            raise CaseError(
                f"{path}: row {number}, column kind: {row['kind']!r}; one of {', '.join(EdgeKind)}"
            ) from error
        found.append(Edge(row["source"], row["target"], kind))
    return found


def _table(path: Path, schema: Mapping[str, Any]) -> pl.DataFrame:
    """A Parquet file with at least the columns of ``schema``, in their types; no file: no rows."""
    if not path.is_file():
        return pl.DataFrame(schema=dict(schema))
    try:
        table = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise CaseError(f"{path}: not a Parquet file: {error}") from error
    columns = [_column(path, table, name, kind=kind) for name, kind in schema.items()]
    return pl.DataFrame(columns)


def _column(path: Path, table: pl.DataFrame, name: str, *, kind: Any) -> pl.Series:
    if name not in table.columns:
        if name in OPTIONAL:
            return pl.Series(name, [None] * len(table), dtype=kind)
        raise CaseError(f"{path}: column {name}: missing; there are {', '.join(table.columns)}")
    column = table[name]
    try:
        if isinstance(column.dtype, pl.Datetime):
            column = column.dt.epoch("ns") if name == "ts" else column
        elif name == "ts" and column.dtype != pl.Null:
            raise CaseError(f"{path}: column ts: {column.dtype} is not a timestamp")
        fits = column.dtype.is_numeric() if kind == pl.Float64 else True
        if not fits and column.dtype != pl.Null:
            raise CaseError(f"{path}: column {name}: {column.dtype} is not a number")
        column = column.cast(kind, strict=True)
    except pl.exceptions.PolarsError as error:
        raise CaseError(f"{path}: column {name}: {error}") from error
    missing = column.is_null()
    if missing.any() and name not in OPTIONAL and name not in NULLABLE.get(path.name, ()):
        raise CaseError(f"{path}: row {int(missing.arg_max() or 0) + 1}, column {name}: missing")
    return column
