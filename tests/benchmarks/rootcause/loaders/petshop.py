"""PetShop issues as cases: the normal period, followed at once by the issue, which was recorded months before it.

Needs the folder of one scenario (``low_traffic``) of amazon-science/petshop-root-cause-analysis, CC-BY-4.0. An issue
has five rows of five minutes. Its ``timestamp`` lies between the second and the third; the third is the first row that
the authors call faulty, and the first one after the timestamp.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from aiops.model.durations import SECOND
from aiops.model.entities import Edge
from tests.benchmarks.rootcause.labelled import CaseSet, LabelledCase, shifted
from topology.cases.case import METRICS, Case

STEP = 300 * SECOND
ROWS = 5
"""Rows of an issue, and of a window without one."""
TRIGGER = 2
"""Row in which the trouble begins."""
EVERY = 9
"""A window without a fault begins every so many rows of the second half of the normal period."""


def load(folder: Path) -> CaseSet:
    """The issues of one scenario, with windows of its normal period. A shift of one step is five minutes."""
    return CaseSet("petshop", lambda: _cases(folder), shifted(-300, 300), normal=lambda: _normal(folder))


def _cases(folder: Path) -> Iterator[LabelledCase]:
    edges = _edges(folder / "graph.csv")
    normal = _metrics(folder / "noissue" / "metrics.csv")
    begin, last = _ends(normal)
    for target in sorted(folder.glob("*/issue_*/target.json"), key=str):
        told = json.loads(target.read_text())
        issue = _metrics(target.parent / "metrics.csv")
        moved = last + STEP - _ends(issue)[0]
        table = pl.concat([normal, issue.with_columns(pl.col("ts") + moved)])
        case = Case(
            id=f"petshop/{target.parent.parent.name}/{target.parent.name}",
            from_at=begin,
            to_at=_ends(table)[1],
            step=STEP,
            symptom=told["target"]["node"],
            metrics=table,
            edges=edges,
        )
        yield LabelledCase(
            case,
            truth=frozenset({told["root_cause"]["node"]}),
            onset=int(told["target"]["timestamp"]) * SECOND + moved,
            kind=told["target"]["metric"],
            symptom_metric=f"{told['target']['metric']}_{told['target']['agg']}",
        )


def _normal(folder: Path) -> Iterator[LabelledCase]:
    edges = _edges(folder / "graph.csv")
    table = _metrics(folder / "noissue" / "metrics.csv")
    begin, end = _ends(table)
    for first in range((end - begin) // STEP // 2, (end - begin) // STEP - ROWS + 1, EVERY):
        start = begin + first * STEP
        case = Case(
            id=f"petshop/normal/{first}",
            from_at=begin,
            to_at=start + (ROWS - 1) * STEP,
            step=STEP,
            symptom="PetSite",
            metrics=table.filter(pl.col("ts") < start + ROWS * STEP),
            edges=edges,
        )
        yield LabelledCase(case, truth=frozenset(), onset=start + TRIGGER * STEP)


def _ends(table: pl.DataFrame) -> tuple[int, int]:
    first, last = table["ts"].min(), table["ts"].max()
    assert isinstance(first, int)
    assert isinstance(last, int)
    return first, last


def _edges(path: Path) -> tuple[Edge, ...]:
    rows = list(csv.reader(path.open()))
    callees = rows[0][1:]
    return tuple(
        Edge(row[0], callee)
        for row in rows[1:]
        for callee, weight in zip(callees, row[1:], strict=True)
        if float(weight) > 0
    )


def _metrics(path: Path) -> pl.DataFrame:
    rows = list(csv.reader(path.open()))
    nodes, metrics, statistics = rows[0][1:], rows[1][1:], rows[2][1:]
    start = next(at for at, row in enumerate(rows) if row[0] == "unix_timestamp") + 1
    long = [
        (round(float(row[0])) * SECOND, node, f"{metric}_{statistic}", float(value), None)
        for row in rows[start:]
        for node, metric, statistic, value in zip(nodes, metrics, statistics, row[1:], strict=True)
        if value
    ]
    return pl.DataFrame(long, schema=METRICS, orient="row")
