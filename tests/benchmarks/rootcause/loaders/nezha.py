"""Nezha's faults as cases; a fault lasts from its injection to three minutes later. Needs ``rca_data``, MIT.

IntelligentDDS/Nezha, with ``faults.json`` and ``not_normal.json`` a day. The reference of a fault is what was recorded
before it on the same day, without the minutes that ``not_normal.json`` lists for other faults; for the first faults of
a day these are two or three minutes. Times are those of ``Time`` (``TimeStamp`` is wrong for one pod).
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from aiops.model.durations import MINUTE, SECOND
from aiops.model.entities import Edge
from tests.benchmarks.rootcause.labelled import CaseSet, LabelledCase, shifted
from topology.cases.case import METRICS, Case

BEFORE = 180 * MINUTE
LASTS = 3 * MINUTE
QUIET = 30 * MINUTE
"""A window without a fault begins so long after the last listed minute of a day, and then every so often."""
DAYS = {"nezha-boutique": ("2022-08-22", "2022-08-23"), "nezha-ticket": ("2023-01-29", "2023-01-30")}
_OWN = ("Time", "TimeStamp", "PodName")


def load(folder: Path) -> list[CaseSet]:
    """Online Boutique and Train Ticket apart."""
    found = []
    for name, dates in DAYS.items():
        days = [folder / "rca_data" / date for date in dates if (folder / "rca_data" / date / "faults.json").is_file()]
        if days:
            found.append(_set(name, days))
    return found


def _set(name: str, days: Sequence[Path]) -> CaseSet:
    return CaseSet(
        name,
        lambda: (case for day in days for case in _cases(day)),
        shifted(-60, 30, 60, 120),
        normal=lambda: (window for day in days for window in _normal(day)),
    )


def _cases(day: Path) -> Iterator[LabelledCase]:
    table, edges, unusual = _day(day)
    for number, fault in enumerate(json.loads((day / "faults.json").read_text())):
        injected = _at(fault["inject_time"])
        others = [(begin, until) for begin, until in unusual if not begin <= injected <= until]
        case = _case(
            f"nezha/{day.name}/{number}/{fault['inject_type']}", injected, table=table, edges=edges, out=others
        )
        yield LabelledCase(case, frozenset({fault["inject_pod"]}), injected, fault["inject_type"])


def _normal(day: Path) -> Iterator[LabelledCase]:
    table, edges, unusual = _day(day)
    last = table["ts"].max()
    assert isinstance(last, int)
    for at in range(max(until for _, until in unusual) + QUIET, last - LASTS, QUIET):
        case = _case(f"nezha/{day.name}/normal/{at // SECOND}", at, table=table, edges=edges, out=unusual)
        yield LabelledCase(case, frozenset(), at)


def _day(day: Path) -> tuple[pl.DataFrame, tuple[Edge, ...], list[tuple[int, int]]]:
    table = pl.concat([_metrics(path) for path in sorted(day.glob("metric/*_metric.csv"))]).sort("ts")
    unusual = [(_at(a), _at(b)) for a, b in json.loads((day / "not_normal.json").read_text())]
    return table, _edges(day), unusual


def _case(name: str, at: int, *, table: pl.DataFrame, edges: tuple[Edge, ...], out: Sequence[tuple[int, int]]) -> Case:
    held = table.filter(pl.col("ts").is_between(at - BEFORE, at + LASTS))
    for begin, until in out:
        held = held.filter(~pl.col("ts").is_between(begin, until))
    return Case(id=name, from_at=at - BEFORE, to_at=at + LASTS, step=MINUTE, metrics=held, edges=edges)


def _metrics(path: Path) -> pl.DataFrame:
    long: list[tuple[int, str, str, float, None]] = []
    with path.open() as lines:
        for row in csv.DictReader(lines):
            at = _at(row["Time"][:19])
            figures = ((name, value) for name, value in row.items() if name not in _OWN and value)
            long.extend((at, row["PodName"], name, float(value), None) for name, value in figures)
    return pl.DataFrame(long, schema=METRICS, orient="row")


def _edges(day: Path) -> tuple[Edge, ...]:
    pairs: set[tuple[str, str]] = set()
    for path in sorted(day.glob("trace/*.csv.gz")):
        with gzip.open(path, "rt") as lines:
            spans = [(row["SpanID"], row["ParentID"], row["PodName"]) for row in csv.DictReader(lines)]
        pod = {span: name for span, _, name in spans}
        pairs.update((pod[parent], name) for _, parent, name in spans if parent in pod and pod[parent] != name)
    return tuple(Edge(caller, callee) for caller, callee in sorted(pairs))


def _at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND
